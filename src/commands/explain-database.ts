import { isDatabaseUnavailable } from '../database/database.ts';
import { CommandError } from './command-error.ts';

/** What a user is told of an error at work with the database: a sentence where nothing answers there, else the error. */
export function explainDatabase(error: unknown): unknown {
  if (!isDatabaseUnavailable(error)) return error;
  return new CommandError(`the database does not answer: ${(error as Error).message}; check DATABASE_URL`);
}
