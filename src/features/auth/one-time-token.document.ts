import { IsDate, IsString, IsUUID } from 'class-validator';
import { type Default, Document, Key } from '../../core/firestore/document/document.decorators.js';

export type TokenPurpose = 'password-reset' | 'email-verification';

/** `oneTimeTokens/{user}!{purpose}`: the last token that was mailed to a user for a purpose; those before are void. */
@Document({ collection: 'oneTimeTokens' })
export class OneTimeToken {
  @Key()
  userId: string;

  @Key()
  purpose: string;

  /** Empty once it was used, or became void. */
  @IsString()
  tokenHash: Default<string> = '';

  /** The mail that it is in. */
  @IsUUID()
  mailId: string;

  /** Where it was mailed to: it is void when the user has another address. */
  @IsString()
  email: string;

  /** A TTL policy on this field clears it away (`firestore.indexes.json`). */
  @IsDate()
  expiresAt: Date;
}
