/** A backup that cannot be made, read or restored. The message says why and what to do. */
export class BackupError extends Error {
  override name = 'BackupError';
}

/** Another process makes a backup of the same database. */
export class BackupInProgressError extends BackupError {
  override name = 'BackupInProgressError';
}
