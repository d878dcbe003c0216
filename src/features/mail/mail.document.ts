import { IsDate, IsInt, IsObject, IsOptional, IsString, MaxLength } from 'class-validator';
import { type Default, Document, Key, ReadOnly } from '../../core/firestore/document/document.decorators.js';

/**
 * `mails/{id}`: mail that is still to be sent. What it says is composed when it is sent, so no text and no token is
 * stored; once sent it is deleted. A TTL policy on `expiresAt` clears away what was given up.
 */
@Document({ collection: 'mails' })
export class Mail {
  /** UUID version 7: of two the later one is the greater. */
  @Key({ auto: true })
  id: Default<string>;

  /** Which composer makes it. */
  @ReadOnly()
  @IsString()
  kind: string;

  /** For the composer, e.g. `{ userId }`. Never a secret. */
  @ReadOnly()
  @IsObject()
  data: Record<string, string>;

  @IsInt()
  attempts: Default<number> = 0;

  /** When to try next; absent once it was given up. */
  @IsOptional()
  @IsDate()
  dueAt?: Date;

  /** Why the last attempt failed. */
  @IsOptional()
  @IsString()
  @MaxLength(500)
  lastError?: string;

  @ReadOnly()
  @IsDate()
  expiresAt: Date;
}
