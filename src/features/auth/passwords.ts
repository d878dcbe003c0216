import { Injectable } from '@nestjs/common';
import type { Options } from '@node-rs/argon2';

/** OWASP's parameters for argon2id, the library's default algorithm: 19 MiB, two passes, one lane. */
const PARAMETERS: Options = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Nobody's hash, as costly as any. Verified when there is no user, so that both answers take the same time. */
const DECOY = `$argon2id$v=19$m=${PARAMETERS.memoryCost},t=${PARAMETERS.timeCost},p=${PARAMETERS.parallelism}$${'A'.repeat(22)}$${'A'.repeat(43)}`;

/** Hashes passwords on libuv's threads: the event loop goes on, and the number of threads bounds the memory in use. */
@Injectable()
export class Passwords {
  async hash(password: string): Promise<string> {
    const { hash } = await import('@node-rs/argon2');
    return hash(canonical(password), PARAMETERS);
  }

  /** Takes as long without a hash as with one. An empty one is that of a user who has no password. */
  async verify(stored: string | undefined, password: string): Promise<boolean> {
    const { verify } = await import('@node-rs/argon2');
    const matches = await verify(stored || DECOY, canonical(password));
    return matches && Boolean(stored);
  }
}

/** Keyboards differ in how they compose the same character (NIST SP 800-63B, 3.1.1.2). */
function canonical(password: string): string {
  return password.normalize('NFKC');
}
