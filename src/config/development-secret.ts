import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const randomSecret = (): string => randomBytes(48).toString('base64url');

/** A signing secret for a machine of a developer: made at the first start and kept, so that sign-ins survive a restart. */
export function developmentSecret(directory: string): string {
  if (directory === ':memory:') return randomSecret();
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = join(directory, 'jwt-secret');
  const whole = `${file}.${process.pid}`;
  writeFileSync(whole, randomSecret(), { mode: 0o600 });
  try {
    linkSync(whole, file); // all of it or nothing: another process may be starting, and reads what the first one linked
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(whole);
  }
  return readFileSync(file, 'utf8').trim();
}
