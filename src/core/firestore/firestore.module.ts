import {
  type DynamicModule,
  Global,
  Inject,
  Module,
  type OnApplicationShutdown,
  type Type,
} from '@nestjs/common';
import { Firestore } from 'firebase-admin/firestore';
import { Settings } from '../../config/settings.js';
import { type FirestoreConnection, openFirestore } from './firestore-connection.js';
import { FirestoreHealth } from './firestore-health.js';
import { repositoryTokenOf } from './inject-repository.decorator.js';
import { Repository } from './repository.js';
import { TransactionInterceptor } from './transaction.interceptor.js';
import { Transactions } from './transactions.js';

const CONNECTION = Symbol('firestore connection');

/** Nest tells the modules of different features apart by what they provide. */
@Module({})
class Repositories {}

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
    TransactionInterceptor,
  ],
  exports: [Firestore, FirestoreHealth, Transactions, TransactionInterceptor],
})
export class FirestoreModule implements OnApplicationShutdown {
  /**
   * Repositories of these document classes, for the module that imports it; see `@InjectRepository()`.
   * @throws {Error} if one is no document class, or its key is not declared
   */
  static forFeature(documents: readonly Type<object>[]): DynamicModule {
    const repositories = documents.map((type) => ({
      provide: repositoryTokenOf(type),
      inject: [Firestore, Transactions],
      useFactory: (firestore: Firestore, transactions: Transactions) =>
        new Repository(type, firestore, transactions),
    }));
    return { module: Repositories, providers: repositories, exports: repositories };
  }

  constructor(@Inject(CONNECTION) private readonly connection: FirestoreConnection) {}

  /** The HTTP server has finished its requests by now. */
  async onApplicationShutdown(): Promise<void> {
    await this.connection.close();
  }
}
