/** Gives commands of the operator access to the accounts in the database of a running platform. */
import path from 'node:path';
import { Accounts } from '../accounts/accounts.ts';
import type { Config } from '../configuration/configuration.ts';
import { Database } from '../database/database.ts';
import { embeddedUrl } from '../database/embedded-postgres.ts';
import { ChelaError } from '../errors.ts';
import { Events } from '../events/events.ts';
import { componentLogger, openLog } from '../logging/logger.ts';
import { CommandError } from './command-error.ts';
import { explainDatabase } from './explain-database.ts';

/** @throws CommandError */
export async function withAccounts(
  config: Config,
  work: (accounts: Accounts) => Promise<void>,
): Promise<void> {
  const url = config.databaseUrl || (await urlOfRunning(path.join(config.dataDir, 'postgres')));
  const logger = openLog(config.logLevel);
  const database = new Database({
    url,
    poolSize: config.databasePoolSize,
    logger: componentLogger(logger, 'database'),
  });
  try {
    await work(new Accounts({ database, config, events: new Events(logger) }));
  } catch (error) {
    if (error instanceof ChelaError) throw new CommandError(error.message);
    throw explainDatabase(error, config);
  } finally {
    await database.close();
  }
}

async function urlOfRunning(postgresDir: string): Promise<string> {
  return embeddedUrl(postgresDir).catch((error: Error) => {
    throw new CommandError(error.message);
  });
}
