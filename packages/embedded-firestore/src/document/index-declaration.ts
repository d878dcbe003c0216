/** A field of an index, as in firestore.indexes.json. */
export interface DeclaredField {
  fieldPath: string;
  order?: 'ASCENDING' | 'DESCENDING';
  arrayConfig?: 'CONTAINS';
  vectorConfig?: { dimension: number; flat: object };
}

export type QueryScope = 'COLLECTION' | 'COLLECTION_GROUP';

export interface DeclaredIndex {
  collectionGroup: string;
  queryScope: QueryScope;
  fields: DeclaredField[];
}

/** One way in which a field is indexed by itself. Default scope: the collection. */
export type FieldIndex = Omit<DeclaredField, 'fieldPath'> & { queryScope?: QueryScope };

/** All ways in which a field is indexed by itself, in the place of the usual ones. */
export interface FieldOverride {
  collectionGroup: string;
  fieldPath: string;
  indexes: readonly FieldIndex[];
}

/** The content of firestore.indexes.json. */
export interface IndexFile {
  indexes: DeclaredIndex[];
  fieldOverrides: FieldOverride[];
}

/** What a field has without an override, and would lose by one that does not repeat it. */
export const AUTOMATIC: readonly FieldIndex[] = [
  { order: 'ASCENDING', queryScope: 'COLLECTION' },
  { order: 'DESCENDING', queryScope: 'COLLECTION' },
  { arrayConfig: 'CONTAINS', queryScope: 'COLLECTION' },
];

/**
 * How many entries an element of an array has in the index of the array by itself. Google's documentation has one, but
 * its service was seen to take 19,999 elements and to refuse 20,000.
 */
export const ENTRIES_PER_ELEMENT = 2;
