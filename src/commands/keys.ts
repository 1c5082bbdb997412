import path from 'node:path';
import type { Command } from 'commander';
import { Accounts, adminAccountName } from '../accounts/accounts.ts';
import { Database } from '../database/database.ts';
import { embeddedUrl } from '../database/embedded-postgres.ts';
import { ChelaError } from '../errors.ts';
import { Events } from '../events/events.ts';
import { componentLogger, openLog } from '../logging/logger.ts';
import { CommandError } from './command-error.ts';
import { explainDatabase } from './explain-database.ts';
import { print } from './printing.ts';
import { configOf, addSettings, databaseSettings } from './settings-options.ts';

export function addKeysCommand(program: Command): void {
  const keys = program.command('keys').description('Manage the API keys of the admin account.');
  const create = keys
    .command('create')
    .argument('<name>', 'what the key is for')
    .description('Create an API key and print it. It is shown only once. The platform must be running.');
  addSettings(create, databaseSettings);
  create.action(async (name: string, flags: Record<string, string>) => {
    const config = configOf(flags);
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
  });
}

async function urlOfRunning(postgresDir: string): Promise<string> {
  return embeddedUrl(postgresDir).catch((error: Error) => {
    throw new CommandError(error.message);
  });
}
