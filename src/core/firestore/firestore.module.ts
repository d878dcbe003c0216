import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { Firestore } from 'firebase-admin/firestore';
import { Settings } from '../../config/settings.js';
import { Database } from './database.js';
import { type FirestoreConnection, openFirestore } from './firestore-connection.js';
import { FirestoreHealth } from './firestore-health.js';
import { TransactionInterceptor } from './transaction.interceptor.js';
import { Transactions } from './transactions.js';

const CONNECTION = Symbol('firestore connection');

/** The Firestore client (inject `Firestore` for anything this module does not wrap) and the request's transaction. */
@Global()
@Module({
  providers: [
    { provide: CONNECTION, inject: [Settings], useFactory: openFirestore },
    {
      provide: Firestore,
      inject: [CONNECTION],
      useFactory: ({ firestore }: FirestoreConnection) => firestore,
    },
    FirestoreHealth,
    Transactions,
    Database,
    TransactionInterceptor,
  ],
  exports: [Firestore, FirestoreHealth, Transactions, Database, TransactionInterceptor],
})
export class FirestoreModule implements OnApplicationShutdown {
  constructor(@Inject(CONNECTION) private readonly connection: FirestoreConnection) {}

  /** The HTTP server has finished its requests by now. */
  async onApplicationShutdown(): Promise<void> {
    await this.connection.close();
  }
}
