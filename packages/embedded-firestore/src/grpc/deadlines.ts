/** What a timer of Node can wait for at most. */
const MAX_WAIT_MS = 2 ** 31 - 1;

interface Timed {
  readonly hasEnded: boolean;
  expire(): void;
}

/**
 * The calls that have a deadline, and one timer for the earliest of them: it goes off when that call has been answered
 * long ago, once in many calls. A timer for each would cost more than many a call, and so would looking through them every
 * now and then, because a thread that wakes finds nothing of its own in the processor's caches.
 */
export class Deadlines {
  readonly #calls = new Map<Timed, number>();
  #timer: NodeJS.Timeout | undefined;
  /** When the timer goes off. */
  #next = Infinity;

  add(call: Timed, milliseconds: number): void {
    const deadline = performance.now() + milliseconds;
    this.#calls.set(call, deadline);
    if (deadline < this.#next) this.#wakeAt(deadline);
  }

  delete(call: Timed): void {
    this.#calls.delete(call);
  }

  #wakeAt(deadline: number): void {
    clearTimeout(this.#timer);
    this.#next = deadline;
    const wait = Math.min(MAX_WAIT_MS, Math.max(0, Math.ceil(deadline - performance.now())));
    this.#timer = setTimeout(() => this.#look(), wait).unref();
  }

  #look(): void {
    this.#next = Infinity;
    const now = performance.now();
    let earliest = Infinity;
    for (const [call, deadline] of this.#calls) {
      if (call.hasEnded) this.#calls.delete(call);
      else if (deadline <= now) call.expire();
      else earliest = Math.min(earliest, deadline);
    }
    if (earliest < Infinity) this.#wakeAt(earliest);
  }
}
