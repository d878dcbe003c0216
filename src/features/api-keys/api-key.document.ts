import { IsArray, IsDate, IsIn, IsOptional, IsString, IsUUID, Length } from 'class-validator';
import { type Permission, PERMISSION_NAMES } from '../../core/auth/roles.js';
import { type Default, Document, Key, ReadOnly } from '../../core/firestore/document/document.decorators.js';
import { ApiKeyNotFound } from './api-keys.errors.js';

/** `apiKeys/{id}`: what a machine calls in the name of a user with. A TTL policy on `expiresAt` clears it away. */
@Document({ collection: 'apiKeys', notFound: ApiKeyNotFound })
export class ApiKey {
  /** UUID version 7. */
  @Key()
  id: string;

  @ReadOnly()
  @IsUUID()
  userId: string;

  @IsString()
  @Length(1, 60)
  name: string;

  @ReadOnly()
  @IsString()
  tokenHash: string;

  @ReadOnly()
  @IsArray()
  @IsIn(PERMISSION_NAMES, { each: true })
  scopes: Permission[];

  @ReadOnly()
  @IsDate()
  createdAt: Default<Date> = new Date();

  @ReadOnly()
  @IsDate()
  expiresAt: Date;

  /** To about an hour: a write per request would cost more than the request. */
  @IsOptional()
  @IsDate()
  lastUsedAt?: Date;
}
