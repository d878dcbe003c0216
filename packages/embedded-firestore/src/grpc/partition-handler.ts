import { isName } from '../document/field-path.ts';
import { documentName } from '../document/resource-path.ts';
import type { Engine } from '../engine.ts';
import { invalid } from '../errors.ts';
import { Reference } from '../value/types.ts';
import { consistencyOf } from './consistency.ts';
import { decodePlainQuery } from './decode-query.ts';
import type { QueryRequestMessage } from './messages.ts';
import type { Query } from '../query/query.ts';

interface PartitionRequest extends QueryRequestMessage {
  partitionCount: number | { toString(): string };
  pageSize: number;
  pageToken: string;
}

/** Points that cut the result of a collection group query, by name, into parts of about the same size. */
export async function partitionQuery(engine: Engine, request: PartitionRequest): Promise<object> {
  const query = decodePlainQuery(request.parent, request.structuredQuery);
  const wanted = Number(request.partitionCount);
  if (!(wanted > 0)) throw invalid('partition_count must be greater than zero.');
  if (request.pageSize < 0) throw invalid('page_size must not be negative.');
  checkPartitionable(query);
  const database = engine.database(query.database);
  const { at } = await consistencyOf(request, database);
  const { value } = await database.query(query, at);
  const { documents } = value;
  const count = Math.min(wanted, Math.max(0, documents.length - 1));
  const points = Array.from(
    { length: count },
    (_, part) => documents[Math.floor(((part + 1) * documents.length) / (count + 1))]!,
  );
  const from = request.pageToken === '' ? 0 : Number(Buffer.from(request.pageToken, 'base64url').toString());
  if (!Number.isSafeInteger(from) || from < 0) throw invalid('The page token is not one of this server.');
  const to = request.pageSize > 0 ? from + request.pageSize : points.length;
  return {
    partitions: points.slice(from, to).map(({ path }) => ({
      values: [new Reference(documentName(query.database, path))],
      before: true,
    })),
    nextPageToken: to < points.length ? Buffer.from(String(to)).toString('base64url') : '',
  };
}

function checkPartitionable({ from, where, orders, limit, offset, start, end }: Query): void {
  const isByName = orders.length === 1 && isName(orders[0]!.path) && !orders[0]!.descending;
  const isWhole = [where, limit, start, end].every((part) => part === undefined) && offset === 0;
  if (from.allDescendants && isByName && isWhole) return;
  throw invalid(
    'Only collection group queries ordered by __name__, without filters, limits and cursors, can be partitioned.',
  );
}
