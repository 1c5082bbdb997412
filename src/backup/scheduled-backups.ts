/** Makes backups at the times of the configuration. Of several processes, the first one makes each. */
import type { Config } from '../configuration/configuration.ts';
import type { Database } from '../database/database.ts';
import { signingSecret } from '../database/installation.ts';
import type { Events } from '../events/events.ts';
import { Periodic } from '../services/periodic.ts';
import { StartStop } from '../services/service.ts';
import type { Storage } from '../storage/storage.ts';
import { BackupInProgressError } from './backup-error.ts';
import { installationOf, partsOfName, type BackupPlace } from './backup-place.ts';
import type { BackupSecret } from './backup-secret.ts';
import { makeBackup } from './make-backup.ts';
import { pruneBackups } from './prune-backups.ts';

const lookMilliseconds = 60_000;
const retryMilliseconds = 15 * 60_000;
const dayMilliseconds = 24 * 3600 * 1000;

interface ScheduledBackupsOptions {
  readonly database: Database;
  readonly databaseUrl: string;
  /** The blobs of the platform. */
  readonly storage: Storage;
  readonly place: BackupPlace;
  readonly secret: BackupSecret | undefined;
  readonly config: Pick<Config, 'backupAt' | 'backupKeep' | 'backupKeepDays'>;
  readonly events: Events;
}

/** The latest of the times of day that is not in the future. @param times `HH:MM` in UTC */
export function lastDue(times: readonly string[], now: Date): Date {
  const moments = [0, dayMilliseconds].flatMap((before) => {
    const day = new Date(now.getTime() - before).toISOString().slice(0, 10);
    return times.map((time) => new Date(`${day}T${time}:00Z`));
  });
  return new Date(Math.max(...moments.filter((moment) => moment <= now).map(Number)));
}

export class ScheduledBackups extends StartStop {
  readonly name = 'scheduled backups';
  readonly #options: ScheduledBackupsOptions;
  readonly #looks: Periodic;
  #stopping = new AbortController();
  /** When the newest backup that is known was begun. */
  #newest: Date | undefined;
  /** On the monotonic clock. */
  #failedAt: number | undefined;

  constructor(options: ScheduledBackupsOptions) {
    super();
    this.#options = options;
    this.#looks = new Periodic({
      intervalMilliseconds: lookMilliseconds,
      work: () => this.look(new Date()),
      onError: (err) => this.#failed(err),
    });
  }

  protected override async begin(): Promise<void> {
    this.#stopping = new AbortController();
    this.#looks.start();
    this.#looks.trigger();
  }

  /** Ends a backup in progress, which leaves nothing. It is made after the next start. */
  protected override async end(): Promise<void> {
    this.#stopping.abort(new Error('the platform stops'));
    await this.#looks.stop();
  }

  /** Makes a backup if one is due. Rejects if it fails. */
  async look(now: Date): Promise<void> {
    if (this.#failedAt !== undefined && performance.now() - this.#failedAt < retryMilliseconds) return;
    const { database, place, config } = this.#options;
    const due = lastDue(config.backupAt, now);
    if (this.#newest !== undefined && this.#newest >= due) return;
    const secret = await signingSecret(database);
    const newest = (await place.namesOf(installationOf(secret))).at(-1);
    this.#newest = partsOfName(newest ?? '')?.begunAt;
    if (this.#newest !== undefined && this.#newest >= due) return;
    await this.#make(secret, now);
  }

  async #make(secret: Buffer, now: Date): Promise<void> {
    const { events } = this.#options;
    const begunAt = performance.now();
    try {
      const { summary, totals } = await makeBackup({ ...this.#options, signal: this.#stopping.signal });
      const seconds = Math.round((performance.now() - begunAt) / 1000);
      this.#failedAt = undefined;
      events.emit('backup:made', {
        backup: summary.name,
        rows: totals.rows,
        blobs: totals.blobs,
        sizeBytes: summary.sizeBytes,
        seconds,
        removed: await this.#prune(secret, now),
      });
    } catch (error) {
      // Another process is at it, or this one stops.
      if (error instanceof BackupInProgressError || this.#stopping.signal.aborted) return;
      throw error;
    }
  }

  /** Does not reject: the backup is made, and the next one removes what stays. @returns number of removed backups */
  async #prune(secret: Buffer, now: Date): Promise<number> {
    const { config, events, place } = this.#options;
    try {
      const rules = { keep: config.backupKeep, keepDays: config.backupKeepDays };
      return (await pruneBackups(place, secret, rules, now)).length;
    } catch (err) {
      events.failed({ work: 'prune-backups', err });
      return 0;
    }
  }

  #failed(err: unknown): void {
    this.#failedAt = performance.now();
    this.#options.events.emit('backup:failed', { err });
  }
}
