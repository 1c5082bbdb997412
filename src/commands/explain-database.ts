import { settings, type Config } from '../configuration/configuration.ts';
import {
  DatabaseUnreachableError,
  isDatabaseFull,
  isDatabaseUnavailable,
  UnfitDatabaseError,
} from '../database/database.ts';
import { CommandError } from './command-error.ts';

/**
 * Turns a database error into one for the user: a sentence if the database cannot be reached or its disk is full, otherwise
 * the error itself.
 */
export function explainDatabase(
  error: unknown,
  { databaseUrl, databaseWaitSeconds }: Pick<Config, 'databaseUrl' | 'databaseWaitSeconds'>,
): unknown {
  if (error instanceof UnfitDatabaseError) return new CommandError(error.message);
  const advice = databaseUrl === '' ? '' : '; check DATABASE_URL';
  if (error instanceof DatabaseUnreachableError) {
    const limit = `${databaseWaitSeconds} s (${settings.databaseWaitSeconds.environment})`;
    return new CommandError(`the database did not answer within ${limit}: ${error.message}${advice}`);
  }
  if (isDatabaseFull(error))
    return new CommandError(`the disk of the database is full: ${(error as Error).message}`);
  if (!isDatabaseUnavailable(error)) return error;
  return new CommandError(`the database does not answer: ${(error as Error).message}${advice}`);
}
