import { Injectable } from '@nestjs/common';
import {
  type CollectionReference,
  type DocumentData,
  type DocumentReference,
  type DocumentSnapshot,
  Firestore,
  type Query,
  type QuerySnapshot,
  type Transaction,
  type UpdateData,
} from 'firebase-admin/firestore';
import { Transactions } from './transactions.js';

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
    return this.transactions.current?.transaction.get(reference) ?? reference.get();
  }

  find<Data>(query: Query<Data>): Promise<QuerySnapshot<Data>> {
    return this.transactions.current?.transaction.get(query) ?? query.get();
  }

  async count<Data>(query: Query<Data>): Promise<number> {
    const counting = query.count();
    const snapshot = await (this.transactions.current?.transaction.get(counting) ?? counting.get());
    return snapshot.data().count;
  }

  /** At commit it fails with a conflict if the document exists by then. */
  create<Data>(reference: DocumentReference<Data>, data: Data): void {
    this.write((transaction) => transaction.create(reference, data));
  }

  /** Changes the named fields only; the document must exist. */
  update<Data extends DocumentData>(
    reference: DocumentReference<Data, Data>,
    changes: UpdateData<Data>,
  ): void {
    this.write((transaction) => transaction.update(reference, changes));
  }

  delete(reference: DocumentReference<never> | DocumentReference): void {
    this.write((transaction) => transaction.delete(reference));
  }

  private write(write: (transaction: Transaction) => unknown): void {
    const unit = this.transactions.current;
    if (unit && !unit.readOnly) return unit.onBeforeCommit(() => void write(unit.transaction));
    throw new Error(
      `A write ${unit ? 'in a read-only' : 'outside a'} transaction. Declare @Transactional({ readOnly: false }) on the ` +
        'handler, or use transactions.run({ readOnly: false }, ...).',
    );
  }
}
