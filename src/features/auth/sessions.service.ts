import { randomUUIDv7 } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import { Revocations } from '../../core/auth/revocations.js';
import { hashOf, matches } from '../../core/auth/token-hash.js';
import { InjectRepository } from '../../core/firestore/inject-repository.decorator.js';
import { Repository } from '../../core/firestore/repository.js';
import { Transactions } from '../../core/firestore/transactions.js';
import { AuditService, LONGEST_USER_AGENT } from '../audit/audit.service.js';
import { RecentSignInRequired } from '../users/users.errors.js';
import { SessionNotFound } from './auth.errors.js';
import { RefreshTokens } from './refresh-tokens.js';
import { Session } from './session.document.js';

/** Who signs in from where. */
export interface Client {
  userAgent: string;
  address: string;
}

/** A session and the refresh token that its client gets; only a hash of it is stored. */
export interface OpenSession {
  session: Pick<Session, 'id' | 'userId'>;
  refreshToken: string;
}

/** For so long the token before the current one still holds: the other tab, or a client whose answer got lost. */
const GRACE_MILLISECONDS = 10_000;
const RECENT_MILLISECONDS = 15 * 60_000;
/** Of one user. A client that signs in each time it starts must not make the list endless. */
const MOST_SESSIONS = 100;

/** The sign-ins. What writes wants a writing transaction around it. */
@Injectable()
export class SessionsService {
  constructor(
    @InjectRepository(Session) private readonly sessions: Repository<Session>,
    private readonly tokens: RefreshTokens,
    private readonly revocations: Revocations,
    private readonly transactions: Transactions,
    private readonly audit: AuditService,
    private readonly settings: Settings,
  ) {}

  /** Beyond a hundred, those of the user that were not used for longest end. */
  open(userId: string, { userAgent, address }: Client): OpenSession {
    const id = randomUUIDv7();
    const refreshToken = this.tokens.create(id);
    this.sessions.create({
      id,
      userId,
      tokenHash: hashOf(refreshToken),
      expiresAt: this.expiry(),
      userAgent: userAgent.slice(0, LONGEST_USER_AGENT),
      address,
    });
    this.transactions.afterCommit(() => this.endBeyondLimit(userId));
    return { session: { id, userId }, refreshToken };
  }

  /**
   * Exchanges a refresh token for its successor. One that was exchanged before is in two hands, and nobody can tell
   * which of them is the thief's: the session ends.
   * @returns undefined if the token does not hold. To be committed all the same: the session may have ended just now.
   */
  async rotate(token: string): Promise<OpenSession | undefined> {
    const session = await this.findByToken(token);
    if (!session || session.expiresAt.getTime() <= Date.now()) return undefined;
    const refreshToken = this.tokens.successorOf(token);
    if (matches(token, session.tokenHash)) {
      session.previousTokenHash = session.tokenHash;
      session.tokenHash = hashOf(refreshToken);
      session.lastUsedAt = new Date();
      session.expiresAt = this.expiry();
    } else if (!isInGrace(token, session)) {
      this.close(session.id);
      this.audit.record({ action: 'session.token_reused', userId: session.userId });
      return undefined;
    }
    return { session, refreshToken };
  }

  /** Those that have not expired, the last used first. */
  listOf(userId: string): Promise<Session[]> {
    const live = this.sessions.query().where('userId', '==', userId).where('expiresAt', '>', new Date());
    return live.orderBy('expiresAt', 'desc').find();
  }

  /** @throws {SessionNotFound} also if it is somebody else's */
  async end(id: string, userId: string): Promise<void> {
    const session = await this.sessions.find(id);
    if (session?.userId !== userId) throw new SessionNotFound();
    this.close(id);
    this.audit.record({ action: 'session.ended', userId });
  }

  /**
   * For what a stolen access token should not be enough for.
   * @throws {RecentSignInRequired} unless the session began within 15 minutes
   */
  async requireRecent(id: string): Promise<void> {
    const session = await this.sessions.find(id);
    const isRecent = session && Date.now() - session.createdAt.getTime() <= RECENT_MILLISECONDS;
    if (!isRecent) throw new RecentSignInRequired();
  }

  /** Does nothing if the token does not hold. */
  async endByToken(token: string): Promise<void> {
    const session = await this.findByToken(token);
    if (session && (matches(token, session.tokenHash) || matches(token, session.previousTokenHash))) {
      this.close(session.id);
      const { userId } = session;
      this.audit.record({ action: 'session.ended', userId, actorId: userId });
    }
  }

  /** @param except id of the one that goes on */
  async endAllOf(userId: string, except?: string): Promise<void> {
    const sessions = await this.sessions.query().where('userId', '==', userId).find();
    for (const { id } of sessions) if (id !== except) this.close(id);
    this.audit.record({ action: 'session.all_ended', userId });
  }

  private async endBeyondLimit(userId: string): Promise<void> {
    const mine = this.sessions.query().where('userId', '==', userId);
    if ((await mine.count()) <= MOST_SESSIONS) return;
    await this.transactions.run({ readOnly: false }, async () => {
      const excess = await mine.orderBy('expiresAt', 'desc').offset(MOST_SESSIONS).find();
      for (const { id } of excess) this.close(id);
    });
  }

  /** Its access tokens hold no longer either. */
  private close(id: string): void {
    this.sessions.delete(id);
    this.revocations.revoke(id);
  }

  private async findByToken(token: string): Promise<Session | undefined> {
    const id = this.tokens.sessionIdOf(token);
    return id === undefined ? undefined : this.sessions.find(id);
  }

  private expiry(): Date {
    return new Date(Date.now() + this.settings.REFRESH_TOKEN_TTL * 1000);
  }
}

function isInGrace(token: string, { previousTokenHash, lastUsedAt }: Session): boolean {
  return matches(token, previousTokenHash) && Date.now() - lastUsedAt.getTime() <= GRACE_MILLISECONDS;
}
