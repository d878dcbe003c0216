const SWEEP_MS = 50;

interface Timed {
  readonly hasEnded: boolean;
  expire(): void;
}

/**
 * The calls that have a deadline, looked through every now and then. A timer for each would cost more than many a call:
 * nearly all are answered long before. A client keeps its deadlines itself; this frees what the call holds here.
 */
export class Deadlines {
  readonly #calls = new Map<Timed, number>();
  #timer: NodeJS.Timeout | undefined;

  add(call: Timed, milliseconds: number): void {
    this.#calls.set(call, performance.now() + milliseconds);
    this.#timer ??= setInterval(() => this.#sweep(), SWEEP_MS).unref();
  }

  delete(call: Timed): void {
    this.#calls.delete(call);
  }

  #sweep(): void {
    const now = performance.now();
    for (const [call, deadline] of this.#calls) {
      if (call.hasEnded) this.#calls.delete(call);
      else if (deadline <= now) call.expire();
    }
    if (this.#calls.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
