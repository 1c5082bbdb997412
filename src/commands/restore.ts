import type { Command } from 'commander';
import { addSettings, configOf, databaseSettings } from './settings-options.ts';

export function addRestoreCommand(program: Command): void {
  const restore = program
    .command('restore')
    .argument('[name]', 'backup to restore', 'latest')
    .description('Restore a backup into an empty database and the storage. The platform must not be running.')
    .option('--replace', 'delete what the database has, if it is not empty');
  addSettings(restore, [...databaseSettings, 'databaseWaitSeconds', 'storage', 'backupTo', 'backupKeyFile']);
  restore.action(async (name: string, { replace, ...flags }: Record<string, string> & { replace?: true }) => {
    const { restoreNamed } = await import('./restore-backup.ts');
    await restoreNamed(name, configOf(flags), { replace: replace === true });
  });
}
