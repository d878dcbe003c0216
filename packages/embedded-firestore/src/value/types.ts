/** Seconds since 1970 and nanoseconds; the engine keeps microseconds, as Firestore does. */
export class Timestamp {
  readonly seconds: number;
  readonly nanos: number;

  constructor(seconds: number, nanos: number) {
    this.seconds = seconds;
    this.nanos = nanos;
  }
}

export class GeoPoint {
  readonly latitude: number;
  readonly longitude: number;

  constructor(latitude: number, longitude: number) {
    this.latitude = latitude;
    this.longitude = longitude;
  }
}

/** The full resource name of a document, possibly of another database. */
export class Reference {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** An embedding. On the wire it is a map with a reserved `__type__`; in order it is a type of its own. */
export class Vector {
  readonly values: readonly number[];

  constructor(values: readonly number[]) {
    this.values = values;
  }
}

export type MapValue = Map<string, Value>;

/** A Firestore integer is a bigint and a double is a number, so that 1 and 1.0 stay apart. */
export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | Timestamp
  | Reference
  | GeoPoint
  | Vector
  | Value[]
  | MapValue;

/** Microseconds since 1970: the engine's clock, exact as a JavaScript number until the year 2255. */
export type Micros = number;

export function timestampFromMicros(micros: Micros): Timestamp {
  const seconds = Math.floor(micros / 1e6);
  return new Timestamp(seconds, (micros - seconds * 1e6) * 1000);
}

export function microsFromTimestamp(timestamp: { seconds: number; nanos: number }): Micros {
  return timestamp.seconds * 1e6 + Math.floor(timestamp.nanos / 1000);
}
