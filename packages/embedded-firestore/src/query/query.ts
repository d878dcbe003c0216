import type { FieldPath } from '../document/field-path.ts';
import type { Value } from '../value/types.ts';
import type { Nearest } from './nearest.ts';

export type Operator =
  | '=='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | 'in'
  | 'not-in'
  | 'array-contains'
  | 'array-contains-any'
  | 'is-nan'
  | 'is-null'
  | 'is-not-nan'
  | 'is-not-null';

export interface FieldFilter {
  kind: 'field';
  path: FieldPath;
  op: Operator;
  /** `null` for the operators that take none; an array for those that take several. */
  value: Value;
}

export interface CompositeFilter {
  kind: 'and' | 'or';
  filters: Filter[];
}

export type Filter = FieldFilter | CompositeFilter;

export interface Order {
  path: FieldPath;
  descending: boolean;
}

/** A position in the order of the results: just before or just after all results that begin with these values. */
export interface Cursor {
  values: Value[];
  before: boolean;
}

/** Which documents a query looks at, below `parent` (`''` is the root). */
export interface Source {
  parent: string;
  /** Absent: documents of all collections. */
  collectionId?: string;
  allDescendants: boolean;
}

/** A query as the client sent it. */
export interface QueryRequest {
  database: string;
  from: Source;
  where?: Filter;
  orderBy: Order[];
  /** Fields that are summed or averaged. */
  aggregated?: FieldPath[];
  start?: Cursor;
  end?: Cursor;
  offset: number;
  limit?: number;
  select?: FieldPath[];
  nearest?: Nearest;
}

/** A checked query: the order is complete and ends with the name. */
export interface Query extends QueryRequest {
  orders: Order[];
}

export const INEQUALITIES: ReadonlySet<Operator> = new Set<Operator>([
  '<',
  '<=',
  '>',
  '>=',
  '!=',
  'not-in',
  'is-not-nan',
  'is-not-null',
]);

export function* fieldFilters(filter: Filter | undefined): Generator<FieldFilter> {
  if (!filter) return;
  if (filter.kind === 'field') yield filter;
  else for (const inner of filter.filters) yield* fieldFilters(inner);
}
