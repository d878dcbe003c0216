import type { Document } from '../document/document.ts';
import { fieldAt, isName, parseFieldPath } from '../document/field-path.ts';
import {
  checkCollectionId,
  documentName,
  parentPath,
  parseParentName,
  pathKey,
} from '../document/resource-path.ts';
import type { Engine } from '../engine.ts';
import { invalid } from '../errors.ts';
import type { FirestoreError } from '../errors.ts';
import { listCollectionIds, listDocuments } from '../query/listing.ts';
import { normalizeQuery } from '../query/normalize.ts';
import type { Cursor, Order, Query } from '../query/query.ts';
import { Reference } from '../value/types.ts';
import type { Value } from '../value/types.ts';
import { decodeFields, encodeFields } from '../value/wire.ts';
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
  if (request.orderBy !== '') return listInOrder(engine, request);
  const { database: name, path } = parseParentName(request.parent);
  const { collectionId, showMissing } = request;
  if (collectionId !== '') checkCollectionId(collectionId);
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
        ...(request.pageToken !== '' && {
          after: decodePath(request.pageToken, { parent: path, collectionId }),
        }),
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

/** A list in an order is a query; its token holds the values at which the page before ended. */
async function listInOrder(engine: Engine, request: ListDocumentsRequest): Promise<object> {
  const { database: name, path } = parseParentName(request.parent);
  const { collectionId, pageToken } = request;
  if (request.showMissing) throw invalid('A request with show_missing must not have an order_by.');
  if (collectionId === '') throw invalid('A request with an order_by must have a collection_id.');
  checkCollectionId(collectionId);
  const limit = pageLimit(request.pageSize);
  const from = { parent: path, collectionId, allDescendants: false };
  const whole = { database: name, from, orderBy: parseOrderBy(request.orderBy), offset: 0, limit: limit + 1 };
  const { orders } = normalizeQuery(whole);
  const start = pageToken === '' ? {} : { start: decodeCursor(pageToken) };
  const query = normalizeQuery({ ...whole, orderBy: orders, ...start });
  const database = engine.database(name);
  const { at } = await consistencyOf(request, database);
  const { value } = await database.query(query, at);
  const page = value.documents.slice(0, limit);
  const mask = request.mask ? decodeMask(request.mask) : undefined;
  return {
    documents: page.map((document) => outgoing(database, document, mask)),
    nextPageToken: value.documents.length > limit ? encodeCursor(query, page.at(-1)!) : '',
  };
}

/** A field path, whose quoted names may hold anything, and a direction. */
const CLAUSE = /\s*((?:`(?:[^`\\]|\\[^])*`|[^`,\s])+)(?:\s+(asc|desc))?\s*(?:,(?=.)|$)/isy;

function parseOrderBy(text: string): Order[] {
  const orders: Order[] = [];
  for (let at = 0; at < text.length; at = CLAUSE.lastIndex) {
    CLAUSE.lastIndex = at;
    const [, field, direction] = CLAUSE.exec(text) ?? [];
    if (field === undefined) throw invalid(`order_by "${text}" is not of the form "field desc, other".`);
    orders.push({ path: parseFieldPath(field), descending: direction?.toLowerCase() === 'desc' });
  }
  return orders;
}

function encodeCursor({ database, orders }: Query, document: Document): string {
  const fields = document.fields();
  const values = orders.map(({ path }): Value => {
    return isName(path) ? new Reference(documentName(database, document.path)) : fieldAt(fields, path)!;
  });
  const numbered = new Map(values.map((value, at) => [String(at).padStart(4, '0'), value]));
  return Buffer.from(encodeFields(numbered), 'latin1').toString('base64url');
}

function decodeCursor(token: string): Cursor {
  try {
    const fields = decodeFields(Buffer.from(token, 'base64url').toString('latin1'));
    return { values: [...fields.values()], before: false };
  } catch {
    throw badToken(token);
  }
}

/** A document that does not exist but has others below it has a name and nothing else. */
function missing(path: string) {
  return { path, data: '', createTime: NO_TIME, updateTime: NO_TIME };
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
  const after = request.pageToken === '' ? '' : pathKey(decodeToken(request.pageToken));
  // The last of the page before may be gone by now.
  const left = value.filter((id) => pathKey(id) > after);
  const page = left.slice(0, limit);
  return { collectionIds: page, nextPageToken: left.length > limit ? encodeToken(page.at(-1)!) : '' };
}

function pageLimit(size: number): number {
  if (size < 0) throw invalid('page_size must not be negative.');
  return size === 0 ? DEFAULT_PAGE : size;
}

function encodeToken(after: string): string {
  return Buffer.from(after).toString('base64url');
}

function decodeToken(token: string): string {
  const after = Buffer.from(token, 'base64url').toString();
  if (encodeToken(after) !== token) throw badToken(token);
  return after;
}

/** The last document of the page before. */
function decodePath(
  token: string,
  { parent, collectionId }: { parent: string; collectionId: string },
): string {
  const path = decodeToken(token);
  const collection = parentPath(path);
  const isOfList =
    collectionId === ''
      ? parentPath(collection) === parent
      : collection === (parent === '' ? collectionId : `${parent}/${collectionId}`);
  if (!isOfList) throw badToken(token);
  return path;
}

function badToken(token: string): FirestoreError {
  return invalid(`page_token "${token}" is not one that a list like this has ended with.`);
}
