import type { Command } from 'commander';
import { CommandError } from './command-error.ts';
import { say } from './printing.ts';
import { addSettings, apiSettings, configOf, databaseSettings, processSettings } from './settings-options.ts';

export function addApiCommand(program: Command): void {
  const command = program.command('api').description('Run only the API, with the database at DATABASE_URL.');
  addSettings(command, [...databaseSettings, ...processSettings, ...apiSettings]);
  command.action(async (flags: Record<string, string>) => {
    const config = configOf(flags);
    if (config.databaseUrl === '') throw new CommandError('chela api needs DATABASE_URL or --database-url');
    const { runPlatform } = await import('./run-platform.ts');
    await runPlatform({
      config,
      parts: { api: true, runner: false },
      onProgress: () => undefined,
      onReady: async (_platform, address) => {
        say(`chela: the API is listening on ${address}`);
      },
    });
  });
}
