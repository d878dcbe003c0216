import type { Timestamp } from 'firebase-admin/firestore';

/** `sessions/{id}`: one sign-in on one device, and the family of refresh tokens that came from it. */
export interface SessionDocument {
  userId: string;
  /** Of the refresh token that is valid now. */
  tokenHash: string;
  /** Of the one before; empty until the first refresh. */
  previousTokenHash: string;
  createdAt: Timestamp;
  /** When the tokens were last exchanged. */
  lastUsedAt: Timestamp;
  /** Moves on with each use. A TTL policy on this field clears away what has expired (`firestore.indexes.json`). */
  expiresAt: Timestamp;
  /** Of the client at sign-in; empty if it did not say. */
  userAgent: string;
  /** IP address of the client at sign-in. */
  address: string;
}

export interface Session extends SessionDocument {
  /** UUID version 7. */
  id: string;
}
