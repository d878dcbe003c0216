import { Injectable } from '@nestjs/common';
import {
  type CollectionReference,
  type DocumentData,
  type DocumentReference,
  type DocumentSnapshot,
  Firestore,
  type Query,
  type QuerySnapshot,
  type UpdateData,
} from 'firebase-admin/firestore';
import { Transactions } from './transactions.js';
import type { UnitOfWork } from './unit-of-work.js';

/** Reads and writes inside the running transaction, whoever started it; reads also work without one. */
@Injectable()
export class Database {
  constructor(
    private readonly firestore: Firestore,
    private readonly transactions: Transactions,
  ) {}

  collection<Data extends DocumentData>(path: string): CollectionReference<Data, Data> {
    return this.firestore.collection(path) as unknown as CollectionReference<Data, Data>;
  }

  get<Data>(reference: DocumentReference<Data>): Promise<DocumentSnapshot<Data>> {
    return this.transactions.current?.get(reference) ?? reference.get();
  }

  find<Data>(query: Query<Data>): Promise<QuerySnapshot<Data>> {
    return this.transactions.current?.find(query) ?? query.get();
  }

  async count<Data>(query: Query<Data>): Promise<number> {
    const counting = query.count();
    const snapshot = await (this.transactions.current?.aggregate(counting) ?? counting.get());
    return snapshot.data().count;
  }

  /** At commit it fails with a conflict if the document exists by then. */
  create<Data>(reference: DocumentReference<Data>, data: Data): void {
    this.unit().create(reference, data);
  }

  /** Changes the named fields only; the document must exist. */
  update<Data extends DocumentData>(
    reference: DocumentReference<Data, Data>,
    changes: UpdateData<Data>,
  ): void {
    this.unit().update(reference as DocumentReference<Data>, changes);
  }

  delete(reference: DocumentReference<never> | DocumentReference): void {
    this.unit().delete(reference);
  }

  private unit(): UnitOfWork {
    const unit = this.transactions.current;
    if (unit) return unit;
    throw new Error(
      'A write outside a transaction. Declare @Transactional({ readOnly: false }) on the handler, or use ' +
        'transactions.run({ readOnly: false }, ...).',
    );
  }
}
