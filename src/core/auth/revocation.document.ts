import { IsDate, IsIn, IsOptional } from 'class-validator';
import { Document, Key } from '../firestore/document/document.decorators.js';
import { type Role, ROLES } from './roles.js';

/**
 * `revocations/{id}`: whose tokens hold no longer, although they have not expired. Kept until they have; then a TTL policy
 * on `expiresAt` clears it away.
 */
@Document({ collection: 'revocations' })
export class Revocation {
  /** Of a session, an API key or a user. */
  @Key()
  id: string;

  /** Tokens that say this role hold on: it is the one that the user has now. Null revokes them all. */
  @IsOptional()
  @IsIn(ROLES)
  role: Role | null;

  @IsDate()
  revokedAt: Date;

  @IsDate()
  expiresAt: Date;
}
