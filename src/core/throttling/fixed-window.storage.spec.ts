import { jest } from '@jest/globals';
import { FixedWindowStorage } from './fixed-window.storage.js';

const MINUTE = 60_000;

describe('FixedWindowStorage (O1)', () => {
  beforeEach(() => void jest.useFakeTimers({ now: 0 }));
  afterEach(() => void jest.useRealTimers());

  it('counts per key and blocks above the limit', async () => {
    const storage = new FixedWindowStorage();
    const hit = (key: string) => storage.increment(key, MINUTE, 2);
    expect(await hit('a')).toMatchObject({ totalHits: 1, isBlocked: false });
    expect(await hit('a')).toMatchObject({ totalHits: 2, isBlocked: false });
    expect(await hit('a')).toMatchObject({ totalHits: 3, isBlocked: true, timeToBlockExpire: 60 });
    expect(await hit('b')).toMatchObject({ totalHits: 1, isBlocked: false });
  });

  it('starts anew when the window ends', async () => {
    const storage = new FixedWindowStorage();
    await storage.increment('a', MINUTE, 1);
    jest.advanceTimersByTime(MINUTE - 1);
    expect(await storage.increment('a', MINUTE, 1)).toMatchObject({ isBlocked: true, timeToExpire: 1 });
    jest.advanceTimersByTime(1);
    expect(await storage.increment('a', MINUTE, 1)).toMatchObject({ totalHits: 1, timeToExpire: 60 });
  });

  it('forgets the oldest callers rather than grow without bound', async () => {
    const storage = new FixedWindowStorage();
    for (let caller = 0; caller <= 100_000; caller++) await storage.increment(String(caller), MINUTE, 1);
    expect(await storage.increment('100000', MINUTE, 1)).toMatchObject({ totalHits: 2 });
    expect(await storage.increment('0', MINUTE, 1)).toMatchObject({ totalHits: 1 });
  });
});
