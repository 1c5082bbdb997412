import type { Command } from 'commander';
import { CommandError } from './command-error.ts';
import { say } from './printing.ts';
import {
  addSettings,
  configOf,
  databaseSettings,
  processSettings,
  runnerSettings,
} from './settings-options.ts';

export function addRunnerCommand(program: Command): void {
  const command = program
    .command('runner')
    .description('Run only a runner, which executes subtasks, with the database at DATABASE_URL.');
  addSettings(command, [...databaseSettings, ...processSettings, ...runnerSettings]);
  command.action(async (flags: Record<string, string>) => {
    const config = configOf(flags);
    if (config.databaseUrl === '')
      throw new CommandError('chela runner needs DATABASE_URL or --database-url');
    const { runPlatform } = await import('./run-platform.ts');
    await runPlatform({
      config,
      parts: { api: false, runner: true },
      onProgress: () => undefined,
      onReady: async () => {
        say(`chela: the runner is ready, with ${config.runnerSlots} slots`);
      },
    });
  });
}
