/** Makes, lists, reads and removes backups. */
import {
  BackupError,
  configuredPlace,
  configuredSecret,
  makeBackup,
  pruneBackups,
  verifyBackup,
  type ArchiveTotals,
  type BackupSummary,
} from '../backup/backup.ts';
import type { Config } from '../configuration/configuration.ts';
import { signingSecret } from '../database/installation.ts';
import { openStorage } from '../storage/open-storage.ts';
import { CommandError } from './command-error.ts';
import { print, say } from './printing.ts';
import { sizeText } from './size-text.ts';
import { urlOfDatabase, withDatabase } from './with-database.ts';

const progressMilliseconds = 5000;

export function totalsText({ rows, blobs, blobBytes }: Readonly<ArchiveTotals>): string {
  return `${rows} rows, ${blobs} blobs (${sizeText(blobBytes)})`;
}

/** Says every few seconds how far the work is. */
export function progressOf(verb: string): (totals: Readonly<ArchiveTotals>) => void {
  let told = performance.now();
  return (totals) => {
    if (performance.now() - told < progressMilliseconds) return;
    told = performance.now();
    say(`${verb} ${totalsText(totals)} …`);
  };
}

/** Turns an error of the backup into one for the user. */
export async function explained<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof BackupError ? new CommandError(error.message) : error;
  }
}

/** Ends the work at the first Ctrl+C or SIGTERM. */
function untilSignal(): AbortSignal {
  const ending = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => ending.abort(new CommandError('the backup was ended and left nothing')));
  return ending.signal;
}

/** @throws CommandError */
export async function backUp(config: Config): Promise<void> {
  await explained(async () => {
    const [place, secret] = [configuredPlace(config), configuredSecret(config)];
    const databaseUrl = await urlOfDatabase(config);
    const { summary, totals } = await makeBackup({
      databaseUrl,
      storage: openStorage(config),
      place,
      secret,
      onProgress: progressOf('copied'),
      signal: untilSignal(),
    });
    const encrypted = summary.isEncrypted ? 'encrypted' : 'not encrypted';
    await print(`${summary.name}: ${totalsText(totals)} in ${sizeText(summary.sizeBytes)}, ${encrypted}`);
  });
}

function summaryText({ madeAt, version, isEncrypted, sizeBytes }: BackupSummary): string {
  return `${madeAt}  ${sizeText(sizeBytes)}  Chela ${version}${isEncrypted ? '  encrypted' : ''}`;
}

/** @throws CommandError */
export async function listBackups(config: Config): Promise<void> {
  await explained(async () => {
    const backups = await configuredPlace(config).list();
    for (const backup of backups)
      await print(
        `${backup.name}  ${'summary' in backup ? summaryText(backup.summary) : `damaged: ${backup.problem}`}`,
      );
    if (backups.length === 0) say('There is no complete backup in this place.');
  });
}

/** @throws CommandError */
export async function verifyNamed(name: string, config: Config): Promise<void> {
  await explained(async () => {
    const place = configuredPlace(config);
    const summary = await place.find(name);
    const totals = await verifyBackup({
      place,
      summary,
      secret: configuredSecret(config),
      onProgress: progressOf('read'),
    });
    await print(`${summary.name} is complete: ${totalsText(totals)}`);
  });
}

/** @throws CommandError */
export async function pruneNow(config: Config): Promise<void> {
  await explained(async () => {
    const place = configuredPlace(config);
    const secret = await withDatabase(config, signingSecret);
    const rules = { keep: config.backupKeep, keepDays: config.backupKeepDays };
    const removed = await pruneBackups(place, secret, rules, new Date());
    for (const name of removed) await print(`removed ${name}`);
    if (removed.length === 0) say('No backup is old enough to be removed.');
  });
}
