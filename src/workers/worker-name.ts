import { createHash } from 'node:crypto';
import { invalidArgument } from '../errors.ts';

const lengthLimit = 64;

/**
 * The name a worker gets where only its title is known: lower-case letters, digits and single hyphens, 1 to 64
 * characters. Accents are dropped. A title without Latin letters gives `worker-` and eight characters of its hash, so
 * the same title always gives the same name.
 */
export function workerNameFromTitle(title: string): string {
  const name = title
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    // Upper case first: it spells out letters such as ß and ligatures.
    .toUpperCase()
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^-/, '')
    .slice(0, lengthLimit)
    .replace(/-$/, '');
  if (/[a-z]/.test(name)) return name;
  return `worker-${createHash('sha256').update(title.normalize('NFC')).digest('hex').slice(0, 8)}`;
}

/**
 * Checks a name given for a worker: it stands in `owner~name`, in addresses and file names.
 * @throws ChelaError INVALID_ARGUMENT
 */
export function checkWorkerName(name: string): void {
  if (name.length <= lengthLimit && /^[a-z0-9]+(?:[-_]+[a-z0-9]+)*$/.test(name)) return;
  throw invalidArgument(
    `a worker's name is 1 to ${lengthLimit} lower-case letters, digits, hyphens and underscores, and starts and ends with a letter or digit, as in "google-maps"`,
  );
}
