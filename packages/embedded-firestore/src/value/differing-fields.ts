import { readerOf } from './byte-string.ts';
import type { ByteString } from './byte-string.ts';

/** The names of fields that one has and the other has not, or not with the same bytes. */
export function differingFields(a: ByteString, b: ByteString): Set<string> {
  const differing = new Set<string>();
  const inA = entriesOf(a);
  for (const [name, bytes] of entriesOf(b)) {
    if (inA.get(name) !== bytes) differing.add(name);
    inA.delete(name);
  }
  for (const name of inA.keys()) differing.add(name);
  return differing;
}

function entriesOf(data: ByteString): Map<string, ByteString> {
  const reader = readerOf(data);
  const entries = new Map<string, ByteString>();
  while (reader.pos < reader.len) {
    reader.uint32();
    const end = reader.uint32() + reader.pos;
    reader.uint32();
    entries.set(reader.string(), data.slice(reader.pos, end));
    reader.pos = end;
  }
  return entries;
}
