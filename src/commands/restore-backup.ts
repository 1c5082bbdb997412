/** Restores a backup while the platform is not running. */
import path from 'node:path';
import { configuredPlace, configuredSecret, restoreBackup } from '../backup/backup.ts';
import type { Config } from '../configuration/configuration.ts';
import { untilReachable } from '../database/database.ts';
import { EmbeddedPostgres } from '../database/embedded-postgres.ts';
import { lockDataFolder } from '../host/data-folder.ts';
import { componentLogger, openLog } from '../logging/logger.ts';
import { openStorage } from '../storage/open-storage.ts';
import { CommandError } from './command-error.ts';
import { explainDatabase } from './explain-database.ts';
import { explained, progressOf, totalsText } from './make-backup.ts';
import { print, say } from './printing.ts';

/** @throws CommandError, or DataFolderInUseError if the platform is running */
export async function restoreNamed(
  name: string,
  config: Config,
  { replace }: { readonly replace: boolean },
): Promise<void> {
  await explained(async () => {
    const place = configuredPlace(config);
    const summary = await place.find(name);
    const storage = openStorage(config);
    await storage.check().catch((error: Error) => {
      throw new CommandError(error.message);
    });
    say(`restoring ${summary.name}, made at ${summary.madeAt} by Chela ${summary.version} …`);
    await withStoppedDatabase(config, async (databaseUrl) => {
      const totals = await restoreBackup({
        databaseUrl,
        storage,
        place,
        summary,
        secret: configuredSecret(config),
        replace,
        onProgress: progressOf('restored'),
      });
      await print(`restored ${totalsText(totals)}`);
    });
    say('Start the platform with the settings that it had: they are not part of the backup.');
  });
}

/** Opens the database of a platform that is not running, without migrating it. */
async function withStoppedDatabase(config: Config, work: (url: string) => Promise<void>): Promise<void> {
  const explain = (error: unknown): never => {
    throw explainDatabase(error, config);
  };
  if (config.databaseUrl !== '') {
    await untilReachable(config.databaseUrl, { limitSeconds: config.databaseWaitSeconds }).catch(explain);
    return work(config.databaseUrl).catch(explain);
  }
  const lock = await lockDataFolder(config.dataDir);
  const server = new EmbeddedPostgres({
    dataDir: path.join(config.dataDir, 'postgres'),
    startLimitSeconds: config.databaseWaitSeconds,
    logger: componentLogger(openLog(config.logLevel), 'database'),
  });
  try {
    await server.start().catch(explain);
    await work(server.url()).catch(explain);
  } finally {
    await server.stop();
    await lock.release();
  }
}
