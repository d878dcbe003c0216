import protobuf from 'protobufjs/minimal.js';
import { Document } from '../document/document.ts';
import { ByteWriter } from '../value/byte-writer.ts';
import type { Micros } from '../value/types.ts';

/** One document in the log: as it is from now on, or gone. */
export interface LoggedDocument {
  path: string;
  document: Document | undefined;
}

/** A commit of the log, or a part of a snapshot: both say how documents are at a time. */
export interface LogRecord {
  database: string;
  time: Micros;
  documents: LoggedDocument[];
}

const writer = new ByteWriter();

export function encodeRecord({ database, time, documents }: LogRecord): Uint8Array {
  writer.reset().string(database).double(time);
  for (const { path, document } of documents) {
    writer.string(path).bool(document !== undefined);
    if (!document) continue;
    const { createTime, updateTime, data } = document;
    writer.double(createTime).double(updateTime).uint32(data.length).raw(data);
  }
  return writer.finish();
}

export function decodeRecord(bytes: Uint8Array): LogRecord {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const reader = protobuf.Reader.create(buffer);
  const database = reader.string();
  const time = reader.double();
  const documents: LoggedDocument[] = [];
  while (reader.pos < reader.len) {
    const path = reader.string();
    if (!reader.bool()) {
      documents.push({ path, document: undefined });
      continue;
    }
    const createTime = reader.double();
    const updateTime = reader.double();
    const length = reader.uint32();
    const data = buffer.toString('latin1', reader.pos, reader.pos + length);
    reader.skip(length);
    documents.push({ path, document: new Document(path, data, createTime, updateTime) });
  }
  return { database, time, documents };
}
