import { domainToASCII } from 'node:url';

/**
 * The form in which e-mail addresses are compared: one mailbox has one. Lower case, look-alikes of compatibility (full
 * width, ligatures) as what they stand for (NFKC), the domain as DNS has it. Mail goes to the address as it was given.
 */
export function normalizeEmail(email: string): string {
  const folded = email.trim().normalize('NFKC').toLowerCase().normalize('NFKC');
  const at = folded.lastIndexOf('@');
  const domain = folded.slice(at + 1);
  return `${folded.slice(0, at + 1)}${domainToASCII(domain) || domain}`;
}
