import { createHash, createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';

export type SigningAlgorithm = 'RS256' | 'ES256' | 'EdDSA';

/** A key of `JWT_KEYS`. */
export interface SigningKey {
  /** Thumbprint of the public key (RFC 7638). */
  id: string;
  /** The one algorithm that it is for. */
  algorithm: SigningAlgorithm;
  privateKey: KeyObject;
  publicKey: KeyObject;
}

const WEAKEST_RSA_BITS = 2048;

/** `EC PARAMETERS`, which openssl writes before an EC key, tells nothing that the key itself does not. */
const BLOCK = /-----BEGIN (?!EC PARAMETERS)([A-Z ]+)-----[\s\S]+?-----END \1-----/g;

/**
 * Reads `JWT_KEYS`: private keys in PEM, one after the other, or the path of a file of them. A variable that cannot hold
 * line breaks may hold `\n`.
 * @throws {Error} whose message follows the name of the variable: "must ..."
 */
export function readSigningKeys(given: string): SigningKey[] {
  const pem = given.includes('-----BEGIN ') ? given.replaceAll('\\n', '\n') : contentOf(given);
  const keys = [...pem.matchAll(BLOCK)].map(([block, label], index) => readKey(block, label!, index + 1));
  if (keys.length === 0) throw new Error('must hold private keys in PEM ("-----BEGIN PRIVATE KEY-----...")');
  const ids = new Set(keys.map(({ id }) => id));
  if (ids.size < keys.length) throw new Error('must not hold the same key twice');
  return keys;
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`must be private keys in PEM or a file of them that can be read (${code})`, {
      cause: error,
    });
  }
}

function readKey(pem: string, label: string, position: number): SigningKey {
  if (!label.endsWith('PRIVATE KEY'))
    throw new Error(`must hold private keys only: number ${position} is a ${label}`);
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(pem);
  } catch (cause) {
    throw new Error(`must hold keys that can be read: number ${position} is damaged or encrypted`, { cause });
  }
  const algorithm = algorithmOf(privateKey, position);
  const publicKey = createPublicKey(privateKey);
  return { id: thumbprint(publicKey), algorithm, privateKey, publicKey };
}

function algorithmOf(
  { asymmetricKeyType, asymmetricKeyDetails }: KeyObject,
  position: number,
): SigningAlgorithm {
  const { modulusLength = 0, namedCurve } = asymmetricKeyDetails ?? {};
  if (asymmetricKeyType === 'rsa') {
    if (modulusLength >= WEAKEST_RSA_BITS) return 'RS256';
    throw new Error(
      `must hold strong keys: number ${position} is RSA of ${modulusLength} bits, below ${WEAKEST_RSA_BITS}`,
    );
  }
  if (asymmetricKeyType === 'ec' && namedCurve === 'prime256v1') return 'ES256';
  if (asymmetricKeyType === 'ed25519') return 'EdDSA';
  const kind = [asymmetricKeyType, namedCurve].filter(Boolean).join(' ');
  throw new Error(`must hold RSA, P-256 or Ed25519 keys: number ${position} is ${kind}`);
}

/** RFC 7638: the members that make the key, by name, without spaces. */
function thumbprint(publicKey: KeyObject): string {
  const { crv, e, kty, n, x, y }: JsonWebKey = publicKey.export({ format: 'jwk' });
  return createHash('sha256').update(JSON.stringify({ crv, e, kty, n, x, y })).digest('base64url');
}
