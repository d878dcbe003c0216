import { closeSync, fdatasync, fstatSync, ftruncateSync, openSync, readSync, write } from 'node:fs';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { FirestoreError } from '../errors.ts';

/** How a log changes its file. Tests put one in its place that fails. */
export interface Disk {
  write(fd: number, bytes: Uint8Array, offset: number): Promise<{ bytesWritten: number }>;
  sync(fd: number): Promise<void>;
  truncate(fd: number, size: number): void;
}

const writeAsync = promisify(write);
export const systemDisk: Disk = {
  write: (fd, bytes, offset) => writeAsync(fd, bytes, offset, bytes.length - offset),
  sync: promisify(fdatasync),
  truncate: ftruncateSync,
};

const HEADER_BYTES = 8;
const MAX_RECORD_BYTES = 256 * 1024 * 1024;

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
  /** There may be a part of a record behind the last good one. */
  #isTorn = false;
  #pending: Pending[] = [];
  #flushing: Promise<void> | undefined;

  private constructor(fd: number, size: number, disk: Disk) {
    this.#fd = fd;
    this.#disk = disk;
    this.#size = size;
  }

  /** Opens or makes the file, hands its records to `replay` and cuts off what is not whole. */
  static open(path: string, replay: (record: Uint8Array) => void, disk = systemDisk): Log {
    const fd = openSync(path, 'a+', 0o600);
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
    this.#flushing ??= this.#flush();
    return promise;
  }

  async close(): Promise<void> {
    await this.#flushing;
    closeSync(this.#fd);
  }

  async #flush(): Promise<void> {
    // Commits that arrive in the same turn join this flush.
    await new Promise(setImmediate);
    while (this.#pending.length > 0) {
      const batch = this.#pending;
      this.#pending = [];
      try {
        this.#repair();
        const bytes = Buffer.concat(batch.map((pending) => frame(pending.bytes)));
        await this.#writeAll(bytes);
        await this.#disk.sync(this.#fd);
        this.#size += bytes.length;
        for (const { resolve } of batch) resolve();
      } catch (error) {
        this.#undo();
        for (const { reject } of batch) reject(notWritten(error));
      }
    }
    this.#flushing = undefined;
  }

  async #writeAll(bytes: Buffer): Promise<void> {
    let written = 0;
    while (written < bytes.length) {
      written += (await this.#disk.write(this.#fd, bytes, written)).bytesWritten;
    }
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
    this.#isTorn = false;
  }
}

function notWritten(error: unknown): FirestoreError {
  return new FirestoreError('UNAVAILABLE', `The commit could not be written to disk: ${String(error)}`);
}

function frame(record: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(HEADER_BYTES + record.length);
  framed.writeUInt32LE(record.length, 0);
  framed.writeUInt32LE(crc32(record), 4);
  framed.set(record, HEADER_BYTES);
  return framed;
}

/** Reads whole records and returns where the last of them ends. */
function readRecords(fd: number, size: number, replay: (record: Uint8Array) => void): number {
  const header = Buffer.alloc(HEADER_BYTES);
  let at = 0;
  while (at + HEADER_BYTES <= size) {
    readSync(fd, header, 0, HEADER_BYTES, at);
    const length = header.readUInt32LE(0);
    // Length 0 is never written: it is what a file system may leave behind a crash.
    if (length === 0 || length > MAX_RECORD_BYTES || at + HEADER_BYTES + length > size) return at;
    const record = Buffer.allocUnsafeSlow(length);
    readSync(fd, record, 0, length, at + HEADER_BYTES);
    if (crc32(record) !== header.readUInt32LE(4)) return at;
    replay(record);
    at += HEADER_BYTES + length;
  }
  return at;
}
