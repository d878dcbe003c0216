import type { Subject } from './subject.ts';
import type { AtOnce, Sequential, Timed, Workload } from './workloads.ts';

/** So many operations one after the other, then it is the next engine's turn. */
export const STRETCH = 10;
/** What takes an engine longer is broken off. */
const MAX_SECONDS = 10;

/** Milliseconds per operation: on the clock, and of the CPU of the server's process. */
export type Measured = { time: number; cpu: number } | Error;

/** One round of a workload. */
export async function measure(
  { work }: Workload,
  subjects: readonly Subject[],
): Promise<Map<Subject, Measured>> {
  const measured = new Map<Subject, Measured>();
  const before = await usedCpu(subjects);
  const timed = typeof work === 'function' ? await oneByOne(subjects, work) : await inTurn(subjects, work);
  for (const [subject, taken] of timed) {
    if (taken instanceof Error) measured.set(subject, taken);
    else {
      const cpu = (await subject.ask('cpu')).cpu! - before.get(subject)!;
      measured.set(subject, { time: taken.milliseconds / taken.operations, cpu: cpu / taken.operations });
    }
  }
  return measured;
}

async function usedCpu(subjects: readonly Subject[]): Promise<Map<Subject, number>> {
  const used = new Map<Subject, number>();
  for (const subject of subjects) used.set(subject, (await subject.ask('cpu')).cpu!);
  return used;
}

async function oneByOne(subjects: readonly Subject[], work: AtOnce): Promise<Map<Subject, Timed | Error>> {
  const timed = new Map<Subject, Timed | Error>();
  for (const subject of subjects)
    timed.set(subject, await bounded(subject, work(subject)).catch((error: Error) => error));
  return timed;
}

async function inTurn(
  subjects: readonly Subject[],
  { steps, step }: Sequential,
): Promise<Map<Subject, Timed | Error>> {
  const timed = new Map<Subject, Timed | Error>(
    subjects.map((subject) => [subject, { milliseconds: 0, operations: steps }]),
  );
  for (let from = 0; from < steps; from += STRETCH) {
    for (const [subject, taken] of timed) {
      if (taken instanceof Error) continue;
      const start = performance.now();
      const stretch = async () => {
        for (let at = from; at < from + STRETCH; at++) await step(subject, at);
        taken.milliseconds += performance.now() - start;
      };
      await bounded(subject, stretch()).catch((error: Error) => timed.set(subject, error));
    }
  }
  return timed;
}

/** An engine that is broken off is started anew, without its data: it would go on with what it was given. */
export async function bounded<T>(subject: Subject, work: Promise<T>, seconds = MAX_SECONDS): Promise<T> {
  const tooLong = new Error(`not within ${seconds} s`);
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(tooLong), seconds * 1000);
  work.catch(() => undefined);
  try {
    return await Promise.race([work, promise]);
  } catch (error) {
    if (error === tooLong) await subject.replace();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
