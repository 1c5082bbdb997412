import { installationOf, partsOfName, type BackupPlace } from './backup-place.ts';

const dayMilliseconds = 24 * 3600 * 1000;
/** After this time, a backup that is not complete is taken for an interrupted one. */
const unfinishedMilliseconds = 2 * dayMilliseconds;

export interface KeepRules {
  /** Number of the newest backups to keep, at least 1. */
  readonly keep: number;
  /** Backups younger than this are kept too. */
  readonly keepDays: number;
}

/**
 * Removes old backups of an installation, and what interrupted ones left.
 * @returns names of the removed backups
 */
export async function pruneBackups(
  place: BackupPlace,
  signingSecret: Buffer,
  { keep, keepDays }: KeepRules,
  now: Date,
): Promise<string[]> {
  const installation = installationOf(signingSecret);
  const keptFrom = new Date(now.getTime() - keepDays * dayMilliseconds);
  const names = await place.namesOf(installation);
  const old = names
    .slice(0, Math.max(0, names.length - keep))
    .filter((name) => (partsOfName(name)?.begunAt ?? now) < keptFrom);
  for (const name of old) await place.remove(name);
  await place.removeUnfinished(installation, new Date(now.getTime() - unfinishedMilliseconds));
  return old;
}
