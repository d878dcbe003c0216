import protobuf from 'protobufjs/minimal.js';
import type { Reader } from 'protobufjs';

/**
 * Bytes that are kept, as a string with one character for each. Views of shared buffers take nearly twice the memory: each
 * is an object of 104 bytes, and holds on to all else that was in its buffer.
 */
export type ByteString = string;

let scratch = Buffer.allocUnsafeSlow(4_096);

/** Reads what a string holds, until the next reader is asked for. */
export function readerOf(data: ByteString): Reader {
  if (data.length > scratch.length) scratch = Buffer.allocUnsafeSlow(data.length * 2);
  scratch.write(data, 'latin1');
  const reader = protobuf.Reader.create(scratch);
  reader.len = data.length;
  return reader;
}
