import { formatFieldPath } from '../document/field-path.ts';
import type { IndexDefinition } from '../storage/index.ts';
import { planQuery } from './plan.ts';
import type { Query } from './query.ts';

/** An index that a query uses, in the words of Firestore's query explain. */
export interface IndexUse {
  query_scope: 'Collection' | 'Collection group';
  properties: string;
}

export function indexesUsed(query: Query): IndexUse[] {
  const plan = planQuery(query);
  if (!plan) return [{ query_scope: 'Collection group', properties: '(__name__ ASC)' }];
  const query_scope = query.from.allDescendants ? 'Collection group' : 'Collection';
  const properties = new Set(
    plan.scans.map(({ definition }) => describe(definition, plan.reverse, query.orders.length - 1)),
  );
  return [...properties].map((text) => ({ query_scope, properties: text }));
}

/** The last `ordered` fields order the results; those before are compared for equality, whatever their direction. */
function describe({ fields, nameDescending }: IndexDefinition, reverse: boolean, ordered: number): string {
  const direction = (descending: boolean) => (descending !== reverse ? 'DESC' : 'ASC');
  const parts = fields.map(({ path, order }, at) => {
    if (at < fields.length - ordered && order !== 'contains') return `${formatFieldPath(path)} ASC`;
    return `${formatFieldPath(path)} ${order === 'contains' ? 'CONTAINS' : direction(order === 'descending')}`;
  });
  return `(${[...parts, `__name__ ${direction(nameDescending)}`].join(', ')})`;
}
