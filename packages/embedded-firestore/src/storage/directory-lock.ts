import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/**
 * Keeps a data directory to one process. SQLite's lock on an empty file is used because the system drops it when the
 * process dies, however it dies, and because it works alike on every platform; Node offers no file lock of its own.
 */
export class DirectoryLock {
  readonly #database: DatabaseSync;

  constructor(directory: string) {
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      this.#database = new DatabaseSync(join(directory, 'lock'), { timeout: 0 });
      this.#database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    } catch (error) {
      throw explain(directory, error);
    }
  }

  release(): void {
    this.#database.close();
  }
}

function explain(directory: string, error: unknown): Error {
  const message = error instanceof Error ? error.message : String(error);
  if (message.includes('database is locked')) {
    return new Error(
      `The data directory ${directory} is in use by another process. ` +
        'Stop that process, connect to it instead, or choose another directory.',
    );
  }
  return new Error(
    `The data directory ${directory} cannot be used: ${message}. Check that it is a directory you may write to.`,
  );
}
