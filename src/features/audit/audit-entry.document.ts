import { IsDate, IsIn, IsObject, IsOptional, IsString, IsUUID, MaxLength } from 'class-validator';
import { type Default, Document, Key, ReadOnly } from '../../core/firestore/document/document.decorators.js';
import { type AuditAction, AUDIT_ACTIONS } from './audit-actions.js';

/**
 * `auditEntries/{id}`: who did what to which account, when, from where. Nothing changes or deletes one; a TTL policy on
 * `expiresAt` does, in the end. It names people by their ids only, so it may outlive their accounts.
 */
@Document({ collection: 'auditEntries' })
export class AuditEntry {
  /** UUID version 7, so that the entries sort by time. */
  @Key({ auto: true })
  id: Default<string>;

  @ReadOnly()
  @IsDate()
  at: Default<Date> = new Date();

  @ReadOnly()
  @IsIn(AUDIT_ACTIONS)
  action: AuditAction;

  /** The account it was done to; absent if there is none, as at a sign-in with an unknown e-mail. */
  @ReadOnly()
  @IsOptional()
  @IsUUID()
  userId?: string;

  /** Who did it; absent if nobody was signed in, or it came from the command line. */
  @ReadOnly()
  @IsOptional()
  @IsUUID()
  actorId?: string;

  /** IP address; absent where no request was the cause. */
  @ReadOnly()
  @IsOptional()
  @IsString()
  address?: string;

  @ReadOnly()
  @IsOptional()
  @IsString()
  @MaxLength(300)
  userAgent?: string;

  @ReadOnly()
  @IsOptional()
  @IsString()
  requestId?: string;

  /** What else matters, e.g. `{ from: 'user', to: 'admin' }`. Never a secret. */
  @ReadOnly()
  @IsObject()
  details: Record<string, string>;

  @ReadOnly()
  @IsDate()
  expiresAt: Date;
}
