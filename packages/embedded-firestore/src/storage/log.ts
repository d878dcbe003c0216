import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { FirestoreError } from '../errors.ts';
import { systemDisk } from './disk.ts';
import type { Disk } from './disk.ts';

const HEADER_BYTES = 8;
const MAX_RECORD_BYTES = 256 * 1024 * 1024;
/** Zeros written ahead of small records: a flush that does not make the file longer is a third cheaper. */
const ROOM_BYTES = 256 * 1024;
const SMALL_BYTES = ROOM_BYTES / 8;

interface Pending {
  bytes: Uint8Array;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/**
 * An append-only file of records, each with its length and checksum. What is appended while the disk is busy goes out
 * together with the next flush, so many commits share the cost of one.
 */
export class Log {
  readonly #fd: number;
  readonly #disk: Disk;
  #size: number;
  /** Where the zeros behind the last record end. */
  #end: number;
  /** There may be a part of a record behind the last good one. */
  #isTorn = false;
  #pending: Pending[] = [];
  #isBusy = false;
  #last: Promise<void> = Promise.resolve();

  private constructor(fd: number, size: number, disk: Disk) {
    this.#fd = fd;
    this.#disk = disk;
    this.#size = size;
    this.#end = size;
  }

  /** Opens or makes the file, hands its records to `replay` and cuts off what is not whole. */
  static open(path: string, replay: (record: Uint8Array) => void, disk = systemDisk): Log {
    const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    try {
      const { size } = fstatSync(fd);
      const good = readRecords(fd, size, replay);
      if (good < size) ftruncateSync(fd, good);
      return new Log(fd, good, disk);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  get size(): number {
    return this.#size;
  }

  /** Resolves when the record is on the disk. Records are written in the order of the calls. */
  append(record: Uint8Array): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#pending.push({ bytes: record, resolve, reject });
    this.#last = promise;
    // Commits that arrive in the same turn join this flush.
    if (!this.#isBusy) setImmediate(() => this.#flush());
    this.#isBusy = true;
    return promise;
  }

  async close(): Promise<void> {
    await this.#last.catch(() => undefined);
    if (this.#end > this.#size) ftruncateSync(this.#fd, this.#size);
    closeSync(this.#fd);
  }

  /** Without promises where the disk needs none: this is done for each commit that comes alone. */
  #flush(): void {
    const batch = this.#pending;
    this.#pending = [];
    try {
      this.#repair();
      const later = this.#write(batch);
      if (!later) return this.#written(batch);
      later.then(
        () => this.#written(batch),
        (error: unknown) => this.#failed(batch, error),
      );
    } catch (error) {
      this.#failed(batch, error);
    }
  }

  /** Records that are small and find no room get it for those that follow as well. */
  #write(batch: readonly Pending[]): Promise<void> | void {
    const length = lengthOf(batch);
    const isRoomWanted = length <= SMALL_BYTES && this.#size + length > this.#end;
    const bytes = isRoomWanted ? Buffer.alloc(ROOM_BYTES) : Buffer.allocUnsafe(length);
    let at = 0;
    for (const pending of batch) at = frame(pending.bytes, bytes, at);
    this.#end = Math.max(this.#end, this.#size + bytes.length);
    return this.#disk.flush(this.#fd, bytes, this.#size);
  }

  #written(batch: readonly Pending[]): void {
    this.#size += lengthOf(batch);
    for (const { resolve } of batch) resolve();
    this.#goOn();
  }

  #failed(batch: readonly Pending[], error: unknown): void {
    this.#undo();
    for (const { reject } of batch) reject(notWritten(error));
    this.#goOn();
  }

  #goOn(): void {
    this.#isBusy = this.#pending.length > 0;
    if (this.#isBusy) this.#flush();
  }

  #undo(): void {
    this.#isTorn = true;
    try {
      this.#repair();
    } catch {
      // The next flush tries again before it writes.
    }
  }

  /** A half-written record must not stand before later ones: a start would cut them off with it. */
  #repair(): void {
    if (!this.#isTorn) return;
    this.#disk.truncate(this.#fd, this.#size);
    this.#end = this.#size;
    this.#isTorn = false;
  }
}

function notWritten(error: unknown): FirestoreError {
  return new FirestoreError('UNAVAILABLE', `The commit could not be written to disk: ${String(error)}`);
}

function lengthOf(batch: readonly Pending[]): number {
  return batch.reduce((sum, { bytes }) => sum + HEADER_BYTES + bytes.length, 0);
}

/** Puts a record with its header at a place, and tells where it ends. */
function frame(record: Uint8Array, into: Buffer, at: number): number {
  into.writeUInt32LE(record.length, at);
  into.writeUInt32LE(crc32(record), at + 4);
  into.set(record, at + HEADER_BYTES);
  return at + HEADER_BYTES + record.length;
}

/** Reads whole records and returns where the last of them ends. */
function readRecords(fd: number, size: number, replay: (record: Uint8Array) => void): number {
  const header = Buffer.alloc(HEADER_BYTES);
  let at = 0;
  while (at + HEADER_BYTES <= size) {
    readSync(fd, header, 0, HEADER_BYTES, at);
    const length = header.readUInt32LE(0);
    // Length 0 is never written: it is what a file system may leave behind a crash, and the room.
    if (length === 0 || length > MAX_RECORD_BYTES || at + HEADER_BYTES + length > size) return at;
    const record = Buffer.allocUnsafeSlow(length);
    readSync(fd, record, 0, length, at + HEADER_BYTES);
    if (crc32(record) !== header.readUInt32LE(4)) return at;
    replay(record);
    at += HEADER_BYTES + length;
  }
  return at;
}
