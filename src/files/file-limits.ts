/** Limits of files, and the errors that name them. */
import { settings, type Config } from '../configuration/configuration.ts';
import { ChelaError } from '../errors.ts';

export type FileLimits = Pick<Config, 'fileLimitBytes' | 'runFileLimit' | 'runFilesLimitBytes'>;

function bytes(count: number): string {
  return `${count.toLocaleString('en')} bytes`;
}

export function fileTooLarge({ fileLimitBytes }: FileLimits): ChelaError {
  const { environment } = settings.fileLimitBytes;
  return new ChelaError(
    'BODY_TOO_LARGE',
    `the file is larger than the limit of ${bytes(fileLimitBytes)} (${environment})`,
  );
}

export function tooManyFiles({ runFileLimit }: FileLimits): ChelaError {
  const { environment } = settings.runFileLimit;
  return new ChelaError(
    'STORAGE_LIMITED',
    `the run has reached its limit of ${runFileLimit.toLocaleString('en')} files (${environment}): delete or replace files`,
  );
}

export function runFilesTooLarge({ runFilesLimitBytes }: FileLimits): ChelaError {
  const { environment } = settings.runFilesLimitBytes;
  return new ChelaError(
    'STORAGE_LIMITED',
    `the files of the run would exceed their limit of ${bytes(runFilesLimitBytes)} (${environment}): delete files`,
  );
}
