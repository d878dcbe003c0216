import { isDeepStrictEqual } from 'node:util';
import type { DocumentData, DocumentReference, FieldPath, Transaction } from 'firebase-admin/firestore';
import { BlindChanges } from './blind-changes.js';
import { type Change, changesSince } from './document/document-changes.js';
import type { BeforeSave } from './document/document.decorators.js';
import { decodeKey } from './document/document-key.js';
import type { DocumentModel } from './document/document-model.js';
import {
  checkChangeable,
  checkChanges,
  checkDocument,
  fieldAtPath,
  setAtPath,
  valueAtPath,
} from './document/document-validation.js';
import { addDefaults, adoptPlainObjects, fromStored, toStored } from './document/stored-form.js';
import { DocumentChanged, InvalidDocument } from './firestore.errors.js';
import { firestoreLibrary } from './firestore-library.js';

/**
 * What the transaction knows of the document, and will do to it:
 *
 * - `unread`: nothing is known; changes made `blind` wait
 * - `missing`, `stored`: read; a stored one is compared with `loaded` to find what was changed
 * - `created`, `replaced`: new; a replaced one was deleted before in the same transaction
 * - `upserted`: nothing is known; the fields in `given` will be written whether it exists or not
 * - `deleted`
 */
type State = 'unread' | 'missing' | 'stored' | 'created' | 'replaced' | 'upserted' | 'deleted';

/** One document within one attempt of a transaction: its instance, the same for all who ask, and what was done to it. */
export class TrackedDocument<T extends object = object> {
  private state: State = 'unread';
  private document: T | undefined;
  /** As it was read, and the defaults of what was not there, to find what has changed since. */
  private loaded: DocumentData = {};
  /** What was found to have changed when that was last asked; the commit asks, then validates and writes. */
  private found: readonly Change[] = [];
  private blind: BlindChanges | undefined;
  private readonly given = new Set<string>();
  private expected: DocumentData | undefined;

  constructor(
    private readonly model: DocumentModel<T>,
    readonly reference: DocumentReference,
  ) {}

  get name(): string {
    return this.reference.path;
  }

  /** Whether its content can be told without asking Firestore. */
  get isKnown(): boolean {
    return this.state !== 'unread' && this.state !== 'upserted';
  }

  /** Undefined if it does not exist, or will not. */
  get instance(): T | undefined {
    return this.isKnown ? this.document : undefined;
  }

  /** Takes what was read, undefined for nothing. What was to be done to the document unseen is done to it now. */
  read(data: DocumentData | undefined): void {
    if (this.isKnown) return;
    if (this.expected) compare(this.name, data && fromStored(this.model.type, data), this.expected);
    this.expected = undefined;
    if (data) this.load(data);
    else if (this.state === 'upserted') this.state = 'created';
    else if (this.isUntouched) this.state = 'missing';
    else throw this.errorFor('notFound');
  }

  create(document: T): void {
    if (this.state === 'deleted') this.state = 'replaced';
    else if (this.state === 'missing' || this.isUntouched) this.state = 'created';
    else throw this.errorFor('exists');
    this.document = document;
  }

  update(changes: ReadonlyMap<string, unknown>): void {
    this.requireExisting();
    checkChanges(this.model, this.name, changes);
    for (const [path, value] of changes) {
      if (this.document) this.assign(path, value);
      else this.changeBlind().set(path, value);
    }
  }

  increment(amounts: ReadonlyMap<string, number>): void {
    this.requireExisting();
    for (const [path, amount] of amounts) {
      checkAmount(this.model, this.name, path, amount);
      if (this.document) this.assign(path, this.numberAt(path) + amount);
      else this.changeBlind().add(path, amount);
    }
  }

  /** @param document with the class's defaults; of an existing one only the `given` fields are written */
  upsert(document: T, given: readonly string[], expected: DocumentData | undefined): void {
    if (this.isKnown && expected) compare(this.name, this.document, expected);
    if (this.state === 'missing' || this.state === 'deleted') return this.create(document);
    const values = given.map((name) => [name, (document as DocumentData)[name] as unknown] as const);
    if (!this.isUntouched) return this.update(new Map(values));
    this.state = 'upserted';
    this.document = document;
    this.expected = expected;
    for (const name of given) this.given.add(name);
  }

  delete(): void {
    if (this.state === 'missing') return;
    // One that was to be created may be there all the same: nobody has looked.
    this.state = this.state === 'created' ? 'unread' : 'deleted';
    this.document = undefined;
    this.blind = undefined;
  }

  /** Whether it has to be read before the commit, to be compared with what is expected of it. */
  get mustBeCompared(): boolean {
    return this.expected !== undefined;
  }

  /** Whether the commit will write it. */
  get isChanged(): boolean {
    if (this.state === 'stored') {
      this.found = changesSince(this.loaded, this.document!, this.model.type);
      return this.found.length > 0 || this.hasOtherKey;
    }
    if (this.state === 'unread') return !this.isUntouched;
    return this.state !== 'missing';
  }

  /** Whether its class has a `beforeSave` hook; of what is changed unseen there is nothing to run it on. */
  get hasHook(): boolean {
    return (this.document as Partial<BeforeSave> | undefined)?.beforeSave !== undefined;
  }

  /** Runs the hook. */
  async prepare(): Promise<void> {
    const { document, model } = this;
    const before = this.state === 'upserted' ? this.toStored() : undefined;
    await (document as T & BeforeSave).beforeSave();
    if (!before) return;
    for (const { path } of changesSince(before, document!, model.type)) this.given.add(path[0]!);
  }

  /** @throws {InvalidDocument} */
  validate(): void {
    const { document, model, name } = this;
    if (!document) return;
    adoptPlainObjects(model.type, document);
    if (this.hasOtherKey) throw new InvalidDocument(name, ['its key cannot change']);
    if (this.state === 'stored' && model.readOnly.size > 0) {
      const changed = this.found.filter(({ path }) => model.readOnly.has(path[0]!));
      const mistakes = changed.map(({ path }) => `${path[0]} is @ReadOnly()`);
      if (mistakes.length > 0) throw new InvalidDocument(name, mistakes);
    }
    checkDocument(name, document);
  }

  /** Hands the write to the transaction. */
  write(transaction: Transaction): void {
    const { reference, state } = this;
    if (state === 'deleted') transaction.delete(reference);
    else if (state === 'created') transaction.create(reference, this.toStored());
    else if (state === 'replaced') transaction.set(reference, this.toStored());
    else if (state === 'upserted') this.writeUpsert(transaction);
    else this.writeUpdate(transaction);
  }

  /** The error that the class declares for what its write has met. */
  errorFor(reason: 'exists' | 'notFound', cause?: unknown): Error {
    return new this.model[reason]({ details: { document: this.name }, cause });
  }

  private load(data: DocumentData): void {
    const { model, document: upserted } = this;
    const document = withKey(model, fromStored(model.type, data), this.reference);
    addDefaults(model.type, data, document);
    this.loaded = data;
    this.document = document;
    this.state = 'stored';
    for (const name of this.given) this.assign(name, (upserted as DocumentData)[name]);
    this.blind?.applyTo(document);
  }

  private get isUntouched(): boolean {
    return this.state === 'unread' && this.blind === undefined;
  }

  private changeBlind(): BlindChanges {
    return (this.blind ??= new BlindChanges(this.model.type));
  }

  private get hasOtherKey(): boolean {
    const values = decodeKey(this.model.keys, this.reference.id);
    return this.model.keys.some(
      ({ property }, index) => (this.document as DocumentData)[property] !== values[index],
    );
  }

  private requireExisting(): void {
    if (this.state === 'missing' || this.state === 'deleted') throw this.errorFor('notFound');
  }

  private assign(path: string, value: unknown): void {
    setAtPath(this.model.type, this.document!, path, value);
    if (this.state === 'upserted') this.given.add(path.split('.', 1)[0]!);
  }

  private numberAt(path: string): number {
    if (this.state === 'upserted' && !this.given.has(path.split('.', 1)[0]!)) {
      throw new Error(`${this.name}: nobody has read "${path}" yet. Read the document, then add to it.`);
    }
    return Number(valueAtPath(this.document!, path) ?? 0);
  }

  private toStored(): DocumentData {
    return toStored(this.model.type, this.document!);
  }

  private writeUpsert(transaction: Transaction): void {
    const stored = this.toStored();
    const mergeFields = [...this.given].filter((name) => name in stored);
    const data = Object.fromEntries(mergeFields.map((name) => [name, stored[name] as unknown]));
    transaction.set(this.reference, data, { mergeFields });
  }

  private writeUpdate(transaction: Transaction): void {
    const { FieldPath, FieldValue } = firestoreLibrary();
    const changes = this.state === 'stored' ? this.found : this.blind!.toStored();
    const [path, value, ...rest] = changes.flatMap((change): unknown[] => [
      new FieldPath(...change.path),
      change.value === undefined ? FieldValue.delete() : change.value,
    ]);
    transaction.update(this.reference, path as FieldPath, value, ...rest);
  }
}

/** Sets the key's properties to what the document's id says. */
export function withKey<T extends object>(
  model: DocumentModel<T>,
  document: T,
  { id }: DocumentReference,
): T {
  const values = decodeKey(model.keys, id);
  model.keys.forEach(({ property }, index) => ((document as DocumentData)[property] = values[index]));
  return document;
}

function checkAmount(model: DocumentModel, name: string, path: string, amount: number): void {
  checkChangeable(model, name, [path]);
  if (fieldAtPath(model.type, path)!.isNoNumber) throw new InvalidDocument(name, [`${path} is no number`]);
  if (!Number.isFinite(amount)) throw new InvalidDocument(name, [`${path}: ${amount} is no amount`]);
}

function compare(name: string, actual: object | undefined, expected: DocumentData): void {
  const fields = Object.keys(expected).filter(
    (field) => !isDeepStrictEqual((actual as DocumentData | undefined)?.[field], expected[field]),
  );
  if (fields.length > 0) throw new DocumentChanged({ details: { document: name, fields } });
}
