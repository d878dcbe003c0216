import descriptor from '@google-cloud/firestore-api/build/protos/protos.json' with { type: 'json' };
import protobuf from 'protobufjs';
import type { Reader, Type, Writer } from 'protobufjs';
import type { Document } from '../document/document.ts';
import { documentName } from '../document/resource-path.ts';
import { invalid } from '../errors.ts';
import {
  readArrayMessage,
  readEntry,
  readTimestamp,
  readValue,
  writeEntries,
  writeTimestamp,
  writeValue,
} from '../value/wire.ts';
import type { ByteWriter } from '../value/byte-writer.ts';
import { Timestamp, timestampFromMicros } from '../value/types.ts';
import type { MapValue, Micros, Value } from '../value/types.ts';

/*
 * The messages of google.firestore.v1 come from the descriptor that Google publishes with its client. Values, arrays,
 * timestamps and documents are replaced by the engine's own forms, so that a decoded request already holds them.
 */

/** A document as it comes in a request. */
export interface DocumentMessage {
  name: string;
  fields: MapValue;
}

/** A document as it goes out: `fields` when a mask hides some of it. */
export interface OutgoingDocument {
  database: string;
  document: Document;
  fields?: MapValue;
}

const SERVICE = 'google.firestore.v1.Firestore';
const root = protobuf.Root.fromJSON(neededPackages() as protobuf.INamespace);

// Google's description leaves it out, its web and mobile clients send it for what a transaction has only read.
root.lookupType('google.firestore.v1.Write').add(new protobuf.Field('verify', 5, 'string'));

function neededPackages() {
  const { google } = descriptor.nested;
  const {
    firestore,
    protobuf: wellKnown,
    rpc,
    type,
  } = google.nested as Record<string, unknown> & {
    firestore: { nested: Record<string, unknown> };
  };
  const { v1 } = firestore.nested;
  return {
    nested: { google: { nested: { protobuf: wellKnown, rpc, type, firestore: { nested: { v1 } } } } },
  };
}

function replace<T>(
  name: string,
  decode: (reader: Reader, length: number) => T,
  encode: (writer: ByteWriter, value: T) => void,
) {
  const type = root.lookupType(name).setup();
  Object.assign(type, {
    decode: (reader: Reader, length?: number) => decode(reader, length ?? reader.len),
    encode: (value: T, writer: ByteWriter) => {
      encode(writer, value);
      return writer;
    },
  });
}

replace<Value>('google.firestore.v1.Value', readValue, writeValue);
replace<Value[]>('google.firestore.v1.ArrayValue', readArrayMessage, () => {
  throw new Error('Array values only come in requests.');
});
replace<Timestamp>('google.protobuf.Timestamp', readTimestamp, writeTimestamp);
replace<DocumentMessage | OutgoingDocument>('google.firestore.v1.Document', readDocument, (writer, message) =>
  writeDocument(writer, message as OutgoingDocument),
);

function readDocument(reader: Reader, length: number): DocumentMessage {
  const end = reader.pos + length;
  if (end > reader.len) throw invalid('The request is malformed: a document is longer than its message.');
  const document: DocumentMessage = { name: '', fields: new Map() };
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === 10) document.name = reader.string();
    else if (tag === 18) readEntry(reader, document.fields, 0);
    else reader.skipType(tag & 7);
  }
  return document;
}

function writeDocument(writer: ByteWriter, { database, document, fields }: OutgoingDocument): void {
  writer.uint32(10).string(documentName(database, document.path));
  // The stored bytes are the map entries of field 2, tags included.
  if (fields) writeEntries(writer, fields, 2);
  else writer.raw(document.data);
  writeTime(writer, 3, document.createTime);
  writeTime(writer, 4, document.updateTime);
}

/** A document that is missing has no times. */
function writeTime(writer: ByteWriter, field: number, time: Micros): void {
  if (time === 0) return;
  writer.uint32((field << 3) | 2).fork();
  writeTimestamp(writer, timestampFromMicros(time));
  writer.ldelim();
}

export interface Method {
  path: string;
  decode: (bytes: Uint8Array) => unknown;
  encode: (message: object, writer: ByteWriter) => void;
}

/** The RPCs of the service by name. */
export function methods(): Map<string, Method> {
  const service = root.lookupService(SERVICE);
  return new Map(
    service.methodsArray.map((method) => {
      method.resolve();
      return [method.name, methodOf(method, method.resolvedRequestType!, method.resolvedResponseType!)];
    }),
  );
}

function methodOf(method: protobuf.Method, request: Type, response: Type): Method {
  return {
    path: `/${SERVICE}/${method.name}`,
    decode: (bytes) => request.decode(bytes),
    encode: (message, writer) => void response.encode(message, writer as unknown as Writer),
  };
}

export function timeMessage(time: Micros): Timestamp {
  return timestampFromMicros(time);
}
