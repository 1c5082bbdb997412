/** Checks e-mail addresses as people type them. Whether mail arrives there is not known. */
import { ChelaError } from '../errors.ts';

export const emailLength = 254;
const localLength = 64;
const labelPattern = /^[\p{L}\p{M}\p{N}-]{1,63}$/u;
const localPattern = /^[^@\s\p{Cc}\p{Cs},;<>()[\]\\"]+$/u;

/** What is wrong with an address; undefined for an address that may exist. */
function problemOf(email: string): string | undefined {
  const at = email.lastIndexOf('@');
  const [local, domain] = [email.slice(0, Math.max(at, 0)), email.slice(at + 1)];
  if (at < 1 || email.length > emailLength || local.length > localLength || !localPattern.test(local))
    return 'email must be an e-mail address such as admin@example.com';
  const labels = domain.split('.');
  if (labels.length < 2)
    return `email must have a complete domain after the @, such as ${local.slice(0, 20)}@example.com`;
  const areLabels = labels.every(
    (label) => labelPattern.test(label) && !label.startsWith('-') && !label.endsWith('-'),
  );
  if (!areLabels || /^\d+$/.test(labels.at(-1) ?? ''))
    return 'email must be an e-mail address such as admin@example.com';
  return undefined;
}

/** @throws ChelaError INVALID_SHAPE that says what is wrong */
export function checkEmail(email: string): void {
  const problem = problemOf(email);
  if (problem !== undefined) throw new ChelaError('INVALID_SHAPE', problem);
}
