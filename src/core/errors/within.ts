import { setTimeout as delay } from 'node:timers/promises';

/**
 * The result of work that may take so many milliseconds at most; it is not stopped, but no longer waited for.
 * @throws {Error} when the time is over
 */
export async function within<Result>(milliseconds: number, work: Promise<Result>): Promise<Result> {
  const done = new AbortController();
  const tooLong = delay(milliseconds, undefined, { signal: done.signal, ref: false }).then(() => {
    throw new Error(`No answer within ${milliseconds} ms.`);
  });
  try {
    return await Promise.race([work, tooLong]);
  } finally {
    done.abort();
  }
}
