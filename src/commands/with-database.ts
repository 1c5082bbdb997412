/** Gives commands of the operator the database of a running platform. */
import path from 'node:path';
import type { Logger } from 'pino';
import type { Config } from '../configuration/configuration.ts';
import { Database } from '../database/database.ts';
import { embeddedUrl } from '../database/embedded-postgres.ts';
import { ChelaError } from '../errors.ts';
import { componentLogger, openLog } from '../logging/logger.ts';
import { CommandError } from './command-error.ts';
import { explainDatabase } from './explain-database.ts';

/** @throws CommandError */
export async function withDatabase<Result>(
  config: Config,
  work: (database: Database, logger: Logger) => Promise<Result>,
): Promise<Result> {
  const url = await urlOfDatabase(config);
  const logger = openLog(config.logLevel);
  const database = new Database({
    url,
    poolSize: config.databasePoolSize,
    logger: componentLogger(logger, 'database'),
  });
  try {
    return await work(database, logger);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    if (error instanceof ChelaError) throw new CommandError(error.message);
    throw explainDatabase(error, config);
  } finally {
    await database.close();
  }
}

/** URL of the database of a running platform. @throws CommandError if the platform is not running */
export async function urlOfDatabase({
  databaseUrl,
  dataDir,
}: Pick<Config, 'databaseUrl' | 'dataDir'>): Promise<string> {
  if (databaseUrl !== '') return databaseUrl;
  return embeddedUrl(path.join(dataDir, 'postgres')).catch((error: Error) => {
    throw new CommandError(error.message);
  });
}
