import type { Command } from 'commander';
import { CommandError } from './command-error.ts';
import { addSettings, configOf, databaseSettings } from './settings-options.ts';

export function addRetentionCommand(program: Command): void {
  const command = program
    .command('retention')
    .description(
      'Show what the retention would remove now. The platform must be running, and applies it itself.',
    )
    .option('--dry-run', 'remove nothing; required');
  addSettings(command, [...databaseSettings, 'retentionDays', 'exportRetentionDays', 'auditRetentionDays']);
  command.action(async ({ dryRun, ...flags }: Record<string, string> & { dryRun?: boolean }) => {
    if (dryRun !== true) {
      throw new CommandError(
        'add --dry-run: the platform itself applies the retention, at its start and every hour',
      );
    }
    const { showRetention } = await import('./show-retention.ts');
    await showRetention(configOf(flags));
  });
}
