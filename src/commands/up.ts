import type { Command } from 'commander';
import {
  addSettings,
  apiSettings,
  configOf,
  databaseSettings,
  processSettings,
  runnerSettings,
} from './settings-options.ts';

export function addUpCommand(program: Command): void {
  const command = program
    .command('up')
    .description('Run the whole platform in this process: database, API and runner.');
  addSettings(command, [
    ...databaseSettings,
    ...processSettings,
    ...apiSettings,
    ...runnerSettings,
    'apiKey',
    'retentionDays',
  ]);
  command.action(async (flags: Record<string, string>) => {
    const config = configOf(flags);
    const { runWholePlatform } = await import('./whole-platform.ts');
    await runWholePlatform(config);
  });
}
