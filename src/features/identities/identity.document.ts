import { IsDate, IsString, IsUUID } from 'class-validator';
import { type Default, Document, Key, ReadOnly } from '../../core/firestore/document/document.decorators.js';

/**
 * `identities/{id}`: whose account somebody of an identity provider signs in to. It outlives the account, so that who was
 * deleted does not come back by himself.
 */
@Document({ collection: 'identities' })
export class Identity {
  /** Hash of issuer and subject, which together name somebody for ever; an e-mail address does not. */
  @Key()
  id: string;

  @ReadOnly()
  @IsString()
  issuer: string;

  @ReadOnly()
  @IsUUID()
  userId: string;

  @ReadOnly()
  @IsDate()
  createdAt: Default<Date> = new Date();
}
