import type {
  DocumentData,
  DocumentReference,
  DocumentSnapshot,
  Query,
  Transaction,
} from 'firebase-admin/firestore';
import type { DocumentModel } from './document/document-model.js';
import { freeze } from './document/stored-form.js';
import { TrackedDocument } from './tracked-document.js';

/** Sees the result of the transaction's work; what it returns, if not undefined, takes its place. */
export type TransactionHook = (result: unknown) => unknown;

const ALREADY_EXISTS = 6;
const NOT_FOUND = 5;

/**
 * One attempt of one transaction. Each document that it touches is here once; writes wait until the work is done. So a
 * read may follow a write, which Firestore by itself forbids, and dropping the writes is all it takes to write nothing.
 */
export class UnitOfWork {
  private readonly documents = new Map<string, TrackedDocument>();
  private readonly beforeCommit: TransactionHook[] = [];
  private readonly afterCommit: TransactionHook[] = [];
  private isDiscarded = false;
  private isEnded = false;

  constructor(
    /** The client's own, for what repositories do not do. It reads before it writes, Firestore's rule. */
    readonly transaction: Transaction,
    readonly readOnly: boolean,
  ) {
    if (readOnly) handleFailedStart(transaction);
  }

  /** The instance; read, if it was not yet. */
  async find<T extends object>(
    model: DocumentModel<T>,
    reference: DocumentReference,
  ): Promise<T | undefined> {
    const document = this.track(model, reference);
    if (!document.isKnown) await this.read([document]);
    return document.instance;
  }

  /** The instances in the order of the references; those not read yet in one round trip. */
  async findMany<T extends object>(
    model: DocumentModel<T>,
    references: readonly DocumentReference[],
  ): Promise<Array<T | undefined>> {
    const tracked = references.map((reference) => this.track(model, reference));
    await this.read([...new Set(tracked)].filter(({ isKnown }) => !isKnown));
    return tracked.map((document) => document.instance);
  }

  /** @throws {Error} if the transaction has changed documents of the collection: a query would not see that */
  async query(query: Query, model: DocumentModel): Promise<DocumentSnapshot[]> {
    this.refuseIfChanged(model.collection);
    return (await this.transaction.get(query)).docs;
  }

  /** The instance of a document that a query found. */
  adopt<T extends object>(model: DocumentModel<T>, snapshot: DocumentSnapshot): T | undefined {
    const document = this.track(model, snapshot.ref);
    this.take(document, snapshot.data());
    return document.instance;
  }

  /** @throws {Error} if the transaction has changed documents of the collection: a query would not see that */
  refuseIfChanged(collection: string): void {
    const changed = [...this.documents.values()].find(
      ({ reference, isChanged }) => reference.parent.path === collection && isChanged,
    );
    if (!changed) return;
    throw new Error(
      `This transaction has changed ${changed.name}, and a query of ${collection} would not see it. ` +
        'Query first and change then, or read by key.',
    );
  }

  /**
   * The document to be changed.
   * @throws {Error} in a read-only transaction
   */
  change<T extends object>(model: DocumentModel<T>, reference: DocumentReference): TrackedDocument<T> {
    if (!this.readOnly) return this.track(model, reference);
    throw new Error(
      `A write (${reference.path}) in a read-only transaction. Routes read by default: declare ` +
        '@Transactional({ readOnly: false }) on the handler, or transactions.run({ readOnly: false }, ...) elsewhere.',
    );
  }

  /** See `Transactions.beforeCommit`. */
  onBeforeCommit(hook: TransactionHook): void {
    this.beforeCommit.push(hook);
  }

  /** See `Transactions.afterCommit`. */
  onAfterCommit(hook: TransactionHook): void {
    this.afterCommit.push(hook);
  }

  /** Nothing of this attempt will be written, and its hooks do not run. */
  discard(): void {
    this.isDiscarded = true;
  }

  /** From now on a change would be lost. */
  end(): void {
    this.isEnded = true;
  }

  get hasEnded(): boolean {
    return this.isEnded;
  }

  get afterCommitHooks(): readonly TransactionHook[] {
    return this.isDiscarded ? [] : this.afterCommit;
  }

  /**
   * Runs the hooks before the commit and hands all writes to the transaction, which commits them when its function
   * returns.
   * @throws {InvalidDocument}
   */
  async complete(result: unknown): Promise<unknown> {
    for (const hook of this.beforeCommit) {
      if (this.isDiscarded) break;
      result = (await hook(result)) ?? result;
    }
    if (!this.isDiscarded && !this.readOnly) await this.save();
    this.end();
    return result;
  }

  private async save(): Promise<void> {
    await this.read([...this.documents.values()].filter(({ mustBeCompared }) => mustBeCompared));
    const changed = await this.prepareChanged();
    for (const document of changed) document.validate();
    for (const document of changed) document.write(this.transaction);
  }

  /** What the commit failed for, in the terms of the document that it failed for. */
  explain(error: unknown): unknown {
    const { code, message } = error as { code?: unknown; message?: string };
    if (code !== ALREADY_EXISTS && code !== NOT_FOUND) return error;
    const document = [...this.documents.values()].find(({ name }) => message?.endsWith(`/documents/${name}`));
    return document?.errorFor(code === NOT_FOUND ? 'notFound' : 'exists', error) ?? error;
  }

  private track<T extends object>(model: DocumentModel<T>, reference: DocumentReference): TrackedDocument<T> {
    let document = this.documents.get(reference.path);
    if (!document) {
      document = new TrackedDocument(model, reference);
      this.documents.set(reference.path, document);
    }
    return document as unknown as TrackedDocument<T>;
  }

  private async read(documents: readonly TrackedDocument[]): Promise<void> {
    if (documents.length === 0) return;
    const snapshots = await this.transaction.getAll(...documents.map(({ reference }) => reference));
    documents.forEach((document, index) => this.take(document, snapshots[index]!.data()));
  }

  private take(document: TrackedDocument, data: DocumentData | undefined): void {
    document.read(data);
    if (this.readOnly || this.hasEnded) freeze(document.instance);
  }

  /** Runs the hooks of the changed documents. One may change other documents, whose hooks run then too; each once. */
  private async prepareChanged(): Promise<TrackedDocument[]> {
    const prepared = new Set<TrackedDocument>();
    for (;;) {
      const changed = this.changed();
      const next = changed.filter((each) => each.hasHook && !prepared.has(each));
      if (next.length === 0) return changed;
      for (const document of next) {
        prepared.add(document);
        await document.prepare();
      }
    }
  }

  private changed(): TrackedDocument[] {
    return [...this.documents.values()].filter(({ isChanged }) => isChanged);
  }
}

/**
 * The client starts a transaction with its first read, and keeps the promise of its id for the further ones. When that
 * read fails in a read-only transaction, nobody handles that promise, and Node.js would end the process
 * (@google-cloud/firestore 9.4.1; of a writing one the rollback handles it). The read itself still fails.
 */
function handleFailedStart(transaction: Transaction): void {
  let id: Promise<unknown> | undefined;
  Object.defineProperty(transaction, '_transactionIdPromise', {
    get: () => id,
    set: (promise: Promise<unknown> | undefined) => {
      id = promise;
      promise?.catch(() => undefined);
    },
  });
}
