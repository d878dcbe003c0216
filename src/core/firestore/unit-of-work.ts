import type {
  AggregateQuery,
  AggregateQuerySnapshot,
  AggregateSpec,
  DocumentData,
  DocumentReference,
  DocumentSnapshot,
  Query,
  QuerySnapshot,
  Transaction,
  UpdateData,
} from 'firebase-admin/firestore';

/**
 * One attempt of one transaction: reads go to Firestore at once (and lock), writes wait until the work is done. So a
 * read may follow a write, which Firestore by itself forbids, and dropping the writes is all it takes to write nothing.
 */
export class UnitOfWork {
  private writes: Array<(transaction: Transaction) => void> = [];

  constructor(
    private readonly transaction: Transaction,
    readonly readOnly: boolean,
  ) {}

  get<Data>(reference: DocumentReference<Data>): Promise<DocumentSnapshot<Data>> {
    return this.transaction.get(reference);
  }

  find<Data>(query: Query<Data>): Promise<QuerySnapshot<Data>> {
    return this.transaction.get(query);
  }

  aggregate<Spec extends AggregateSpec, Data, Stored extends DocumentData>(
    query: AggregateQuery<Spec, Data, Stored>,
  ): Promise<AggregateQuerySnapshot<Spec, Data, Stored>> {
    return this.transaction.get(query);
  }

  create<Data>(reference: DocumentReference<Data>, data: Data): void {
    this.write((transaction) => transaction.create(reference, data as never));
  }

  update<Data extends DocumentData>(reference: DocumentReference<Data>, changes: UpdateData<Data>): void {
    this.write((transaction) => transaction.update(reference, changes));
  }

  delete(reference: DocumentReference<never> | DocumentReference): void {
    this.write((transaction) => transaction.delete(reference));
  }

  /** Nothing of this attempt will be written. */
  discard(): void {
    this.writes = [];
  }

  /** Hands the writes to the transaction; it commits them atomically when its function returns. */
  flush(): void {
    for (const write of this.writes) write(this.transaction);
  }

  private write(write: (transaction: Transaction) => void): void {
    if (this.readOnly) {
      throw new Error(
        'A write in a read-only transaction. Routes read by default: declare @Transactional({ readOnly: false }) on the ' +
          'handler, or transactions.run({ readOnly: false }, ...) elsewhere.',
      );
    }
    this.writes.push(write);
  }
}
