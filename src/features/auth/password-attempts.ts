import { Injectable } from '@nestjs/common';
import { Transactions } from '../../core/firestore/transactions.js';
import { AuditService } from '../audit/audit.service.js';
import type { User } from '../users/users.service.js';
import { Passwords } from './passwords.js';
import { type Attempt, SignInDelays } from './sign-in-delays.js';

/** Whose password somebody claims to know, and from where. */
export interface Claim {
  email: string;
  password: string;
  address: string;
}

/** Verifies passwords that people present: delayed after failures, which are recorded. */
@Injectable()
export class PasswordAttempts {
  constructor(
    private readonly passwords: Passwords,
    private readonly delays: SignInDelays,
    private readonly transactions: Transactions,
    private readonly audit: AuditService,
  ) {}

  /**
   * Does the same work, and so takes as long, whether or not there is a user.
   * @returns undefined if the password is wrong; else what to `succeed` in the transaction that acts on it
   * @throws {TooManyFailures}
   */
  async verify(user: User | undefined, { email, password, address }: Claim): Promise<Attempt | undefined> {
    const attempt = await this.delays.begin(email, address);
    if (await this.passwords.verify(user?.passwordHash, password)) return attempt;
    await this.transactions.run({ readOnly: false }, async () => this.recordFailure(attempt, user?.id));
    return undefined;
  }

  /** The first, second, fourth, eighth ... of a row: a flood of guesses is no flood of entries. */
  private recordFailure({ failures }: Attempt, userId: string | undefined): void {
    const isPowerOfTwo = (failures & (failures - 1)) === 0;
    if (!isPowerOfTwo) return;
    this.audit.record({ action: 'sign_in.failed', userId, details: { failures: String(failures) } });
  }
}
