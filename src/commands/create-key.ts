/** Creates an API key of the admin account in the database of a running platform. */
import path from 'node:path';
import { Accounts, adminAccountName } from '../accounts/accounts.ts';
import type { Config } from '../configuration/configuration.ts';
import { Database } from '../database/database.ts';
import { embeddedUrl } from '../database/embedded-postgres.ts';
import { ChelaError } from '../errors.ts';
import { Events } from '../events/events.ts';
import { componentLogger, openLog } from '../logging/logger.ts';
import { CommandError } from './command-error.ts';
import { explainDatabase } from './explain-database.ts';
import { print } from './printing.ts';

/** @throws CommandError */
export async function createAdminKey(name: string, config: Config): Promise<void> {
  const url = config.databaseUrl || (await urlOfRunning(path.join(config.dataDir, 'postgres')));
  const logger = openLog(config.logLevel);
  const database = new Database({
    url,
    poolSize: config.databasePoolSize,
    logger: componentLogger(logger, 'database'),
  });
  try {
    const accounts = new Accounts({ database, config, events: new Events(logger) });
    const admin = await accounts.ensure(adminAccountName);
    const key = await accounts.createKey(admin.id, name);
    await print(key).catch(async (error: unknown) => {
      // The key was never printed, so nobody can use it.
      await accounts.revokeKey(key);
      throw error;
    });
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
