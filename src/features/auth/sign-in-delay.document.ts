import { IsDate, IsInt, IsOptional } from 'class-validator';
import { type Default, Document, Key } from '../../core/firestore/document/document.decorators.js';

/** `signInDelays/{id}`: how often something failed of late, and when last. */
@Document({ collection: 'signInDelays' })
export class SignInDelay {
  /** A keyed hash of the account, the address, or both: it tells nobody who has an account. */
  @Key()
  id: string;

  @IsInt()
  failures: Default<number> = 0;

  @IsDate()
  lastAt: Date;

  /** Of an account and an address: until when a sign-in from there is no stranger's. */
  @IsOptional()
  @IsDate()
  knownUntil?: Date;

  /** A TTL policy on this field clears it away (`firestore.indexes.json`). */
  @IsDate()
  expiresAt: Date;
}
