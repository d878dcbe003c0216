import { IsIn, IsISO8601, IsObject, IsOptional, IsString, IsUUID } from 'class-validator';
import { ApiProperty } from '../../core/openapi/api.decorators.js';
import { PageQuery } from '../../core/pagination/page-query.dto.js';
import { isoTime } from '../../core/serialization/iso-time.js';
import { type AuditAction, AUDIT_ACTIONS } from './audit-actions.js';
import type { AuditEntry } from './audit-entry.document.js';

export class AuditQuery extends PageQuery {
  @ApiProperty({ example: 'user.role_changed' })
  @IsOptional()
  @IsIn(AUDIT_ACTIONS)
  action?: AuditAction;

  @ApiProperty({
    example: '01980f2a-3c1b-7d2e-9f40-5a6b7c8d9e0f',
    description: 'The account that it was done to.',
  })
  @IsOptional()
  @IsUUID()
  userId?: string;

  @ApiProperty({ example: '01980f2a-3c1b-7d2e-9f40-5a6b7c8d9e0f', description: 'Who did it.' })
  @IsOptional()
  @IsUUID()
  actorId?: string;
}

export class AuditEntryResponse {
  @ApiProperty({ example: '01980f2a-3c1b-7d2e-9f40-5a6b7c8d9e0f' })
  @IsUUID()
  id: string;

  @ApiProperty({ example: '2026-01-31T09:30:00.000Z' })
  @IsISO8601()
  at: string;

  @ApiProperty({ example: 'user.role_changed' })
  @IsIn(AUDIT_ACTIONS)
  action: AuditAction;

  @ApiProperty({
    example: '01980f2a-3c1b-7d2e-9f40-5a6b7c8d9e0f',
    description: 'The account that it was done to; absent if there is none.',
  })
  @IsOptional()
  @IsUUID()
  userId?: string;

  @ApiProperty({
    example: '01980f2a-3c1b-7d2e-9f40-5a6b7c8d9e0f',
    description: 'Who did it; absent if nobody was signed in, or it came from the command line.',
  })
  @IsOptional()
  @IsUUID()
  actorId?: string;

  @ApiProperty({ example: '203.0.113.7', description: 'IP address of the caller.' })
  @IsOptional()
  @IsString()
  address?: string;

  @ApiProperty({ example: 'Mozilla/5.0 (X11; Linux x86_64; rv:147.0) Gecko/20100101 Firefox/147.0' })
  @IsOptional()
  @IsString()
  userAgent?: string;

  @ApiProperty({ example: '01980f2a-3c1b-7d2e-9f40-5a6b7c8d9e0f' })
  @IsOptional()
  @IsString()
  requestId?: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    example: { from: 'user', to: 'admin' },
  })
  @IsObject()
  details: Record<string, string>;
}

export function toAuditEntryResponse(entry: AuditEntry): AuditEntryResponse {
  const { id, at, action, userId, actorId, address, userAgent, requestId, details } = entry;
  return {
    id,
    at: isoTime(at),
    action,
    ...(userId !== undefined && { userId }),
    ...(actorId !== undefined && { actorId }),
    ...(address !== undefined && { address }),
    ...(userAgent !== undefined && { userAgent }),
    ...(requestId !== undefined && { requestId }),
    details: { ...details },
  };
}
