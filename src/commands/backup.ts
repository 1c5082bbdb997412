import type { Command } from 'commander';
import type { SettingName } from '../configuration/configuration.ts';
import { addSettings, configOf, databaseSettings } from './settings-options.ts';

const placeSettings: readonly SettingName[] = ['backupTo', 'backupKeyFile'];

export function addBackupCommand(program: Command): void {
  const backup = program
    .command('backup')
    // Its own flags come before its subcommands, which have the same ones.
    .enablePositionalOptions()
    .description(
      'Back up the database and everything that is stored beside it. The platform must be running.',
    );
  addSettings(backup, [...databaseSettings, ...placeSettings, 'storage']);
  backup.action(async (flags: Record<string, string>) => {
    const { backUp } = await import('./make-backup.ts');
    await backUp(configOf(flags));
  });

  const list = backup.command('list').description('List the backups of a place, oldest first.');
  addSettings(list, [...placeSettings, 'dataDir']);
  list.action(async (flags: Record<string, string>) => {
    const { listBackups } = await import('./make-backup.ts');
    await listBackups(configOf(flags));
  });

  const verify = backup
    .command('verify')
    .argument('[name]', 'backup to read', 'latest')
    .description('Read a backup to its end, and check that nothing is missing or was altered.');
  addSettings(verify, [...placeSettings, 'dataDir']);
  verify.action(async (name: string, flags: Record<string, string>) => {
    const { verifyNamed } = await import('./make-backup.ts');
    await verifyNamed(name, configOf(flags));
  });

  const prune = backup
    .command('prune')
    .description('Remove old backups of this installation. The platform must be running.');
  addSettings(prune, [...databaseSettings, 'backupTo', 'backupKeep', 'backupKeepDays']);
  prune.action(async (flags: Record<string, string>) => {
    const { pruneNow } = await import('./make-backup.ts');
    await pruneNow(configOf(flags));
  });
}
