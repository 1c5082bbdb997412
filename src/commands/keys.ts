import type { Command } from 'commander';
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
    const { createAdminKey } = await import('./create-key.ts');
    await createAdminKey(name, config);
  });
}
