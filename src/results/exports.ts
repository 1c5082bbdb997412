/** Exports, as the rest of the platform uses them: a file of a run's rows, made once for each wish, kept for a while. */
import type { Readable } from 'node:stream';
import type { Config } from '../configuration/configuration.ts';
import { type Database, type Notifications, channels } from '../database/database.ts';
import { ChelaError, invalidArgument } from '../errors.ts';
import type { Events } from '../events/events.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { RunRecord } from '../runs/runs.ts';
import { StartStop } from '../services/service.ts';
import { BlobNotFoundError, type Storage } from '../storage/storage.ts';
import { ExportMaker, makeExports } from './export-maker.ts';
import { storageKey, type ExportRecord } from './export-record.ts';
import { ExportRegister } from './export-register.ts';
import { formatTraits, type ExportFormat } from './export-formats.ts';
import type { ResultHeader } from './ingest.ts';
import type { Results } from './results.ts';

export type { ExportRecord } from './export-record.ts';
export { exportFormatNames, formatTraits, type ExportFormat } from './export-formats.ts';

const pollMilliseconds = 2000;
const removedAtOnce = 100;
const dayMilliseconds = 24 * 3600 * 1000;

interface ExportsOptions {
  readonly database: Database;
  readonly notifications: Notifications;
  readonly jobs: Jobs;
  readonly storage: Storage;
  readonly results: Results;
  readonly databaseUrl: string;
  readonly config: Pick<Config, 'exportConcurrency' | 'exportRetentionDays' | 'linkLifetimeSeconds'>;
  /** Make exports in this process, too; else only ask for them. */
  readonly makes: boolean;
  readonly events: Events;
}

export interface ExportRequest {
  readonly accountId: number;
  readonly format: ExportFormat;
  /** Keys in the order wanted; those the run has not are ignored. All columns where it is undefined. */
  readonly keys: readonly string[] | undefined;
  /** Where the API has the run. */
  readonly runUrl: string;
}

/** Makes exports while it is started, if it makes any; asking for them, waiting and reading work all the same. */
export class Exports extends StartStop {
  readonly name = 'exports';
  readonly #notifications: Notifications;
  readonly #jobs: Jobs;
  readonly #storage: Storage;
  readonly #results: Results;
  readonly #register: ExportRegister;
  readonly #maker: ExportMaker;
  readonly #keptMilliseconds: number;
  /** Those who wait, by the export's key. */
  readonly #waiting = new Map<number, Set<() => void>>();

  #unsubscribe = (): unknown => undefined;

  /** Exports are made by the jobs handed in, once they are started. */
  constructor(options: ExportsOptions) {
    super();
    const { database, notifications, jobs, storage, results, databaseUrl, config, makes, events } = options;
    this.#notifications = notifications;
    this.#jobs = jobs;
    this.#storage = storage;
    this.#results = results;
    this.#register = new ExportRegister(database);
    this.#maker = new ExportMaker({ register: this.#register, storage, databaseUrl, events });
    // A file lives as long as the last link to it, at least.
    this.#keptMilliseconds = Math.max(
      config.exportRetentionDays * dayMilliseconds,
      config.linkLifetimeSeconds * 1000,
    );
    if (!makes) {
      jobs.declare(makeExports);
      return;
    }
    // One account's exports leave a place for those of others.
    const groupConcurrency = Math.max(1, config.exportConcurrency - 1);
    jobs.work(makeExports, config.exportConcurrency, (job) => this.#maker.make(job.data), {
      groupConcurrency,
    });
  }

  /**
   * Asks for an export of the rows that the run has now. The same wish is made once.
   * @throws ChelaError if the format cannot hold the run's rows
   */
  async ask(run: RunRecord, { accountId, format, keys, runUrl }: ExportRequest): Promise<ExportRecord> {
    const columns = chosenColumns(await this.#results.columns(run), keys);
    refuseBeyondFormat(run, format, columns);
    const wish = { accountId, run, format, columns, isFiltered: keys !== undefined };
    return this.#register.ask(wish, async (client, { id, slug, state, mustBeMade }) => {
      const isLost =
        state === 'ready' && (await this.#storage.size(storageKey({ slug, format }))) === undefined;
      if (!mustBeMade && !isLost) return;
      await this.#register.requeue(client, id);
      const group = `account ${accountId}`;
      await this.#jobs.send(makeExports, { exportId: id, runUrl }, { client, group });
    });
  }

  /** @returns undefined if it was removed */
  bySlug(slug: string): Promise<ExportRecord | undefined> {
    return this.#register.bySlug(slug);
  }

  /** An export of one run, as it stands. @returns undefined if the run has none of that slug */
  ofRun(run: Pick<RunRecord, 'id'>, slug: string): Promise<ExportRecord | undefined> {
    return this.#register.ofRun(run.id, slug);
  }

  /**
   * Waits until an export is ready or has failed, or the time is up, or the signal comes.
   * @returns the export as it is then
   * @throws ChelaError if it could not be made, or was removed
   */
  async wait(slug: string, limitMilliseconds: number, signal: AbortSignal): Promise<ExportRecord> {
    const end = AbortSignal.any([AbortSignal.timeout(limitMilliseconds), signal]);
    for (;;) {
      const seen = await this.#settledOr(slug);
      if (seen.state !== 'queued' || end.aborted) return seen;
      const woken = this.#nextSign(seen.id, end);
      // What ended between the look and the listening is seen now.
      const current = await this.#settledOr(slug);
      if (current.state === 'queued') await woken.sign;
      woken.cancel();
    }
  }

  async #settledOr(slug: string): Promise<ExportRecord> {
    const found = await this.#register.bySlug(slug);
    if (found === undefined) {
      throw new ChelaError('NOT_FOUND', 'this export was removed: ask the API to export the run again');
    }
    if (found.error_key !== '') throw new ChelaError(found.error_key, found.error_message);
    return found;
  }

  /** Resolves at the export's notification, the next poll or the end, whichever is first. */
  #nextSign(id: number, end: AbortSignal): { sign: Promise<void>; cancel: () => void } {
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, waiting.add(cancel));
    const poll = setTimeout(cancel, pollMilliseconds);
    end.addEventListener('abort', cancel, { once: true });
    const leave = (): void => {
      waiting.delete(cancel);
      if (waiting.size === 0 && this.#waiting.get(id) === waiting) this.#waiting.delete(id);
    };
    function cancel(): void {
      leave();
      clearTimeout(poll);
      end.removeEventListener('abort', cancel);
      resolve();
    }
    return { sign: promise, cancel };
  }

  /**
   * The file of an export that is ready.
   * @throws ChelaError NOT_FOUND if the storage has lost it
   */
  async content(ready: ExportRecord): Promise<Readable> {
    try {
      return await this.#storage.read(storageKey(ready));
    } catch (error) {
      if (!(error instanceof BlobNotFoundError)) throw error;
      throw new ChelaError(
        'NOT_FOUND',
        'the file of this export is gone: ask the API to export the run again',
      );
    }
  }

  /** Removes the files whose run was removed, and those that nobody has asked for in a long time. */
  async removeOld(now: Date): Promise<void> {
    const askedBefore = new Date(now.getTime() - this.#keptMilliseconds);
    for (;;) {
      const removed = await this.#register.removeOld(askedBefore, removedAtOnce, (old) =>
        this.#storage.remove(storageKey(old)),
      );
      if (removed < removedAtOnce) return;
    }
  }

  protected override async begin(): Promise<void> {
    this.#maker.start();
    this.#unsubscribe = this.#notifications.on(channels.exportEnded, (id) => {
      for (const wake of this.#waiting.get(Number(id)) ?? []) wake();
    });
  }

  /** Ends what is being made; it is made again after the next start. */
  protected override async end(): Promise<void> {
    this.#unsubscribe();
    this.#maker.stop();
  }
}

/** The columns that were asked for, in that order; all if nothing was. */
function chosenColumns(
  columns: readonly ResultHeader[],
  keys: readonly string[] | undefined,
): readonly ResultHeader[] {
  if (keys === undefined) return columns;
  const byKey = new Map(columns.map((column) => [column.key, column]));
  return [...new Set(keys)].flatMap((key) => byKey.get(key) ?? []);
}

function refuseBeyondFormat(run: RunRecord, format: ExportFormat, columns: readonly ResultHeader[]): void {
  const { rowLimit = Infinity, columnLimit = Infinity, instead } = formatTraits(format);
  if (run.result_count > rowLimit) {
    throw invalidArgument(
      `run ${run.slug} has ${run.result_count.toLocaleString('en')} rows, and ${format} holds ${rowLimit.toLocaleString('en')} at most: export as ${instead} instead`,
    );
  }
  if (columns.length > columnLimit) {
    throw invalidArgument(
      `run ${run.slug} has ${columns.length.toLocaleString('en')} columns, and ${format} holds ${columnLimit.toLocaleString('en')} at most: export as ${instead} instead, or fewer columns with filter_keys`,
    );
  }
}
