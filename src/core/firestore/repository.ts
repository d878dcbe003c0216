import { randomUUIDv7 } from 'node:crypto';
import type { Type } from '@nestjs/common';
import type {
  CollectionReference,
  DocumentData,
  DocumentReference,
  DocumentSnapshot,
} from 'firebase-admin/firestore';
import { encodeKey } from './document/document-key.js';
import { type DocumentModel, modelOf } from './document/document-model.js';
import { checkGiven } from './document/document-validation.js';
import type { Amounts, Changes, DocumentKey, NewDocument } from './document/field-path.js';
import { assemble, freeze, fromStored } from './document/stored-form.js';
import { DocumentQuery } from './document-query.js';
import type { FirestoreConnection } from './firestore-connection.js';
import { firestoreLibrary } from './firestore-library.js';
import { type TrackedDocument, withKey } from './tracked-document.js';
import type { Transactions } from './transactions.js';

/**
 * The documents of one class. Reads and writes take part in the running transaction, whoever started it.
 *
 * In a writing transaction a document that was read may simply be changed; what differs at the commit is written. In
 * any other case it is frozen. Nothing is written before the commit, so writes neither wait nor are awaited; what
 * depends on what is stored (that a created document does not exist, that an updated one does) is told by the commit.
 */
export class Repository<T extends object> {
  private readonly model: DocumentModel<T>;

  constructor(
    type: Type<T>,
    private readonly connection: FirestoreConnection,
    private readonly transactions: Transactions,
  ) {
    this.model = modelOf(type);
  }

  /** The plain client's collection, for what a repository does not do. */
  get collection(): CollectionReference {
    return this.connection.firestore.collection(this.model.collection);
  }

  /** The plain client's reference, for a field that refers to the document; see `@IsReference()`. */
  reference(key: DocumentKey<T>): DocumentReference<T> {
    if (key instanceof firestoreLibrary().DocumentReference) return key;
    return this.collection.doc(encodeKey(this.model.keys, this.partsOf(key))) as DocumentReference<T>;
  }

  /** One read; none if the transaction knows the document. */
  async find(key: DocumentKey<T>): Promise<T | undefined> {
    const reference = this.reference(key);
    const unit = this.transactions.current;
    return unit ? unit.find(this.model, reference) : this.frozen(await reference.get());
  }

  /** @throws {DocumentNotFound} or the error that the class declares as `notFound` */
  async findOrFail(key: DocumentKey<T>): Promise<T> {
    const document = await this.find(key);
    if (document) return document;
    throw new this.model.notFound({ details: { document: this.reference(key).path } });
  }

  /** In the order of the keys, undefined for those that do not exist; in one round trip. */
  async findMany(keys: readonly DocumentKey<T>[]): Promise<Array<T | undefined>> {
    if (keys.length === 0) return [];
    const references = keys.map((key) => this.reference(key));
    const unit = this.transactions.current;
    if (unit) return unit.findMany(this.model, references);
    return (await this.connection.firestore.getAll(...references)).map((snapshot) => this.frozen(snapshot));
  }

  /** The document of this key; a new one with these values if there is none. */
  async getOrCreate(values: NewDocument<T>): Promise<T> {
    return (await this.find(values as DocumentKey<T>)) ?? this.create(values);
  }

  /** All documents; narrow it with `where`, `orderBy`, `limit`. */
  query(): DocumentQuery<T> {
    return new DocumentQuery(
      { model: this.model, transactions: this.transactions, frozen: (snapshot) => this.frozen(snapshot) },
      this.collection,
    );
  }

  /**
   * A new document, with the class's defaults for what is not given. It may still be changed before the commit, which
   * fails if the document exists by then.
   * @throws {InvalidDocument}
   * @throws {DocumentExists} or the error that the class declares as `exists`; from the commit, if nobody has read it
   */
  create(values: NewDocument<T>): T {
    const document = this.assemble(values);
    const tracked = this.change(document);
    checkGiven(tracked.name, document);
    tracked.create(document);
    return document;
  }

  /**
   * Changes fields, by their paths, without a read. `undefined` leaves a field as it is.
   * @throws {InvalidDocument}
   * @throws {DocumentNotFound} or the error that the class declares as `notFound`; from the commit, if nobody has read it
   */
  update(key: DocumentKey<T>, changes: Changes<T>): void {
    const given = Object.entries(changes).filter(([, value]) => value !== undefined);
    this.change(key).update(new Map(given));
  }

  /**
   * Writes the given fields, whether the document exists or not, without a read. A field that is not given keeps its
   * value, or reads as its default.
   * @param options.expected what fields of the stored document must be; they are compared before the commit, at the
   *   cost of a read
   * @throws {InvalidDocument}
   * @throws {DocumentChanged} if a value is not the expected one
   */
  upsert(values: NewDocument<T>, options: { expected?: Partial<T> } = {}): void {
    const document = this.assemble(values);
    const tracked = this.change(document);
    checkGiven(tracked.name, document);
    const given = Object.keys(values).filter((name) => this.model.fields.has(name));
    tracked.upsert(document, given, options.expected);
  }

  /**
   * Adds to fields, by their paths, without a read; a field that is not there counts as 0. Nobody knows the sum, so its
   * rules are not checked.
   * @throws {DocumentNotFound} or the error that the class declares as `notFound`; from the commit, if nobody has read it
   */
  increment(key: DocumentKey<T>, amounts: Amounts<T>): void {
    this.change(key).increment(new Map(Object.entries(amounts)));
  }

  /** Does nothing if it does not exist. */
  delete(key: DocumentKey<T>): void {
    this.change(key).delete();
  }

  private change(key: DocumentKey<T>): TrackedDocument<T> {
    const reference = this.reference(key);
    const unit = this.transactions.current ?? this.transactions.require(`A write (${reference.path})`);
    return unit.change(this.model, reference);
  }

  private assemble(values: object): T {
    const document = assemble(this.model.type, values);
    for (const { property, auto } of this.model.keys) {
      if (auto) (document as DocumentData)[property] ??= randomUUIDv7();
    }
    return document;
  }

  private partsOf(key: string | number | object): unknown[] {
    const { keys, type } = this.model;
    if (typeof key === 'object' && key !== null)
      return keys.map(({ property }) => (key as DocumentData)[property] as unknown);
    if (keys.length === 1) return [key];
    throw new Error(
      `The key of ${type.name} has ${keys.length} parts; give { ${keys.map(({ property }) => property).join(', ')} }.`,
    );
  }

  /** A document that no writing transaction holds: to change it would change nothing. */
  private frozen(snapshot: DocumentSnapshot): T | undefined {
    const data = snapshot.data();
    return data && freeze(withKey(this.model, fromStored(this.model.type, data), snapshot.ref));
  }
}
