import type { ThrottlerStorage } from '@nestjs/throttler';

interface Window {
  hits: number;
  /** Milliseconds since the epoch. */
  endsAt: number;
}

/** More callers than this in one window evict the oldest: memory stays bounded under a flood of addresses. */
const MAX_WINDOWS = 100_000;

export type Hit = Awaited<ReturnType<ThrottlerStorage['increment']>>;

/** Counts hits per key in fixed windows: one number a key, so that a hit costs the same whatever the limit. */
export class FixedWindowStorage implements ThrottlerStorage {
  private readonly windows = new Map<string, Window>();

  /** {@link hit}, as the interface of storages elsewhere has it. */
  increment(key: string, ttl: number, limit: number): Promise<Hit> {
    return Promise.resolve(this.hit(key, ttl, limit));
  }

  /** @param ttl length of the window, in milliseconds */
  hit(key: string, ttl: number, limit: number): Hit {
    const now = Date.now();
    let window = this.windows.get(key);
    if (!window || window.endsAt <= now) {
      window = { hits: 0, endsAt: now + ttl };
      this.windows.delete(key);
      this.makeRoom(now);
      this.windows.set(key, window);
    }
    window.hits += 1;
    const timeToExpire = Math.ceil((window.endsAt - now) / 1000);
    return {
      totalHits: window.hits,
      timeToExpire,
      isBlocked: window.hits > limit,
      timeToBlockExpire: timeToExpire,
    };
  }

  /** Insertion order is age: the first entries end first, or nearly so. */
  private makeRoom(now: number): void {
    for (const [key, window] of this.windows) {
      if (window.endsAt > now && this.windows.size < MAX_WINDOWS) return;
      this.windows.delete(key);
    }
  }
}
