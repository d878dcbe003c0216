import { checkId, parseParentName } from '../document/resource-path.ts';
import type { Engine } from '../engine.ts';
import { invalid, unimplemented } from '../errors.ts';
import { listCollectionIds, listDocuments } from '../query/listing.ts';
import { consistencyOf } from './consistency.ts';
import { decodeMask } from './decode-write.ts';
import { outgoing } from './outgoing.ts';
import type { ConsistencyMessage, MaskMessage } from './messages.ts';

const DEFAULT_PAGE = 300;
const NO_TIME = 0;

export interface ListDocumentsRequest extends ConsistencyMessage {
  parent: string;
  collectionId: string;
  pageSize: number;
  pageToken: string;
  orderBy: string;
  mask?: MaskMessage | null;
  showMissing: boolean;
}

export async function listDocumentsPage(engine: Engine, request: ListDocumentsRequest): Promise<object> {
  if (request.orderBy !== '' && !/^__name__( asc)?$/i.test(request.orderBy)) {
    throw unimplemented('order_by of ListDocuments, other than by __name__,');
  }
  const { database: name, path } = parseParentName(request.parent);
  const { collectionId, showMissing } = request;
  if (collectionId !== '') checkId(collectionId, collectionId);
  const limit = pageLimit(request.pageSize);
  const database = engine.database(name);
  const { at } = await consistencyOf(request, database);
  const { value } = await database.list(at, (time) =>
    listDocuments(
      database.data,
      {
        parent: path,
        ...(collectionId !== '' && { collectionId }),
        showMissing,
        limit,
        ...decodeToken(request.pageToken),
      },
      time,
    ),
  );
  const page = value.slice(0, limit);
  const mask = request.mask ? decodeMask(request.mask) : undefined;
  return {
    documents: page.map(({ path: listed, document }) =>
      document ? outgoing(database, document, mask) : { database: name, document: missing(listed) },
    ),
    nextPageToken: value.length > limit ? encodeToken(page.at(-1)!.path) : '',
  };
}

/** A document that does not exist but has others below it has a name and nothing else. */
function missing(path: string) {
  return { path, data: new Uint8Array(), createTime: NO_TIME, updateTime: NO_TIME };
}

export interface ListCollectionIdsRequest extends ConsistencyMessage {
  parent: string;
  pageSize: number;
  pageToken: string;
}

export async function listCollectionIdsPage(
  engine: Engine,
  request: ListCollectionIdsRequest,
): Promise<object> {
  const { database: name, path } = parseParentName(request.parent);
  const database = engine.database(name);
  const limit = pageLimit(request.pageSize);
  const { at } = await consistencyOf(request, database);
  const { value } = await database.list(at, (time) => listCollectionIds(database.data, path, time));
  const { after } = decodeToken(request.pageToken);
  const from = after === undefined ? 0 : value.indexOf(after) + 1;
  const page = value.slice(from, from + limit);
  return { collectionIds: page, nextPageToken: from + limit < value.length ? encodeToken(page.at(-1)!) : '' };
}

function pageLimit(size: number): number {
  if (size < 0) throw invalid('page_size must not be negative.');
  return size === 0 ? DEFAULT_PAGE : size;
}

function encodeToken(after: string): string {
  return Buffer.from(after).toString('base64url');
}

function decodeToken(token: string): { after?: string } {
  return token === '' ? {} : { after: Buffer.from(token, 'base64url').toString() };
}
