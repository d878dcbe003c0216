import { Type } from 'class-transformer';
import {
  ArrayNotEmpty,
  IsBoolean,
  IsDate,
  IsDefined,
  IsEmail,
  IsIn,
  IsString,
  IsUUID,
  Length,
  MaxLength,
  ValidateNested,
} from 'class-validator';
import { type Role, ROLES } from '../../core/auth/roles.js';
import {
  type BeforeSave,
  type Default,
  Document,
  Key,
  ReadOnly,
} from '../../core/firestore/document/document.decorators.js';
import { normalizeEmail } from './email-address.js';
import { normalize, searchPrefixes } from './user-search.js';
import { EmailTaken, UserNotFound } from './users.errors.js';

/** What a person says of himself. */
export class Person {
  /** As typed. */
  @IsEmail()
  @MaxLength(254)
  email: string;

  @IsString()
  @Length(1, 60)
  firstName: string;

  @IsString()
  @Length(1, 60)
  lastName: string;
}

/** The same in the form in which texts are compared. */
class NormalizedPerson {
  @IsString()
  email: string;

  @IsString()
  firstName: string;

  @IsString()
  lastName: string;
}

/** `users/{id}`. What follows from what a person says of himself, `beforeSave` keeps up to date. */
@Document({ collection: 'users', notFound: UserNotFound })
export class User extends Person implements BeforeSave {
  @Key({ auto: true })
  id: Default<string>;

  @IsIn(ROLES)
  role: Role;

  /** Whether he has shown, by a mailed token or through his identity provider, that the address is his. */
  @IsBoolean()
  emailVerified: Default<boolean> = false;

  /** Empty for who has signed in through an identity provider only. */
  @IsString()
  passwordHash: string;

  @ReadOnly()
  @IsDate()
  createdAt: Default<Date> = new Date();

  @IsDate()
  updatedAt: Default<Date> = new Date();

  /** For sorting, and for finding a user by his e-mail: Firestore compares stored values only. */
  @IsDefined()
  @ValidateNested()
  @Type(() => NormalizedPerson)
  normalized: Default<NormalizedPerson>;

  /** For the search. */
  @ArrayNotEmpty()
  searchPrefixes: Default<string[]>;

  beforeSave(): void {
    const { email, firstName, lastName } = this;
    this.normalized = {
      email: normalizeEmail(email),
      firstName: normalize(firstName),
      lastName: normalize(lastName),
    };
    this.searchPrefixes = searchPrefixes(`${firstName} ${lastName}`, email);
  }
}

/** `emails/{normalised e-mail}`. A document exists only once, so an e-mail has one user at most. */
@Document({ collection: 'emails', exists: EmailTaken })
export class Email {
  @Key()
  email: string;

  @IsUUID()
  userId: string;
}
