import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Database } from './database.ts';
import { Log } from './log.ts';
import type { Disk } from './disk.ts';
import { encodeRecord } from './record.ts';
import type { LoggedDocument } from './record.ts';

const BYTES_PER_RECORD = 256 * 1024;

/** Writes all documents of a moment beside the file that is in use, and puts it in place when it is whole. */
export async function writeSnapshot(
  path: string,
  databases: readonly Database[],
  disk?: Disk,
): Promise<void> {
  const unfinished = `${path}.unfinished`;
  rmSync(unfinished, { force: true });
  const log = Log.open(unfinished, () => undefined, disk);
  try {
    for (const [name, documents] of batches(databases)) {
      const time = Math.max(...documents.map(({ document }) => document!.updateTime));
      // One record at a time: commits go on in between.
      await log.append(encodeRecord({ database: name, time, documents }));
    }
  } catch (error) {
    rmSync(unfinished);
    throw error;
  } finally {
    await log.close();
  }
  renameSync(unfinished, path);
  syncDirectory(dirname(path));
}

/** The state of now, taken before anything else runs: documents never change, only their places do. */
function batches(databases: readonly Database[]): [string, LoggedDocument[]][] {
  const all: [string, LoggedDocument[]][] = [];
  for (const database of databases) {
    let batch: LoggedDocument[] = [];
    let bytes = 0;
    for (const document of database.everything()) {
      batch.push({ path: document.path, document });
      bytes += document.data.length + document.path.length;
      if (bytes < BYTES_PER_RECORD) continue;
      all.push([database.name, batch]);
      [batch, bytes] = [[], 0];
    }
    if (batch.length > 0) all.push([database.name, batch]);
  }
  return all;
}

export function syncDirectory(directory: string): void {
  const fd = openSync(directory, 'r');
  fsyncSync(fd);
  closeSync(fd);
}
