import { randomBytes, randomUUIDv7 } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import type { Caller } from '../../core/auth/caller.js';
import { Keys } from '../../core/auth/keys.js';
import { Revocations } from '../../core/auth/revocations.js';
import { hasPermission, type Permission } from '../../core/auth/roles.js';
import { Seal } from '../../core/auth/seal.js';
import { hashOf, matches } from '../../core/auth/token-hash.js';
import type { TokenKind } from '../../core/auth/token-kinds.js';
import type { VerifiedToken } from '../../core/auth/verified-tokens.js';
import { Forbidden } from '../../core/errors/errors.js';
import { InjectRepository } from '../../core/firestore/inject-repository.decorator.js';
import { Repository } from '../../core/firestore/repository.js';
import { Transactions } from '../../core/firestore/transactions.js';
import { AuditService } from '../audit/audit.service.js';
import { UsersService } from '../users/users.service.js';
import { ApiKey } from './api-key.document.js';
import { type ApiKeyBody, prefixOf } from './api-keys.dto.js';
import { ApiKeyNotFound, TooManyApiKeys } from './api-keys.errors.js';

const FORM = /^ak_([\da-f]{8})([\da-f]{4})([\da-f]{4})([\da-f]{4})([\da-f]{12})_[\w-]{65}$/;
const MOST_KEYS = 20;
const DAY = 24 * 60 * 60 * 1000;
const HOUR = 60 * 60 * 1000;

/** What everybody may do to himself, whatever his role. */
const ON_ONESELF: readonly Permission[] = ['users:read', 'users:write'];

/** API keys: `ak_<id>_<secret of 256 bits><seal>`. What writes wants a writing transaction around it. */
@Injectable()
export class ApiKeysService implements TokenKind {
  private readonly logger = new Logger(ApiKeysService.name);
  private readonly seal: Seal;

  constructor(
    @InjectRepository(ApiKey) private readonly apiKeys: Repository<ApiKey>,
    private readonly users: UsersService,
    private readonly revocations: Revocations,
    private readonly transactions: Transactions,
    private readonly audit: AuditService,
    private readonly settings: Settings,
    keys: Keys,
  ) {
    this.seal = new Seal(keys, 'api-key');
  }

  /**
   * @returns the key as it is stored, and the text that its user gets, this once
   * @throws {Forbidden} if the caller himself may not do what a scope names
   * @throws {TooManyApiKeys}
   */
  async create(
    { name, scopes, expiresInDays }: ApiKeyBody,
    caller: Caller,
  ): Promise<{ apiKey: ApiKey; token: string }> {
    const beyond = scopes.find((scope) => !ON_ONESELF.includes(scope) && !hasPermission(caller, scope));
    if (beyond) throw new Forbidden({ message: `You may not do what the scope ${beyond} names.` });
    if ((await this.listOf(caller.id)).length >= MOST_KEYS) throw new TooManyApiKeys();
    const id = randomUUIDv7();
    const token = this.seal.put(`${prefixOf(id)}_${randomBytes(32).toString('base64url')}`);
    const apiKey = this.apiKeys.create({
      id,
      userId: caller.id,
      name,
      tokenHash: hashOf(token),
      scopes,
      expiresAt: new Date(Date.now() + expiresInDays * DAY),
    });
    this.audit.record({
      action: 'api_key.created',
      userId: caller.id,
      details: { keyId: id, scopes: scopes.join(' ') },
    });
    return { apiKey, token };
  }

  /** Those that have not expired, the newest first. */
  async listOf(userId: string): Promise<ApiKey[]> {
    const all = await this.apiKeys.query().where('userId', '==', userId).find();
    const now = new Date();
    return all.filter(({ expiresAt }) => expiresAt > now).sort((a, b) => (a.id < b.id ? 1 : -1));
  }

  /** @throws {ApiKeyNotFound} also if it is somebody else's and the caller is no admin */
  async revoke(id: string, caller: Caller): Promise<void> {
    const apiKey = await this.apiKeys.findOrFail(id);
    if (apiKey.userId !== caller.id && !hasPermission(caller, 'users:write')) throw new ApiKeyNotFound();
    this.end(apiKey);
  }

  async revokeAllOf(userId: string): Promise<void> {
    for (const apiKey of await this.apiKeys.query().where('userId', '==', userId).find()) this.end(apiKey);
  }

  isFormOf(token: string): boolean {
    return token.startsWith('ak_');
  }

  /** Two reads, for the first request; then the key is remembered as long as an access token would be. */
  async verify(token: string): Promise<VerifiedToken | undefined> {
    const parts = FORM.exec(token)?.slice(1);
    if (!parts || !this.seal.isOn(token)) return undefined;
    const apiKey = await this.apiKeys.find(parts.join('-'));
    if (!apiKey || !matches(token, apiKey.tokenHash)) return undefined;
    const expiresAt = apiKey.expiresAt.getTime();
    const user = expiresAt > Date.now() ? await this.users.find(apiKey.userId) : undefined;
    if (!user) return undefined;
    await this.noteUse(apiKey);
    return {
      caller: { id: user.id, role: user.role, sessionId: apiKey.id, scopes: [...apiKey.scopes] },
      expiresAt: Math.min(expiresAt, Date.now() + this.settings.ACCESS_TOKEN_TTL * 1000),
    };
  }

  private async noteUse({ id, lastUsedAt }: ApiKey): Promise<void> {
    const now = new Date();
    if (lastUsedAt && now.getTime() - lastUsedAt.getTime() < HOUR) return;
    try {
      await this.transactions.run({ readOnly: false }, async () =>
        this.apiKeys.update(id, { lastUsedAt: now }),
      );
    } catch (error) {
      this.logger.warn('When an API key was used could not be noted.', error); // no reason to refuse it
    }
  }

  private end({ id, userId }: ApiKey): void {
    this.apiKeys.delete(id);
    this.revocations.revoke(id);
    this.audit.record({ action: 'api_key.revoked', userId, details: { keyId: id } });
  }
}
