import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A signing secret for a machine of a developer: made at the first start and kept, so that sign-ins survive a restart. */
export function developmentSecret(directory: string): string {
  const secret = randomBytes(48).toString('base64url');
  if (directory === ':memory:') return secret;
  const file = join(directory, 'jwt-secret');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  try {
    // 'wx': when two processes start at once, the second reads what the first one wrote.
    writeFileSync(file, secret, { flag: 'wx', mode: 0o600 });
    return secret;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return readFileSync(file, 'utf8').trim();
  }
}
