import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { calculateJwkThumbprint, exportJWK } from 'jose';
import { loadSettings } from './load-settings.js';
import { readSigningKeys } from './signing-keys.js';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ed25519 = generateKeyPairSync('ed25519');

const pem = ({ privateKey }: { privateKey: KeyObject }) =>
  privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;

describe('JWT_KEYS (U2)', () => {
  const all = [rsa, ec, ed25519].map(pem).join('');

  it('are read in their order, each for the algorithm of its kind, named by its thumbprint', async () => {
    const keys = readSigningKeys(`# the keys of March\n${all}`);
    expect(keys.map(({ algorithm }) => algorithm)).toEqual(['RS256', 'ES256', 'EdDSA']);
    const thumbprints = keys.map(async ({ publicKey }) => calculateJwkThumbprint(await exportJWK(publicKey)));
    expect(keys.map(({ id }) => id)).toEqual(await Promise.all(thumbprints));
  });

  it('may have no line breaks, or the forms that openssl writes', () => {
    expect(readSigningKeys(all.replaceAll('\n', '\\n'))).toHaveLength(3);
    const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
    const sec1 = ec.privateKey.export({ type: 'sec1', format: 'pem' }) as string;
    const pkcs1 = rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }) as string;
    expect(readSigningKeys(parameters + sec1 + pkcs1)).toHaveLength(2);
  });

  it('may stand in a file', () => {
    const directory = mkdtempSync(join(tmpdir(), 'keys-'));
    writeFileSync(join(directory, 'keys.pem'), all);
    expect(readSigningKeys(join(directory, 'keys.pem'))).toHaveLength(3);
    expect(() => readSigningKeys(join(directory, 'other.pem'))).toThrow(
      /^must be .* can be read \(ENOENT\)$/,
    );
    rmSync(directory, { recursive: true });
  });

  const cipher = { cipher: 'aes-256-cbc', passphrase: 'x' };
  it.each<[string, string, RegExp]>([
    ['nothing', '-----BEGIN nothing-----', /must hold private keys in PEM/],
    [
      'RSA of 1024 bits',
      pem(generateKeyPairSync('rsa', { modulusLength: 1024 })),
      /number 1 is RSA of 1024 bits/,
    ],
    ['another curve', pem(generateKeyPairSync('ec', { namedCurve: 'P-384' })), /number 1 is ec secp384r1$/],
    ['a key for something else', pem(generateKeyPairSync('x25519')), /number 1 is x25519$/],
    [
      'a public key',
      pem(rsa) + (ec.publicKey.export({ type: 'spki', format: 'pem' }) as string),
      /number 2 is a PUBLIC/,
    ],
    ['the same key twice', pem(rsa) + pem(ec) + pem(rsa), /the same key twice/],
    ['a damaged key', pem(ec).replace(/.{9}\n-----END/, '\n-----END'), /number 1 is damaged/],
    [
      'an encrypted key',
      ec.privateKey.export({ type: 'pkcs8', format: 'pem', ...cipher }) as string,
      /number 1 is damaged or encrypted/,
    ],
    [
      'a key encrypted as in former times',
      ec.privateKey.export({ type: 'sec1', format: 'pem', ...cipher }) as string,
      /number 1 is damaged or encrypted/,
    ],
  ])('are refused with %s', async (_what, JWT_KEYS, reason) => {
    expect(() => readSigningKeys(JWT_KEYS)).toThrow(reason);
    const start = loadSettings({ NODE_ENV: 'test', JWT_KEYS });
    await expect(start).rejects.toThrow(/- JWT_KEYS must /);
    await expect(start).rejects.not.toThrow(JWT_KEYS); // a secret does not belong in a log
  });
});
