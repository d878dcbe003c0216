import type { Timestamp } from 'firebase-admin/firestore';
import type { Role } from '../../core/auth/roles.js';
import { normalize, searchPrefixes } from './user-search.js';

/** What a person says of himself. */
export interface Person {
  /** As typed. */
  email: string;
  firstName: string;
  lastName: string;
}

/** `users/{id}`. */
export interface UserDocument extends Person, DerivedFields {
  role: Role;
  passwordHash: string;
  createdAt: Timestamp;
  updatedAt: Timestamp;
}

/** What follows from {@link Person}, kept because Firestore compares stored values only. */
export interface DerivedFields {
  /** For sorting, and for finding a user by his e-mail. */
  normalized: Person;
  /** For the search. */
  searchPrefixes: string[];
}

/** `emails/{normalised e-mail}`. A document exists only once, so an e-mail has one user at most. */
export interface EmailDocument {
  userId: string;
}

export interface User extends UserDocument {
  /** UUID version 7: sortable by time of creation, unguessable. */
  id: string;
}

export function derivedFields({ email, firstName, lastName }: Person): DerivedFields {
  return {
    normalized: {
      email: normalize(email),
      firstName: normalize(firstName),
      lastName: normalize(lastName),
    },
    searchPrefixes: searchPrefixes(`${firstName} ${lastName}`, email),
  };
}
