import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { hash, type Options, verify } from '@node-rs/argon2';

/** OWASP's parameters for argon2id, the library's default algorithm: 19 MiB, two passes, one lane. */
const PARAMETERS: Options = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Hashes passwords on libuv's threads: the event loop goes on, and the number of threads bounds the memory in use. */
@Injectable()
export class Passwords {
  /** Nobody's hash. Verified when there is no user, so that both answers take the same time. */
  private readonly decoy = this.hash(randomUUID());

  hash(password: string): Promise<string> {
    return hash(canonical(password), PARAMETERS);
  }

  /** Takes as long without a hash as with one. */
  async verify(stored: string | undefined, password: string): Promise<boolean> {
    const matches = await verify(stored ?? (await this.decoy), canonical(password));
    return matches && stored !== undefined;
  }
}

/** Keyboards differ in how they compose the same character (NIST SP 800-63B, 3.1.1.2). */
function canonical(password: string): string {
  return password.normalize('NFKC');
}
