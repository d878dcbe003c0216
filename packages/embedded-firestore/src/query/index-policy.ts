import { readFileSync, statSync } from 'node:fs';
import { parseFieldPath } from '../document/field-path.ts';
import type { FieldPath } from '../document/field-path.ts';
import { groupIndexes } from '../document/group-indexes.ts';
import type { GroupIndexes } from '../document/group-indexes.ts';
import { AUTOMATIC } from '../document/index-declaration.ts';
import type {
  DeclaredField,
  DeclaredIndex,
  FieldIndex,
  FieldOverride,
  IndexFile,
} from '../document/index-declaration.ts';
import type { Indexes } from '../document/index-entries.ts';
import { FirestoreError } from '../errors.ts';
import { isServed, isSingleField, needsOf, suggestionFor } from './index-needs.ts';
import type { Need } from './index-needs.ts';
import type { Query } from './query.ts';

/** Refuses queries that production would refuse for want of an index, and remembers what queries needed. */
export class IndexPolicy implements Indexes {
  readonly #isStrict: boolean;
  readonly #file: string | undefined;
  #declared: IndexFile = { indexes: [], fieldOverrides: [] };
  #readAt = -1;
  readonly #groups = new Map<string, GroupIndexes>();
  readonly #seenIndexes = new Map<string, DeclaredIndex>();
  readonly #seenOverrides = new Map<string, FieldOverride>();

  constructor(isStrict: boolean, file?: string) {
    this.#isStrict = isStrict;
    this.#file = file;
    this.#read();
  }

  /** Everything that the queries so far would need declared in production. */
  get seen(): IndexFile {
    return { indexes: [...this.#seenIndexes.values()], fieldOverrides: [...this.#seenOverrides.values()] };
  }

  current(collectionGroup: string): GroupIndexes {
    this.#read();
    return this.known(collectionGroup);
  }

  known(collectionGroup: string): GroupIndexes {
    let indexes = this.#groups.get(collectionGroup);
    if (!indexes)
      this.#groups.set(collectionGroup, (indexes = groupIndexes(this.#declared, collectionGroup)));
    return indexes;
  }

  check(query: Query, aggregated?: readonly FieldPath[]): void {
    for (const need of needsOf(query, aggregated)) {
      const wanted = isSingleField(need) ? this.#override(need) : this.#composite(need);
      if (!wanted || !this.#isStrict) continue;
      if (wanted.served() || (this.#read() && wanted.served())) continue;
      throw new FirestoreError(
        'FAILED_PRECONDITION',
        `The query requires an index that is not declared. Add this to ${wanted.list} of ` +
          `${this.#file ?? 'firestore.indexes.json'}: ${wanted.definitions.map((one) => JSON.stringify(one)).join(', ')}`,
      );
    }
  }

  #composite(need: Need) {
    const definition = suggestionFor(need);
    this.#seenIndexes.set(JSON.stringify(definition), definition);
    return {
      list: 'indexes',
      definitions: [definition],
      served: () => isServed(need, this.#declared.indexes),
    };
  }

  /** Fields are indexed by themselves within a collection; across a group of collections only where it is declared. */
  #override({ collectionGroup, queryScope, equalities, orders }: Need) {
    const fields = [...equalities, ...orders].filter(({ fieldPath }) => fieldPath !== '__name__');
    if (queryScope === 'COLLECTION' || fields.length === 0) return undefined;
    const definitions = fields.map(({ fieldPath, ...config }) =>
      this.#seeOverride(collectionGroup, fieldPath, { ...config, queryScope }),
    );
    const isDeclared = (field: DeclaredField) =>
      this.#declared.fieldOverrides.some(
        (override) =>
          override.collectionGroup === collectionGroup &&
          override.fieldPath === field.fieldPath &&
          override.indexes.some(
            ({ queryScope: scope, arrayConfig }) =>
              scope === 'COLLECTION_GROUP' && arrayConfig === field.arrayConfig,
          ),
      );
    return { list: 'fieldOverrides', definitions, served: () => fields.every(isDeclared) };
  }

  /** A field has one override, which lists everything it is indexed by. */
  #seeOverride(collectionGroup: string, fieldPath: string, index: FieldIndex): FieldOverride {
    const key = JSON.stringify([collectionGroup, fieldPath]);
    const known = this.#seenOverrides.get(key)?.indexes ?? AUTOMATIC;
    const isKnown = known.some(
      ({ order, arrayConfig, queryScope }) =>
        order === index.order && arrayConfig === index.arrayConfig && queryScope === index.queryScope,
    );
    const override = { collectionGroup, fieldPath, indexes: isKnown ? known : [...known, index] };
    this.#seenOverrides.set(key, override);
    return override;
  }

  /** Reads the file if it has changed; true if it has. */
  #read(): boolean {
    if (this.#file === undefined) return false;
    const changed = statSync(this.#file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (changed === this.#readAt) return false;
    this.#readAt = changed;
    this.#groups.clear();
    this.#declared = changed === 0 ? { indexes: [], fieldOverrides: [] } : parse(this.#file);
    return true;
  }
}

function parse(file: string): IndexFile {
  try {
    const { indexes = [], fieldOverrides = [] } = JSON.parse(
      readFileSync(file, 'utf8'),
    ) as Partial<IndexFile>;
    for (const { fieldPath } of indexes.flatMap(({ fields }) => fields)) parseFieldPath(fieldPath);
    return { indexes: indexes.map(withoutName), fieldOverrides };
  } catch (error) {
    throw new Error(`The index file ${file} cannot be read: ${String(error)}. Correct it or leave it out.`);
  }
}

/** A name in the direction of the field before it goes without saying. */
function withoutName(index: DeclaredIndex): DeclaredIndex {
  const last = index.fields.at(-1);
  const direction = index.fields.at(-2)?.order ?? 'ASCENDING';
  const isImplied = last?.fieldPath === '__name__' && last.order === direction;
  return isImplied ? { ...index, fields: index.fields.slice(0, -1) } : index;
}
