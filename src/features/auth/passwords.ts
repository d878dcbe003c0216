import { Injectable } from '@nestjs/common';
import type { Options } from '@node-rs/argon2';
import { Settings } from '../../config/settings.js';

/** Hashes passwords on libuv's threads: the event loop goes on, and the number of threads bounds the memory in use. */
@Injectable()
export class Passwords {
  /** For argon2id, the library's default algorithm, as OWASP has them: two passes, one lane, and 19 MiB by default. */
  private readonly parameters: Options;
  /** Nobody's hash, as costly as any. Verified when there is no user, so that both answers take the same time. */
  private readonly decoy: string;

  constructor({ PASSWORD_MEMORY }: Settings) {
    this.parameters = { memoryCost: PASSWORD_MEMORY, timeCost: 2, parallelism: 1 };
    this.decoy = `$argon2id$v=19$m=${PASSWORD_MEMORY},t=2,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`;
  }

  async hash(password: string): Promise<string> {
    const { hash } = await import('@node-rs/argon2');
    return hash(canonical(password), this.parameters);
  }

  /** Takes as long without a hash as with one. An empty one is that of a user who has no password. */
  async verify(stored: string | undefined, password: string): Promise<boolean> {
    const { verify } = await import('@node-rs/argon2');
    const matches = await verify(stored || this.decoy, canonical(password));
    return matches && Boolean(stored);
  }
}

/** Keyboards differ in how they compose the same character (NIST SP 800-63B, 3.1.1.2). */
function canonical(password: string): string {
  return password.normalize('NFKC');
}
