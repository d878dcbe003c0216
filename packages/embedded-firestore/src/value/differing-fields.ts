import protobuf from 'protobufjs/minimal.js';

/** The names of fields that one has and the other has not, or not with the same bytes. */
export function differingFields(a: Uint8Array, b: Uint8Array): Set<string> {
  const differing = new Set<string>();
  const inA = entriesOf(a);
  for (const [name, bytes] of entriesOf(b)) {
    if (!inA.get(name)?.equals(bytes)) differing.add(name);
    inA.delete(name);
  }
  for (const name of inA.keys()) differing.add(name);
  return differing;
}

function entriesOf(bytes: Uint8Array): Map<string, Buffer> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const reader = protobuf.Reader.create(bytes);
  const entries = new Map<string, Buffer>();
  while (reader.pos < reader.len) {
    reader.uint32();
    const end = reader.uint32() + reader.pos;
    reader.uint32();
    entries.set(reader.string(), buffer.subarray(reader.pos, end));
    reader.pos = end;
  }
  return entries;
}
