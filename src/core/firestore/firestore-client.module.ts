import { Global, Module } from '@nestjs/common';
import { Firestore } from 'firebase-admin/firestore';
import { FirestoreConnection } from './firestore-connection.js';

/**
 * For code that injects firebase-admin's `Firestore` itself, as a class: import this module once. The library is then
 * loaded at the start; `FirestoreConnection.firestore` is the same client, loaded at its first use.
 */
@Global()
@Module({
  providers: [
    {
      provide: Firestore,
      inject: [FirestoreConnection],
      useFactory: ({ firestore }: FirestoreConnection) => firestore,
    },
  ],
  exports: [Firestore],
})
export class FirestoreClientModule {}
