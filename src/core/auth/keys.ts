import { createSecretKey, hkdfSync, type JsonWebKey, type KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import { readSigningKeys, type SigningAlgorithm } from '../../config/signing-keys.js';

/** What signs access tokens. */
export interface Signer {
  algorithm: 'HS256' | SigningAlgorithm;
  key: KeyObject;
  /** Names the public key that verifies; absent with a secret. */
  kid?: string;
}

/** The public part of a key (RFC 7517). */
export interface PublicJwk extends JsonWebKey {
  kid: string;
  alg: SigningAlgorithm;
  use: 'sig';
}

/** The keys of the service. Those that are no matter of `JWT_KEYS` are derived from `JWT_SECRET`, each for one purpose only. */
@Injectable()
export class Keys {
  /** The first of `JWT_KEYS`, or else `JWT_SECRET`. */
  readonly signer: Signer;
  /** All of `JWT_KEYS`; empty if the secret signs. */
  readonly publicKeys: readonly PublicJwk[];

  constructor(private readonly settings: Settings) {
    const keys = settings.JWT_KEYS ? readSigningKeys(settings.JWT_KEYS) : [];
    const [first] = keys;
    this.signer = first
      ? { algorithm: first.algorithm, key: first.privateKey, kid: first.id }
      : // A KeyObject: jsonwebtoken would parse a string anew for each token.
        { algorithm: 'HS256', key: createSecretKey(Buffer.from(settings.JWT_SECRET)) };
    this.publicKeys = keys.map(({ id, algorithm, publicKey }) => {
      return { ...publicKey.export({ format: 'jwk' }), kid: id, alg: algorithm, use: 'sig' };
    });
  }

  /** Key material for one purpose (RFC 5869), so that no key is ever used for two. */
  derive(purpose: string, bytes: number): Buffer {
    return Buffer.from(hkdfSync('sha256', this.settings.JWT_SECRET, '', purpose, bytes));
  }
}
