import { fdatasync, fdatasyncSync, ftruncateSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';

/** How a log changes its file. Tests put one in its place that fails. */
export interface Disk {
  /** Writes all the bytes and has them on the disk: when it returns or, if it gives a promise, when that resolves. */
  flush(fd: number, bytes: Uint8Array, position: number): Promise<void> | void;
  truncate(fd: number, size: number): void;
}

const QUICK_MS = 3;
const SLOW_FOR_MS = 100;
/** How much the last flush counts: one that other processes hold up does not make the disk a slow one. */
const WEIGHT = 0.2;
const syncElsewhere = promisify(fdatasync);
let usualMs = 0;
let slowUntil = 0;

/**
 * The file system. To hand a flush to another thread and wait for it takes twice the time and the CPU of the flush itself
 * where the disk is quick (245 and 108 µs against 127 and 47), so it is done here. Once that takes long, another thread
 * does it for a while: a slow disk holds up reads now and then only.
 */
export const systemDisk: Disk = {
  flush(fd, bytes, position) {
    for (let done = 0; done < bytes.length;)
      done += writeSync(fd, bytes, done, bytes.length - done, position + done);
    const started = performance.now();
    if (started < slowUntil) return syncElsewhere(fd);
    fdatasyncSync(fd);
    const finished = performance.now();
    usualMs += WEIGHT * (finished - started - usualMs);
    if (usualMs > QUICK_MS) slowUntil = finished + SLOW_FOR_MS;
  },
  truncate: ftruncateSync,
};
