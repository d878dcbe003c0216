import type { Micros } from '../value/types.ts';

/** Hands out commit times that never repeat and never go back, even when the machine's clock does. */
export class Clock {
  #last: Micros = 0;

  /** A time after every time handed out before. */
  next(): Micros {
    this.#last = Math.max(wallClock(), this.#last + 1);
    return this.#last;
  }

  /** The present; later commits get later times. */
  now(): Micros {
    this.#last = Math.max(wallClock(), this.#last);
    return this.#last;
  }

  advanceTo(time: Micros): void {
    this.#last = Math.max(this.#last, time);
  }
}

/** The system's clock, which follows corrections, with the microseconds that it lacks. */
function wallClock(): Micros {
  return Date.now() * 1000 + Math.floor((performance.now() % 1) * 1000);
}
