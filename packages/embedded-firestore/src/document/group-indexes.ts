import { parseFieldPath } from './field-path.ts';
import type { FieldPath } from './field-path.ts';
import { AUTOMATIC, ENTRIES_PER_ELEMENT } from './index-declaration.ts';
import type { FieldIndex, IndexFile, QueryScope } from './index-declaration.ts';

export interface CompositeIndex {
  queryScope: QueryScope;
  fields: { path: FieldPath; isContains: boolean; isVector: boolean }[];
}

/** The indexes in which the documents of a collection, or of all of that id, have entries. */
export interface GroupIndexes {
  /** Those of a field by itself: its own ones, else those of the map it is in, else `indexes`. */
  automatic: { indexes: readonly FieldIndex[]; overrides: ReadonlyMap<string, readonly FieldIndex[]> };
  composites: CompositeIndex[];
  /** How many entries an element of an array has at most, or half of a field. */
  perElement: number;
  /** How many fields an index has at most. */
  mostFields: number;
}

export function groupIndexes({ indexes, fieldOverrides }: IndexFile, collectionGroup: string): GroupIndexes {
  const own = fieldOverrides.filter((override) => override.collectionGroup === collectionGroup);
  const overrides = new Map<string, readonly FieldIndex[]>(
    own.map((override) => [override.fieldPath, override.indexes]),
  );
  const usual = overrides.get('*') ?? AUTOMATIC;
  const composites = indexes
    .filter((index) => index.collectionGroup === collectionGroup)
    .map(({ queryScope, fields }) => ({
      queryScope,
      fields: fields.map(({ fieldPath, arrayConfig, vectorConfig }) => ({
        path: parseFieldPath(fieldPath),
        isContains: arrayConfig !== undefined,
        isVector: vectorConfig !== undefined,
      })),
    }));
  const ofFields = [usual, ...overrides.values()];
  const most = (isWanted: (index: FieldIndex) => boolean) =>
    Math.max(...ofFields.map((list) => list.filter(isWanted).length));
  const containing = composites.filter(({ fields }) => fields.some(({ isContains }) => isContains)).length;
  return {
    automatic: { indexes: usual, overrides },
    composites,
    perElement: Math.max(
      most(({ arrayConfig }) => arrayConfig !== undefined) * ENTRIES_PER_ELEMENT + containing,
      most(({ arrayConfig }) => arrayConfig === undefined) / 2,
    ),
    mostFields: Math.max(1, ...composites.map(({ fields }) => fields.length)),
  };
}
