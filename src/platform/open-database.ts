/** The database that a platform works on. */
import path from 'node:path';
import type { Logger } from 'pino';
import type { Config } from '../configuration/configuration.ts';
import { migrate, untilReachable } from '../database/database.ts';
import { EmbeddedPostgres } from '../database/embedded-postgres.ts';
import { componentLogger } from '../logging/logger.ts';

interface OpenDatabaseOptions {
  /** Told of each step, in a few words. */
  readonly onProgress?: (step: string) => void;
  /** Told once why the given database cannot be connected to, if it has to be waited for. */
  readonly onWaiting?: (reason: string) => void;
}

/**
 * A database that is up to date: the given one, or an embedded one that `stop` ends.
 * @throws DatabaseUnreachableError if it does not answer for as long as the configuration waits
 */
export async function openDatabase(
  config: Config,
  logger: Logger,
  { onProgress, onWaiting }: OpenDatabaseOptions = {},
): Promise<{ url: string; stop: () => Promise<void> }> {
  if (config.databaseUrl !== '') {
    await untilReachable(config.databaseUrl, { limitSeconds: config.databaseWaitSeconds, onWaiting });
    onProgress?.('bringing the database up to date');
    await migrate(config.databaseUrl);
    return { url: config.databaseUrl, stop: async () => undefined };
  }
  onProgress?.('starting the embedded PostgreSQL');
  const server = new EmbeddedPostgres({
    dataDir: path.join(config.dataDir, 'postgres'),
    startLimitSeconds: config.databaseWaitSeconds,
    logger: componentLogger(logger, 'database'),
  });
  await server.start();
  try {
    await migrate(server.url());
  } catch (error) {
    await server.stop();
    throw error;
  }
  return { url: server.url(), stop: () => server.stop() };
}
