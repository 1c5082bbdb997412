/** Opens the database of a platform. */
import path from 'node:path';
import type { Logger } from 'pino';
import type { Config } from '../configuration/configuration.ts';
import { migrate, untilReachable } from '../database/database.ts';
import { EmbeddedPostgres } from '../database/embedded-postgres.ts';
import { componentLogger } from '../logging/logger.ts';

interface OpenDatabaseOptions {
  /** Called at each step with a short description. */
  readonly onProgress?: (step: string) => void;
  /** Called once with the reason if the given database is unavailable and has to be waited for. */
  readonly onWaiting?: (reason: string) => void;
  /** Called once the database answers, before it is migrated. */
  readonly onMigrating?: () => void;
}

/**
 * Returns a migrated database: the given one, or an embedded one that `stop` ends.
 * @throws DatabaseUnreachableError if it does not answer within the configured time
 */
export async function openDatabase(
  config: Config,
  logger: Logger,
  { onProgress, onWaiting, onMigrating }: OpenDatabaseOptions = {},
): Promise<{ url: string; stop: () => Promise<void> }> {
  if (config.databaseUrl !== '') {
    await untilReachable(config.databaseUrl, { limitSeconds: config.databaseWaitSeconds, onWaiting });
    onProgress?.('updating the database');
    onMigrating?.();
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
  onMigrating?.();
  try {
    await migrate(server.url());
  } catch (error) {
    await server.stop();
    throw error;
  }
  return { url: server.url(), stop: () => server.stop() };
}
