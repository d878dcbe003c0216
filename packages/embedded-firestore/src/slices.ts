/** Work that may be interrupted wherever it yields. */
export type Work<T> = Generator<void, T>;

const SLICE_MS = 10;
let latest: Promise<void> = Promise.resolve();

/**
 * A turn of the event loop in which nobody else does a slice: however many work, the others wait for one of them. It is the
 * second from now: answers leave at the end of a turn, and those of the next one are not to wait for a slice.
 */
export function nextTurn(): Promise<void> {
  latest = latest.then(turn).then(turn);
  return latest;
}

function turn(): Promise<void> {
  return new Promise(setImmediate);
}

/** Does all of it at once. */
export function atOnce<T>(work: Work<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

/** Does it in short slices, between which other requests are answered; `check` throws if it must not go on. */
export async function inSlices<T>(work: Work<T>, check: () => void = () => undefined): Promise<T> {
  for (;;) {
    await nextTurn();
    check();
    const end = performance.now() + SLICE_MS;
    do {
      const step = work.next();
      if (step.done) return step.value;
    } while (performance.now() < end);
  }
}
