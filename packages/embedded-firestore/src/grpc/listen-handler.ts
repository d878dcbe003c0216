import { checkDatabaseName, documentName } from '../document/resource-path.ts';
import type { Engine, EngineDatabase } from '../engine.ts';
import { FirestoreError, invalid, unimplemented } from '../errors.ts';
import { Listener } from '../listen/listener.ts';
import type { AddTarget, ListenEvent } from '../listen/listener.ts';
import { microsFromTimestamp } from '../value/types.ts';
import type { Micros, Timestamp } from '../value/types.ts';
import type { Call } from './call.ts';
import { decodePlainQuery } from './decode-query.ts';
import { pathWithin } from './decode-write.ts';
import { MessageWriter } from './framing.ts';
import { isSent } from './messages.ts';
import type { StructuredQueryMessage } from './messages.ts';
import { timeMessage } from './protocol.ts';
import type { Method } from './protocol.ts';
import { statusOf } from './status.ts';

interface TargetMessage {
  query?: { parent: string; structuredQuery?: StructuredQueryMessage | null } | null;
  documents?: { documents: string[] } | null;
  resumeToken?: Uint8Array;
  readTime?: Timestamp | null;
  targetId: number;
  once: boolean;
}

interface ListenRequest {
  database: string;
  addTarget?: TargetMessage | null;
  removeTarget?: number;
}

const TARGET_CHANGE = { added: 1, removed: 2, current: 3, reset: 4 } as const;

/** Serves one Listen stream: targets come and go while events flow the other way. */
export function listen(engine: Engine, call: Call, method: Method): void {
  const writer = new MessageWriter(method.encode);
  let listener: Listener | undefined;
  let database: EngineDatabase | undefined;
  call.start();
  call.onDrained(() => listener?.resume());
  call.onClosed(() => listener?.close());
  call.receive(
    (bytes) => {
      const request = method.decode(bytes) as ListenRequest;
      database ??= engine.database(checkDatabaseName(request.database));
      listener ??= newListener(database, call, writer);
      if (request.addTarget) addTarget(listener, database, request.addTarget);
      else if (isSent(request, 'removeTarget')) listener.remove(request.removeTarget!);
      else throw invalid('A listen request must add or remove a target.');
    },
    () => {
      listener?.close();
      call.end();
    },
  );
}

function newListener(database: EngineDatabase, call: Call, writer: MessageWriter): Listener {
  return new Listener(database, (event) => {
    writer.add(messageOf(event, database));
    return call.write(writer.take());
  });
}

/** A target that cannot be listened to is refused by itself; the other targets of the stream go on. */
function addTarget(listener: Listener, database: EngineDatabase, message: TargetMessage): void {
  try {
    listener.add(decodeTarget(message, database));
  } catch (error) {
    if (!(error instanceof FirestoreError)) throw error;
    listener.refuse(message.targetId, error);
  }
}

function decodeTarget(message: TargetMessage, database: EngineDatabase): AddTarget {
  const { targetId: id, once } = message;
  const since = message.readTime ? microsFromTimestamp(message.readTime) : decodeToken(message.resumeToken);
  const rest = { id, once, ...(since !== undefined && { since }) };
  if (message.documents) {
    const paths = message.documents.documents.map((name) => pathWithin(name, database.data.name));
    return { spec: { paths }, ...rest };
  }
  if (!message.query) throw unimplemented('A target other than query and documents');
  const query = decodePlainQuery(message.query.parent, message.query.structuredQuery);
  if (query.database !== database.data.name)
    throw invalid('The query is of another database than the stream.');
  const { collectionId, allDescendants, parent } = query.from;
  if (collectionId === undefined || (allDescendants && parent !== ''))
    throw invalid('All collections, or everything below a document, cannot be listened to.');
  database.checkIndexes(query);
  return { spec: { query }, ...rest };
}

/** A resume token is the time of the snapshot it came with. */
function encodeToken(time: Micros): Buffer {
  const token = Buffer.alloc(8);
  token.writeDoubleBE(time);
  return token;
}

function decodeToken(token: Uint8Array | undefined): Micros | undefined {
  if (!token || token.length === 0) return undefined;
  if (token.length !== 8) throw invalid('The resume token is not one of this server.');
  return Buffer.from(token).readDoubleBE();
}

function messageOf(event: ListenEvent, database: EngineDatabase): object {
  const { name } = database.data;
  switch (event.kind) {
    case 'added':
    case 'reset':
      return { targetChange: { targetChangeType: TARGET_CHANGE[event.kind], targetIds: [event.target] } };
    case 'removed': {
      const cause = event.cause && statusOf(event.cause);
      return {
        targetChange: {
          targetChangeType: TARGET_CHANGE.removed,
          targetIds: [event.target],
          ...(cause && { cause }),
        },
      };
    }
    case 'current':
      return {
        targetChange: {
          targetChangeType: TARGET_CHANGE.current,
          targetIds: [event.target],
          ...asOf(event.time),
        },
      };
    case 'snapshot':
      return { targetChange: asOf(event.time) };
    case 'count':
      return { filter: { targetId: event.target, count: event.count } };
    case 'document': {
      const document = { database: name, document: event.document };
      return { documentChange: { document, targetIds: event.targets, removedTargetIds: event.left } };
    }
    case 'gone':
      return goneMessage(event, name);
  }
}

function goneMessage(event: Extract<ListenEvent, { kind: 'gone' }>, database: string): object {
  const { path, targets, time } = event;
  const gone = {
    document: documentName(database, path),
    removedTargetIds: targets,
    readTime: timeMessage(time),
  };
  return event.deleted ? { documentDelete: gone } : { documentRemove: gone };
}

function asOf(time: Micros): object {
  return { readTime: timeMessage(time), resumeToken: encodeToken(time) };
}
