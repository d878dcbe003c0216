import { jest } from '@jest/globals';
import { VerifiedTokens } from './verified-tokens.js';

const token = (id: string) => ({
  caller: { id, role: 'user' as const, sessionId: 's' },
  expiresAt: Date.now() + 1000,
});

describe('VerifiedTokens (U2)', () => {
  beforeEach(() => void jest.useFakeTimers({ now: 0 }));
  afterEach(() => void jest.useRealTimers());

  it('knows a token until it expires, and no other', () => {
    const tokens = new VerifiedTokens();
    tokens.remember('Bearer a.b.c', token('ada'));
    expect(tokens.find('Bearer a.b.c')?.caller.id).toBe('ada');
    expect(tokens.find('Bearer a.b.d')).toBeUndefined();
    jest.advanceTimersByTime(999);
    expect(tokens.find('Bearer a.b.c')).toBeDefined();
    jest.advanceTimersByTime(1);
    expect(tokens.find('Bearer a.b.c')).toBeUndefined();
  });

  it('forgets those longest unused rather than grow without bound', () => {
    const tokens = new VerifiedTokens();
    tokens.remember('used', token('ada'));
    tokens.remember('unused', token('grace'));
    for (let other = 0; other < 10_000; other++) {
      tokens.remember(`other ${other}`, token('other'));
      if (other % 1000 === 0) tokens.find('used');
    }
    expect(tokens.find('used')).toBeDefined();
    expect(tokens.find('unused')).toBeUndefined();
  });
});
