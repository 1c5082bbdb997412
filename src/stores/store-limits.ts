/** Limits of stores, and the errors that name them. */
import { settings, type Config } from '../configuration/configuration.ts';
import { ChelaError, invalidArgument } from '../errors.ts';
import { nameProblem } from '../text/stored-name.ts';

export type StoreLimits = Pick<
  Config,
  'storeLimit' | 'storeKeyLimit' | 'storeLimitBytes' | 'storeValueLimitBytes'
>;

/** Maximum lengths in UTF-8. */
export const storeNameLimitBytes = 128;
export const storeKeyLimitBytes = 256;

function check(problem: string | undefined): void {
  if (problem !== undefined) throw invalidArgument(problem);
}

/** @throws ChelaError for a name that stores cannot have */
export function checkStoreName(name: string): void {
  check(nameProblem(name, { subject: 'name of the store', bytes: storeNameLimitBytes, hasFolders: false }));
}

/** @throws ChelaError for a key that values cannot have */
export function checkKey(key: string): void {
  check(nameProblem(key, { subject: 'key', bytes: storeKeyLimitBytes, hasFolders: true }));
}

export function valueTooLarge({ storeValueLimitBytes: limit }: StoreLimits): ChelaError {
  const { environment } = settings.storeValueLimitBytes;
  return new ChelaError(
    'BODY_TOO_LARGE',
    `the value is larger than the limit of ${limit.toLocaleString('en')} bytes (${environment})`,
  );
}

export function tooManyStores({ storeLimit: limit }: StoreLimits): ChelaError {
  const { environment } = settings.storeLimit;
  return new ChelaError(
    'STORAGE_LIMITED',
    `the account has reached its limit of ${limit.toLocaleString('en')} stores (${environment}): delete one`,
  );
}

export function tooManyKeys({ storeKeyLimit: limit }: StoreLimits): ChelaError {
  const { environment } = settings.storeKeyLimit;
  return new ChelaError(
    'STORAGE_LIMITED',
    `the store has reached its limit of ${limit.toLocaleString('en')} keys (${environment}): delete some`,
  );
}

export function storeTooLarge({ storeLimitBytes: limit }: StoreLimits): ChelaError {
  const { environment } = settings.storeLimitBytes;
  return new ChelaError(
    'STORAGE_LIMITED',
    `the store would exceed its limit of ${limit.toLocaleString('en')} bytes (${environment}): delete keys`,
  );
}
