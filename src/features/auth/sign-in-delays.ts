import { createHmac } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { normalizeIp } from '@nestjs/throttler';
import { Keys } from '../../core/auth/keys.js';
import { InjectRepository } from '../../core/firestore/inject-repository.decorator.js';
import { Repository } from '../../core/firestore/repository.js';
import { Transactions } from '../../core/firestore/transactions.js';
import { normalizeEmail } from '../users/users.service.js';
import { TooManyFailures } from './auth.errors.js';
import { SignInDelay } from './sign-in-delay.document.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

interface Policy {
  /** So many may fail without a delay; after each further one the delay doubles. */
  free: number;
  first: number;
  longest: number;
}

/** In milliseconds. `docs/sign-in.md` explains the choice. */
const POLICIES = {
  /** One address at one account. */
  pair: { free: 5, first: SECOND, longest: 15 * MINUTE },
  /** All strangers at one account. Short: its owner, when he comes from a new address, is a stranger too. */
  account: { free: 10, first: SECOND, longest: MINUTE },
  /** One address at all accounts. Many people may share it. */
  address: { free: 50, first: SECOND, longest: 15 * MINUTE },
  /** Mail that anybody can have sent to one account. */
  mail: { free: 3, first: MINUTE, longest: 60 * MINUTE },
} satisfies Record<string, Policy>;
type Kind = keyof typeof POLICIES;

const FORGET_AFTER = DAY;
const KNOWN_FOR = 90 * DAY;

/** An attempt that counts as failed until it is known to have succeeded. */
export interface Attempt {
  email: string;
  address: string;
  /** Whether somebody has signed in to the account from this address before. */
  isKnown: boolean;
  /** Of late, this one included: of the pair if it is known, else of all strangers at the account. */
  failures: number;
}

/**
 * Growing delays after failed sign-ins, per account and per address, for e-mails that have an account and for those that
 * have none. Counted in Firestore: they hold for all instances, and for attempts that are made at once.
 */
@Injectable()
export class SignInDelays {
  private readonly key: Buffer;

  constructor(
    @InjectRepository(SignInDelay) private readonly delays: Repository<SignInDelay>,
    private readonly transactions: Transactions,
    keys: Keys,
  ) {
    this.key = keys.derive('sign-in-delays', 32);
  }

  /**
   * Counts an attempt as failed before anybody looks at its password, so that of a hundred at once no more get through
   * than one after the other. Where an account was signed in to before, strangers' failures do not count: they cannot
   * lock its owner out.
   * @throws {TooManyFailures} if it comes too early; then it does not count
   */
  begin(email: string, address: string): Promise<Attempt> {
    return this.transactions.run({ readOnly: false, maxAttempts: 10 }, async () => {
      const now = Date.now();
      const kinds = ['pair', 'account', 'address'] as const;
      const found = await this.delays.findMany(kinds.map((kind) => this.idOf(kind, email, address)));
      const isKnown = (found[0]?.knownUntil?.getTime() ?? 0) > now;
      const counted = isKnown ? kinds.slice(0, 1) : kinds;
      const waits = counted.map((kind, index) => waitOf(POLICIES[kind], found[index], now));
      if (Math.max(...waits) > 0) throw new TooManyFailures(Math.max(...waits));
      const failures = counted.map((kind, index) =>
        this.count(this.idOf(kind, email, address), found[index], now),
      );
      return { email, address, isKnown, failures: failures[isKnown ? 0 : 1]! };
    });
  }

  /** Takes the attempt back, in the running writing transaction: it was no failure. */
  async succeed({ email, address, isKnown }: Attempt): Promise<void> {
    this.trust(email, address);
    if (isKnown) return;
    // No more than its own: else an attacker's sign-in to an account of his would forgive his other guesses.
    const ids = (['account', 'address'] as const).map((kind) => this.idOf(kind, email, address));
    for (const delay of await this.delays.findMany(ids)) if (delay && delay.failures > 0) delay.failures -= 1;
  }

  /** Makes the address known to the account, in the running writing transaction. */
  trust(email: string, address: string): void {
    const knownUntil = new Date(Date.now() + KNOWN_FOR);
    const id = this.idOf('pair', email, address);
    this.delays.upsert({ id, failures: 0, lastAt: new Date(), knownUntil, expiresAt: knownUntil });
  }

  /** Whether mail may go to the account now; counts it if so. In the running writing transaction. */
  async mayMail(email: string): Promise<boolean> {
    const now = Date.now();
    const id = this.idOf('mail', email);
    const delay = await this.delays.find(id);
    if (waitOf(POLICIES.mail, delay, now) > 0) return false;
    this.count(id, delay, now);
    return true;
  }

  /** @returns the failures, this one included */
  private count(id: string, found: SignInDelay | undefined, now: number): number {
    const failures = failuresOf(found, now) + 1;
    const [lastAt, forgottenAt] = [new Date(now), new Date(now + FORGET_AFTER)];
    const { knownUntil } = found ?? {};
    const expiresAt = knownUntil && knownUntil > forgottenAt ? knownUntil : forgottenAt;
    this.delays.upsert({ id, failures, lastAt, expiresAt });
    return failures;
  }

  private idOf(kind: Kind, email: string, address = ''): string {
    const account = kind === 'address' ? '' : normalizeEmail(email);
    const origin = kind === 'account' ? '' : normalizeIp(address);
    const name = JSON.stringify([kind, account, origin]);
    return createHmac('sha256', this.key).update(name).digest('base64url');
  }
}

function failuresOf(delay: SignInDelay | undefined, now: number): number {
  return delay && delay.lastAt.getTime() + FORGET_AFTER > now ? delay.failures : 0;
}

/** Milliseconds. */
function waitOf({ free, first, longest }: Policy, delay: SignInDelay | undefined, now: number): number {
  const excess = failuresOf(delay, now) - free;
  if (!delay || excess < 0) return 0;
  return delay.lastAt.getTime() + Math.min(longest, first * 2 ** excess) - now;
}
