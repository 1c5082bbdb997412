import { createHash } from 'node:crypto';
import { invalidArgument } from '../errors.ts';

const lengthLimit = 64;

/**
 * Derives a worker's name from its title: lower-case letters, digits and single hyphens, 1 to 64 characters. Accents
 * are removed. A title without Latin letters becomes `worker-` and eight characters of its hash, so that a title always
 * gives the same name.
 */
export function workerNameFromTitle(title: string): string {
  const name = title
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    // Upper case expands letters such as ß and ligatures.
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
 * Checks a given name of a worker, which is used in `owner~name`, in URLs and in file names.
 * @throws ChelaError INVALID_ARGUMENT
 */
export function checkWorkerName(name: string): void {
  if (name.length <= lengthLimit && /^[a-z0-9]+(?:[-_]+[a-z0-9]+)*$/.test(name)) return;
  throw invalidArgument(
    `a worker name must have 1 to ${lengthLimit} lower-case letters, digits, hyphens and underscores, and must start and end with a letter or digit, as in "google-maps"`,
  );
}
