import { InvalidInput } from '../../core/errors/errors.js';

/** Whose password it is to be: what anybody who knows him would try. */
export interface PasswordOwner {
  email: string;
  firstName: string;
  lastName: string;
}

/**
 * Refuses a password that is guessed first: one of the 18,000 most used of eight characters and more, or the owner's own
 * address or name, with any digits and signs after it (NIST SP 800-63B, 3.1.1.2; ASVS 6.2.4, 6.2.11).
 * @param field of the input that the password is in
 * @throws {InvalidInput}
 */
export async function requireUncommon(field: string, password: string, owner: PasswordOwner): Promise<void> {
  const given = comparable(password);
  const broken = (await commonPasswords()).has(given) || isAbout(owner, given);
  if (!broken) return;
  const message = `${field} must not be a common password, nor your name or e-mail address`;
  throw new InvalidInput([{ field, message, constraint: 'isUncommonPassword' }]);
}

let common: Promise<Set<string>> | undefined;

/** Loaded when the first password is set: a megabyte that an instance which sets none does without. */
function commonPasswords(): Promise<Set<string>> {
  common ??= import('@zxcvbn-ts/language-common').then(
    ({ dictionary }) => new Set(dictionary['passwords-common'].filter(({ length }) => length >= 8)),
  );
  return common;
}

function isAbout({ email, firstName, lastName }: PasswordOwner, given: string): boolean {
  const [local] = email.split('@', 1);
  const words = [email, local!, firstName + lastName, lastName + firstName, firstName, lastName];
  const core = lettersOf(given);
  return words.map((word) => lettersOf(comparable(word))).some((word) => word !== '' && word === core);
}

const comparable = (text: string) => text.normalize('NFKC').toLowerCase();
const lettersOf = (text: string) => text.replaceAll(/[^\p{L}\p{M}]/gu, '');
