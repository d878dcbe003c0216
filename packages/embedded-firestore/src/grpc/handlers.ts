import { randomBytes } from 'node:crypto';
import { checkDatabaseName, documentName, parseDocumentName } from '../document/resource-path.ts';
import type { Write } from '../document/write.ts';
import type { Engine, EngineDatabase } from '../engine.ts';
import { FirestoreError, invalid, unimplemented } from '../errors.ts';
import { aggregatedPaths } from '../query/aggregate.ts';
import type { CommitResult } from '../transaction/committer.ts';
import type { Value } from '../value/types.ts';
import {
  consistencyOf,
  decodeTransactionOptions,
  orRollback,
  transactionBytes,
  transactionId,
} from './consistency.ts';
import { decodeAggregations, decodePlainQuery, decodeQuery } from './decode-query.ts';
import { decodeMask, decodePrecondition, decodeWrite, pathWithin } from './decode-write.ts';
import { aggregationStatsMessage, planMessage, queryStatsMessage } from './explain-message.ts';
import { listCollectionIdsPage, listDocumentsPage } from './list-handlers.ts';
import type {
  AggregationRequestMessage,
  ConsistencyMessage,
  MaskMessage,
  PreconditionMessage,
  QueryRequestMessage,
  TransactionOptionsMessage,
  WriteMessage,
} from './messages.ts';
import { outgoing } from './outgoing.ts';
import { partitionQuery } from './partition-handler.ts';
import type { DocumentMessage } from './protocol.ts';
import { timeMessage } from './protocol.ts';
import { statusOf } from './status.ts';

export type UnaryHandler = (request: never) => Promise<object>;
/** Resolves when it has all it needs: the messages are made as the client takes them. */
export type StreamHandler = (request: never) => Promise<Iterable<object>>;

interface GetRequest extends ConsistencyMessage {
  name: string;
  mask?: MaskMessage | null;
}

interface BatchGetRequest extends ConsistencyMessage {
  database: string;
  documents: string[];
  mask?: MaskMessage | null;
}

/** The RPCs of the service: each decodes, calls the engine and encodes. */
export function handlersOf(engine: Engine) {
  return {
    unary: {
      GetDocument: (request: GetRequest) => getDocument(engine, request),
      CreateDocument: (request: CreateRequest) => createDocument(engine, request),
      UpdateDocument: (request: UpdateRequest) => updateDocument(engine, request),
      DeleteDocument: (request: DeleteRequest) => deleteDocument(engine, request),
      BeginTransaction: (request: BeginRequest) => beginTransaction(engine, request),
      Commit: (request: CommitRequest) => commit(engine, request),
      Rollback: (request: RollbackRequest) => rollback(engine, request),
      BatchWrite: (request: BatchWriteRequest) => batchWrite(engine, request),
      PartitionQuery: (request: Parameters<typeof partitionQuery>[1]) => partitionQuery(engine, request),
      ListDocuments: (request: Parameters<typeof listDocumentsPage>[1]) => listDocumentsPage(engine, request),
      ListCollectionIds: (request: Parameters<typeof listCollectionIdsPage>[1]) =>
        listCollectionIdsPage(engine, request),
    } satisfies Record<string, UnaryHandler>,
    streaming: {
      BatchGetDocuments: (request: BatchGetRequest) => batchGetDocuments(engine, request),
      RunQuery: (request: QueryRequestMessage) => runQuery(engine, request),
      RunAggregationQuery: (request: AggregationRequestMessage) => runAggregationQuery(engine, request),
      ExecutePipeline: refusePipeline,
    } satisfies Record<string, StreamHandler>,
  };
}

async function refusePipeline(): Promise<Iterable<object>> {
  throw unimplemented('ExecutePipeline, the pipelines of the Enterprise edition,');
}

async function getDocument(engine: Engine, request: GetRequest): Promise<object> {
  const { database: name, path } = parseDocumentName(request.name);
  const database = engine.database(name);
  const { at } = await consistencyOf(request, database);
  const { value } = await database.getDocuments([path], at);
  const document = value[0];
  if (!document) throw new FirestoreError('NOT_FOUND', `Document "${request.name}" not found.`);
  return outgoing(database, document, request.mask ? decodeMask(request.mask) : undefined);
}

async function batchGetDocuments(engine: Engine, request: BatchGetRequest): Promise<Iterable<object>> {
  const database = engine.database(checkDatabaseName(request.database));
  const mask = request.mask ? decodeMask(request.mask) : undefined;
  const paths = [...new Set(request.documents.map((name) => pathWithin(name, request.database)))];
  const { at, begun } = await consistencyOf(request, database);
  const { value, readTime } = await orRollback(database, begun, database.getDocuments(paths, at));
  const time = timeMessage(readTime);
  const found = value.flatMap((document) =>
    document ? { found: outgoing(database, document, mask), readTime: time } : [],
  );
  // Google's service tells last what is missing.
  const missing = paths
    .filter((_, at) => !value[at])
    .map((path) => ({ missing: documentName(request.database, path), readTime: time }));
  const answers = [...found, ...missing];
  return begun ? [{ transaction: begun, readTime: time }, ...answers] : answers;
}

async function runQuery(engine: Engine, request: QueryRequestMessage): Promise<Iterable<object>> {
  const started = performance.now();
  const query = decodeQuery(request.parent, request.structuredQuery);
  const database = engine.database(query.database);
  if (request.explainOptions?.analyze === false) return [{ explainMetrics: planMessage(query) }];
  const { at, begun } = await consistencyOf(request, database);
  const { value, readTime } = await orRollback(database, begun, database.query(query, at));
  const time = timeMessage(readTime);
  const opening = {
    ...(begun && { transaction: begun }),
    ...(value.skipped > 0 && { skippedResults: value.skipped }),
    readTime: time,
  };
  const last = value.documents.length - 1;
  const explained = () => ({
    explainMetrics: { ...planMessage(query), ...queryStatsMessage(last + 1, value.cost, started) },
  });
  function* answers() {
    if (last < 0) yield request.explainOptions ? { ...opening, ...explained() } : opening;
    for (const [index, found] of value.documents.entries()) {
      const document = outgoing(database, found, query.select);
      const answer = index === 0 ? { ...opening, document } : { document, readTime: time };
      yield index === last && request.explainOptions ? { ...answer, ...explained() } : answer;
    }
  }
  return answers();
}

async function runAggregationQuery(
  engine: Engine,
  request: AggregationRequestMessage,
): Promise<Iterable<object>> {
  const started = performance.now();
  const message = request.structuredAggregationQuery;
  if (!message) throw invalid('The request has no structured_aggregation_query.');
  const aggregations = decodeAggregations(message.aggregations);
  const query = decodePlainQuery(request.parent, message.structuredQuery, aggregatedPaths(aggregations));
  const database = engine.database(query.database);
  if (request.explainOptions?.analyze === false) return [{ explainMetrics: planMessage(query) }];
  const { at, begun } = await consistencyOf(request, database);
  const { value, readTime } = await orRollback(database, begun, database.aggregate(query, aggregations, at));
  const result = { aggregateFields: Object.fromEntries(value.values) };
  const answer = { ...(begun && { transaction: begun }), result, readTime: timeMessage(readTime) };
  if (!request.explainOptions) return [answer];
  return [
    answer,
    { explainMetrics: { ...planMessage(query), ...aggregationStatsMessage(value.cost, started) } },
  ];
}

interface BeginRequest {
  database: string;
  options?: TransactionOptionsMessage | null;
}

async function beginTransaction(engine: Engine, request: BeginRequest): Promise<object> {
  const database = engine.database(checkDatabaseName(request.database));
  return { transaction: transactionBytes(await database.begin(decodeTransactionOptions(request.options))) };
}

interface RollbackRequest {
  database: string;
  transaction: Uint8Array;
}

async function rollback(engine: Engine, request: RollbackRequest): Promise<object> {
  engine.database(checkDatabaseName(request.database)).rollback(transactionId(request.transaction));
  return {};
}

interface CommitRequest extends RollbackRequest {
  writes: WriteMessage[];
}

async function commit(engine: Engine, request: CommitRequest): Promise<object> {
  const database = engine.database(checkDatabaseName(request.database));
  const transaction = request.transaction.length > 0 ? transactionId(request.transaction) : undefined;
  const writes = request.writes.map((write) => decodeWrite(write, request.database));
  return commitMessage(await database.commit(writes, transaction));
}

/** What a commit is answered with. */
export function commitMessage({ time, results }: CommitResult): object {
  return { writeResults: results.map(writeResult), commitTime: timeMessage(time) };
}

function writeResult({ updateTime, transformResults }: CommitResult['results'][number]): object {
  return { updateTime: updateTime === undefined ? undefined : timeMessage(updateTime), transformResults };
}

interface BatchWriteRequest {
  database: string;
  writes: WriteMessage[];
}

/** Each write stands for itself: one may fail while the others succeed. */
async function batchWrite(engine: Engine, request: BatchWriteRequest): Promise<object> {
  const database = engine.database(checkDatabaseName(request.database));
  const writes = await Promise.allSettled(
    request.writes.map(async (write) => decodeWrite(write, request.database)),
  );
  const paths = writes.flatMap((write) => (write.status === 'fulfilled' ? write.value.path : []));
  if (new Set(paths).size !== paths.length) {
    throw invalid('A batch write must not write to the same document twice.');
  }
  const outcomes = await Promise.allSettled(
    writes.map((write) =>
      write.status === 'fulfilled' ? database.commit([write.value]) : Promise.reject(write.reason as Error),
    ),
  );
  return {
    writeResults: outcomes.map((outcome) =>
      outcome.status === 'fulfilled' ? writeResult(outcome.value.results[0]!) : {},
    ),
    status: outcomes.map((outcome) =>
      outcome.status === 'fulfilled' ? { code: 0 } : statusOf(outcome.reason),
    ),
  };
}

interface CreateRequest {
  parent: string;
  collectionId: string;
  documentId: string;
  document?: DocumentMessage | null;
  mask?: MaskMessage | null;
}

async function createDocument(engine: Engine, request: CreateRequest): Promise<object> {
  if (request.document?.name)
    throw invalid('The document to be created must not have a name: give document_id.');
  const id = request.documentId || randomBytes(15).toString('base64url');
  const name = parseDocumentName(`${request.parent}/${request.collectionId}/${id}`);
  const fields = request.document?.fields ?? new Map<string, Value>();
  const write: Write = {
    kind: 'update',
    path: name.path,
    fields,
    transforms: [],
    precondition: { exists: false },
  };
  return writeAndReturn(engine.database(name.database), write, request.mask);
}

interface UpdateRequest {
  document?: DocumentMessage | null;
  updateMask?: MaskMessage | null;
  mask?: MaskMessage | null;
  currentDocument?: PreconditionMessage | null;
}

async function updateDocument(engine: Engine, request: UpdateRequest): Promise<object> {
  if (!request.document) throw invalid('The request has no document.');
  const name = parseDocumentName(request.document.name);
  const write: Write = {
    kind: 'update',
    path: name.path,
    fields: request.document.fields,
    mask: request.updateMask ? decodeMask(request.updateMask) : undefined,
    transforms: [],
    precondition: decodePrecondition(request.currentDocument),
  };
  return writeAndReturn(engine.database(name.database), write, request.mask);
}

async function writeAndReturn(
  database: EngineDatabase,
  write: Write,
  mask?: MaskMessage | null,
): Promise<object> {
  const { time } = await database.commit([write]);
  const document = database.data.get(write.path, time);
  if (!document) throw new FirestoreError('NOT_FOUND', `Document "${write.path}" was deleted meanwhile.`);
  return outgoing(database, document, mask ? decodeMask(mask) : undefined);
}

interface DeleteRequest {
  name: string;
  currentDocument?: PreconditionMessage | null;
}

async function deleteDocument(engine: Engine, request: DeleteRequest): Promise<object> {
  const name = parseDocumentName(request.name);
  const precondition = decodePrecondition(request.currentDocument);
  const write: Write = { kind: 'delete', path: name.path, fields: new Map(), transforms: [], precondition };
  await engine.database(name.database).commit([write]);
  return {};
}
