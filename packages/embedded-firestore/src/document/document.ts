import { decodeFields, decodeSomeFields, encodeFields } from '../value/wire.ts';
import type { ByteString } from '../value/byte-string.ts';
import type { MapValue, Micros } from '../value/types.ts';
import { pathKey } from './resource-path.ts';

/**
 * One version of a document. The fields are kept as the bytes they travel in: a get copies them to the wire, and only
 * filters, transforms and index builds pay for decoding.
 */
export class Document {
  readonly path: string;
  readonly data: ByteString;
  readonly createTime: Micros;
  readonly updateTime: Micros;

  constructor(path: string, data: ByteString, createTime: Micros, updateTime: Micros) {
    this.path = path;
    this.data = data;
    this.createTime = createTime;
    this.updateTime = updateTime;
  }

  static of(path: string, fields: MapValue, createTime: Micros, updateTime: Micros): Document {
    return new Document(path, encodeFields(fields), createTime, updateTime);
  }

  /** The order-preserving key of the path, which orders documents by name. */
  get key(): string {
    return pathKey(this.path);
  }

  /** The fields of these names only: for many documents in a row. */
  someFields(names: ReadonlySet<string>): MapValue {
    return decodeSomeFields(this.data, names);
  }

  /** Decoded anew at each call: keep the result if it is needed twice. */
  fields(): MapValue {
    return decodeFields(this.data);
  }
}
