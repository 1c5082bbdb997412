/** The façade of backups. */
import type { Config } from '../configuration/configuration.ts';
import { BackupPlace, openPlace } from './backup-place.ts';
import { BackupError } from './backup-error.ts';
import type { BackupSecret } from './backup-secret.ts';

export { BackupError } from './backup-error.ts';
export { BackupPlace, type BackupSummary } from './backup-place.ts';
export type { BackupSecret } from './backup-secret.ts';
export type { ArchiveTotals } from './entries.ts';
export { makeBackup } from './make-backup.ts';
export { pruneBackups } from './prune-backups.ts';
export { restoreBackup, verifyBackup } from './restore-backup.ts';
export { ScheduledBackups } from './scheduled-backups.ts';

/** The place that the configuration names. @throws BackupError if it names none, or one that cannot be used */
export function configuredPlace(config: Config): BackupPlace {
  if (config.backupTo === '')
    throw new BackupError('say where backups are kept, with --backup-to or CHELA_BACKUP_TO');
  return new BackupPlace(openPlace(config.backupTo, config));
}

/** What encrypts backups; undefined if they are not encrypted. */
export function configuredSecret({
  backupPassword,
  backupKeyFile,
}: Pick<Config, 'backupPassword' | 'backupKeyFile'>): BackupSecret | undefined {
  if (backupPassword !== '') return { kind: 'password', password: backupPassword };
  if (backupKeyFile !== '') return { kind: 'key-file', path: backupKeyFile };
  return undefined;
}
