import { Injectable } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import { InjectRepository } from '../../core/firestore/inject-repository.decorator.js';
import { Repository } from '../../core/firestore/repository.js';
import { INCOMING, requestContext } from '../../core/observability/request-context.js';
import type { Page } from '../../core/pagination/page.js';
import { Pages } from '../../core/pagination/pages.js';
import type { AuditAction } from './audit-actions.js';
import type { AuditQuery } from './audit.dto.js';
import { AuditEntry } from './audit-entry.document.js';

export interface AuditRecord {
  action: AuditAction;
  /** The account it is done to, where there is one. */
  userId?: string;
  /** Who does it. Default: whoever is signed in. */
  actorId?: string;
  /** What else matters. Never a secret, and nothing that names a person other than by his id. */
  details?: Record<string, string>;
}

const DAY = 24 * 60 * 60 * 1000;
/** What is kept of a user agent. */
export const LONGEST_USER_AGENT = 300;

/** The audit trail: only ever added to. */
@Injectable()
export class AuditService {
  constructor(
    @InjectRepository(AuditEntry) private readonly entries: Repository<AuditEntry>,
    private readonly pages: Pages,
    private readonly settings: Settings,
  ) {}

  /**
   * Records what is done, in the running writing transaction: it is there if and only if the change is. Address, user
   * agent and request id are those of the request under way, wherever in it this is called.
   */
  record({ action, userId, actorId, details = {} }: AuditRecord): void {
    const context = requestContext.getStore();
    const request = context?.[INCOMING];
    this.entries.create({
      action,
      userId,
      actorId: actorId ?? request?.user?.id,
      address: request?.ip,
      userAgent: request?.headers['user-agent']?.slice(0, LONGEST_USER_AGENT),
      requestId: context?.requestId,
      details,
      expiresAt: new Date(Date.now() + this.settings.AUDIT_RETENTION_DAYS * DAY),
    });
  }

  /** By id, which is by time: equality filters together with it need no composite index. */
  list(query: AuditQuery): Promise<Page<AuditEntry>> {
    const { action, userId, actorId, order } = query;
    let matching = this.entries.query();
    if (action) matching = matching.where('action', '==', action);
    if (userId) matching = matching.where('userId', '==', userId);
    if (actorId) matching = matching.where('actorId', '==', actorId);
    const scope = { list: 'audit', action, userId, actorId, order };
    return this.pages.read(matching.orderBy('id', order), query, scope);
  }
}
