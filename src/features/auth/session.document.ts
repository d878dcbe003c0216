import { IsDate, IsString, IsUUID, MaxLength } from 'class-validator';
import { type Default, Document, Key, ReadOnly } from '../../core/firestore/document/document.decorators.js';
import { SessionNotFound } from './auth.errors.js';

/** `sessions/{id}`: one sign-in on one device, and the family of refresh tokens that came from it. */
@Document({ collection: 'sessions', notFound: SessionNotFound })
export class Session {
  /** UUID version 7. */
  @Key()
  id: string;

  @ReadOnly()
  @IsUUID()
  userId: string;

  /** Of the refresh token that is valid now. */
  @IsString()
  tokenHash: string;

  /** Of the one before; empty until the first refresh. */
  @IsString()
  previousTokenHash: Default<string> = '';

  @ReadOnly()
  @IsDate()
  createdAt: Default<Date> = new Date();

  /** When the tokens were last exchanged. */
  @IsDate()
  lastUsedAt: Default<Date> = new Date();

  /** Moves on with each use. A TTL policy on this field clears away what has expired (`firestore.indexes.json`). */
  @IsDate()
  expiresAt: Date;

  /** Of the client at sign-in; empty if it did not say. */
  @IsString()
  @MaxLength(300)
  userAgent: string;

  /** IP address of the client at sign-in. */
  @IsString()
  address: string;
}
