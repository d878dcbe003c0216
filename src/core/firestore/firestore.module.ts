import { type DynamicModule, Global, Module, type OnApplicationShutdown, type Type } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import { ExpiredDocuments } from './expired-documents.js';
import { FirestoreConnection } from './firestore-connection.js';
import { FirestoreHealth } from './firestore-health.js';
import { repositoryTokenOf } from './inject-repository.decorator.js';
import { Repository } from './repository.js';
import { TransactionInterceptor } from './transaction.interceptor.js';
import { Transactions } from './transactions.js';

/** Nest tells the modules of different features apart by what they provide. */
@Module({})
class Repositories {}

/** The request's transaction, and the client for what repositories do not do: `FirestoreConnection.firestore`. */
@Global()
@Module({
  providers: [
    {
      provide: FirestoreConnection,
      inject: [Settings],
      useFactory: (settings: Settings) => FirestoreConnection.open(settings),
    },
    FirestoreHealth,
    ExpiredDocuments,
    Transactions,
    TransactionInterceptor,
  ],
  exports: [FirestoreConnection, FirestoreHealth, Transactions, TransactionInterceptor],
})
export class FirestoreModule implements OnApplicationShutdown {
  /**
   * Repositories of these document classes, for the module that imports it; see `@InjectRepository()`.
   * @throws {Error} if one is undefined by a circular import; the start fails if one is no document class, or has no key
   */
  static forFeature(documents: readonly Type<object>[]): DynamicModule {
    const repositories = documents.map((type) => ({
      provide: repositoryTokenOf(type),
      inject: [FirestoreConnection, Transactions],
      useFactory: (connection: FirestoreConnection, transactions: Transactions) =>
        new Repository(type, connection, transactions),
    }));
    return { module: Repositories, providers: repositories, exports: repositories };
  }

  constructor(private readonly connection: FirestoreConnection) {}

  /** The HTTP server has finished its requests by now. */
  async onApplicationShutdown(): Promise<void> {
    await this.connection.close();
  }
}
