import type { Readable } from 'node:stream';
import type {
  AggregateSpec,
  DocumentSnapshot,
  FieldPath,
  OrderByDirection,
  Query,
  QueryDocumentSnapshot,
} from 'firebase-admin/firestore';
import { encodeKey, keyRange } from './document/document-key.js';
import type { DocumentModel } from './document/document-model.js';
import { fieldAtPath, valueAtPath } from './document/document-validation.js';
import type { NumberPath, Path, ValueAt } from './document/field-path.js';
import { freeze, fromStored, storedTimestamp, storedValue } from './document/stored-form.js';
import { firestoreLibrary } from './firestore-library.js';
import { withKey } from './tracked-document.js';
import type { Transactions } from './transactions.js';

export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=';
type Containment = 'in' | 'not-in' | 'array-contains' | 'array-contains-any';

type ItemOf<Value> = NonNullable<Value> extends readonly (infer Item)[] ? Item : never;

/** What a filter compares a field with. */
export type Operand<Value, Operator> = Operator extends 'in' | 'not-in'
  ? readonly Value[]
  : Operator extends 'array-contains'
    ? ItemOf<Value>
    : Operator extends 'array-contains-any'
      ? readonly ItemOf<Value>[]
      : Exclude<Value, undefined>;

/** What a query needs of its repository. */
export interface QuerySource<T extends object> {
  model: DocumentModel<T>;
  transactions: Transactions;
  frozen(snapshot: DocumentSnapshot): T | undefined;
}

/**
 * A query of one class's documents. Each call gives a new query. It sees what is stored: within a transaction that has
 * changed documents of the collection it refuses to run.
 *
 * `Position` are the types of the fields it is ordered by.
 */
export class DocumentQuery<T extends object, Result = T, Position extends unknown[] = []> {
  constructor(
    private readonly source: QuerySource<T>,
    private readonly query: Query,
    private readonly order: readonly string[] = [],
    private readonly selected?: readonly string[],
  ) {}

  /** The key's property of a class with one filters by the key. */
  where<P extends Path<T>, Operator extends Comparison | Containment>(
    path: P,
    operator: Operator,
    value: Operand<ValueAt<T, P>, Operator>,
  ): DocumentQuery<T, Result, Position> {
    return this.with((query) => query.where(this.at(path), operator, this.operand(path, value)));
  }

  /** Those whose composite key begins with these parts, given from the first on. Needs no index. */
  whereKeyBegins(parts: { [P in keyof T]?: T[P] }): DocumentQuery<T, Result, Position> {
    const { keys } = this.source.model;
    const values = keys.map(({ property }) => (parts as Record<string, unknown>)[property]);
    const count = Object.keys(parts).length;
    if (count === 0 || count >= keys.length) {
      const names = keys.map(({ property }) => property).join(', ');
      throw new Error(
        `whereKeyBegins takes the first parts of the key (${names}), not none, not all of them.`,
      );
    }
    const [from, to] = keyRange(keys, values.slice(0, count));
    const id = firestoreLibrary().FieldPath.documentId();
    return this.with((query) => query.where(id, '>=', from).where(id, '<', to));
  }

  orderBy<P extends Path<T>>(
    path: P,
    direction: OrderByDirection = 'asc',
  ): DocumentQuery<T, Result, [...Position, ValueAt<T, P>]> {
    const ordered = this.query.orderBy(this.at(path), direction);
    return new DocumentQuery(this.source, ordered, [...this.order, path], this.selected);
  }

  /** @param values of the fields that the query is ordered by, or of the first of them */
  startAfter(...values: Partial<Position>): DocumentQuery<T, Result, Position> {
    return this.with((query) => query.startAfter(...this.position(values)));
  }

  /** @param values of the fields that the query is ordered by, or of the first of them */
  startAt(...values: Partial<Position>): DocumentQuery<T, Result, Position> {
    return this.with((query) => query.startAt(...this.position(values)));
  }

  /** The values to start after, to go on behind this document; as they are stored, so dates are exact timestamps. */
  positionOf(document: T): Position {
    return this.order.map((path) => {
      const value = valueAtPath(document, path);
      return value instanceof Date ? storedTimestamp(value) : value;
    }) as Position;
  }

  limit(count: number): DocumentQuery<T, Result, Position> {
    return this.with((query) => query.limit(count));
  }

  /** Firestore reads, and bills, what is skipped too; `startAfter` costs nothing. */
  offset(count: number): DocumentQuery<T, Result, Position> {
    return this.with((query) => query.offset(count));
  }

  /** Only some properties, and the key: plain objects, not to be changed. */
  select<P extends keyof T & string>(...properties: P[]): DocumentQuery<T, Readonly<Pick<T, P>>, Position> {
    const { fields } = this.source.model;
    const query = this.query.select(...properties.filter((property) => fields.has(property)));
    return new DocumentQuery<T, Readonly<Pick<T, P>>, Position>(this.source, query, this.order, properties);
  }

  /** Anything else that the client's queries can do, e.g. `(query) => query.where(Filter.or(...))`. */
  with(refine: (query: Query) => Query): DocumentQuery<T, Result, Position> {
    return new DocumentQuery(this.source, refine(this.query), this.order, this.selected);
  }

  async find(): Promise<Result[]> {
    const { transactions, model } = this.source;
    const unit = transactions.current;
    const snapshots = unit ? await unit.query(this.query, model) : (await this.query.get()).docs;
    return snapshots.flatMap((snapshot) => this.resultOf(snapshot) ?? []);
  }

  async first(): Promise<Result | undefined> {
    return (await this.limit(1).find())[0];
  }

  /**
   * One after the other; in a transaction they are read at once, for it holds them anyway. Who leaves early has the rest
   * read, and billed, all the same: the client cannot cancel. Give a `limit`.
   */
  async *stream(): AsyncGenerator<Result> {
    if (this.source.transactions.current) return yield* await this.find();
    const stream = this.query.stream() as Readable;
    try {
      for await (const snapshot of stream.iterator({ destroyOnReturn: false })) {
        const result = this.resultOf(snapshot as QueryDocumentSnapshot);
        if (result) yield result;
      }
    } finally {
      stream.resume(); // destroyed, or just left, it would keep the client from ever closing
    }
  }

  /** Firestore bills one read for up to 1,000 that it counts. */
  count(): Promise<number> {
    return this.aggregate(firestoreLibrary().AggregateField.count()) as Promise<number>;
  }

  sum(path: NumberPath<T>): Promise<number> {
    return this.aggregate(firestoreLibrary().AggregateField.sum(this.at(path))) as Promise<number>;
  }

  /** Null if nothing is there. */
  average(path: NumberPath<T>): Promise<number | null> {
    return this.aggregate(firestoreLibrary().AggregateField.average(this.at(path)));
  }

  private async aggregate(field: AggregateSpec[string]): Promise<number | null> {
    const { transactions, model } = this.source;
    const query = this.query.aggregate({ result: field });
    const unit = transactions.current;
    unit?.refuseIfChanged(model.collection);
    const snapshot = await (unit ? unit.transaction.get(query) : query.get());
    return snapshot.data().result;
  }

  private resultOf(snapshot: DocumentSnapshot): Result | undefined {
    const { model, transactions } = this.source;
    if (this.selected) return this.partOf(snapshot, this.selected);
    const unit = transactions.current;
    return (unit ? unit.adopt(model, snapshot) : this.source.frozen(snapshot)) as Result | undefined;
  }

  private partOf(snapshot: DocumentSnapshot, properties: readonly string[]): Result {
    const { model } = this.source;
    const whole = withKey(model, fromStored(model.type, snapshot.data()!), snapshot.ref);
    const entries = properties.map((property) => [property, valueAtPath(whole, property)]);
    return freeze(Object.fromEntries(entries)) as Result;
  }

  private position(values: readonly unknown[]): unknown[] {
    if (values.length > 0 && values.length <= this.order.length && !values.includes(undefined)) {
      return values.map((value, index) => this.operand(this.order[index]!, value));
    }
    const order = this.order.join(', ') || 'nothing: call orderBy first';
    throw new Error(`A query starts at values of the fields that it is ordered by; this one by ${order}.`);
  }

  private at(path: string): string | FieldPath {
    const { keys, type } = this.source.model;
    if (!keys.some(({ property }) => property === path)) {
      if (fieldAtPath(type, path)) return path;
      throw new Error(`${path} is not a field of ${type.name}.`);
    }
    if (keys.length === 1) return firestoreLibrary().FieldPath.documentId();
    throw new Error(`${path} is one part of the key of ${type.name}; use whereKeyBegins.`);
  }

  private operand(path: string, value: unknown): unknown {
    const { keys, type } = this.source.model;
    const key = keys.find(({ property }) => property === path);
    if (!key) return storedValue(value, fieldAtPath(type, path));
    return Array.isArray(value) ? value.map((each) => encodeKey([key], [each])) : encodeKey([key], [value]);
  }
}
