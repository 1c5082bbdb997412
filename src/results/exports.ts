/** The façade of exports: files of a run's rows, made once per distinct request and kept for a while. */
import type { Readable } from 'node:stream';
import type { Config } from '../configuration/configuration.ts';
import { type Database, type Notifications, channels } from '../database/database.ts';
import { ChelaError } from '../errors.ts';
import type { Events } from '../events/events.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { RunRecord } from '../runs/runs.ts';
import { StartStop } from '../services/service.ts';
import { BlobNotFoundError, type LinkOptions, type Storage } from '../storage/storage.ts';
import { ExportMaker, makeExports } from './export-maker.ts';
import { storageKey, type ExportRecord } from './export-record.ts';
import { ExportRegister } from './export-register.ts';
import { formatTraits, type ExportFormat } from './export-formats.ts';
import { refuseColumnsBeyondFormat, refuseRowsBeyondFormat } from './format-limits.ts';
import type { CsvStyle } from './exporter.ts';
import type { ResultHeader } from './ingest.ts';
import { platformKeyPrefix } from './result-row.ts';
import { everything, isEverything, isNarrowed, type RowSelection } from './row-selection.ts';
import type { ResultColumns, Results } from './results.ts';
import { keyLengthLimit } from './row.ts';

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
  /** Whether this process also makes exports, or only requests them. */
  readonly makes: boolean;
  readonly events: Events;
}

export interface ExportRequest {
  readonly accountId: number;
  readonly format: ExportFormat;
  /** Keys in output order; unknown keys are ignored. All columns if undefined. */
  readonly keys: readonly string[] | undefined;
  readonly csv: CsvStyle;
  /** The rows to export, and their order; everything if undefined. */
  readonly selection?: RowSelection;
  /** URL of the run in the API. */
  readonly runUrl: string;
}

/** Makes exports while started, if configured to. Requesting, waiting and reading work in any case. */
export class Exports extends StartStop {
  readonly name = 'exports';
  readonly #notifications: Notifications;
  readonly #jobs: Jobs;
  readonly #storage: Storage;
  readonly #results: Results;
  readonly #register: ExportRegister;
  readonly #maker: ExportMaker;
  readonly #keptMilliseconds: number;
  /** Callbacks of waiting requests, by the export's key. */
  readonly #waiting = new Map<number, Set<() => void>>();

  #unsubscribe = (): unknown => undefined;

  /** Exports are made by the given jobs once those are started. */
  constructor(options: ExportsOptions) {
    super();
    const { database, notifications, jobs, storage, results, databaseUrl, config, makes, events } = options;
    this.#notifications = notifications;
    this.#jobs = jobs;
    this.#storage = storage;
    this.#results = results;
    this.#register = new ExportRegister(database);
    this.#maker = new ExportMaker({ register: this.#register, storage, databaseUrl, events });
    // A file is kept at least as long as links to it are valid.
    this.#keptMilliseconds = Math.max(
      config.exportRetentionDays * dayMilliseconds,
      config.linkLifetimeSeconds * 1000,
    );
    if (!makes) {
      jobs.declare(makeExports);
      return;
    }
    // Leaves at least one place for the exports of other accounts.
    const groupConcurrency = Math.max(1, config.exportConcurrency - 1);
    jobs.work(makeExports, config.exportConcurrency, (job) => this.#maker.make(job.data), {
      groupConcurrency,
    });
  }

  /**
   * Requests an export of the rows that the run has now. Equal requests share one export.
   * @throws ChelaError if the format cannot hold the run's rows
   */
  async ask(run: RunRecord, request: ExportRequest): Promise<ExportRecord> {
    const { accountId, format, keys, csv, selection = everything, runUrl } = request;
    const all = await this.#results.columns(run);
    const columns = chosenColumns(all, keys);
    // How many rows a search or filter leaves is known once the export is made.
    if (!isNarrowed(selection)) refuseRowsBeyondFormat(run.slug, format, run.result_count, columns.length);
    refuseColumnsBeyondFormat(run.slug, format, run.result_count, columns.length);
    const lacksColumns = keys === undefined && !all.isComplete && !formatTraits(format).keepsRows;
    const exportRequest = {
      accountId,
      run,
      format,
      columns,
      isFiltered: keys !== undefined,
      csv,
      selection: isEverything(selection) ? undefined : selection,
      lacksColumns,
    };
    return this.#register.ask(exportRequest, async (client, { id, slug, state, mustBeMade }) => {
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

  /** The current state of an export. @returns undefined if the run has no export with that slug */
  ofRun(run: Pick<RunRecord, 'id'>, slug: string): Promise<ExportRecord | undefined> {
    return this.#register.ofRun(run.id, slug);
  }

  /**
   * Waits until an export is ready or has failed, the time is up, or the signal is aborted.
   * @returns the state of the export at that time
   * @throws ChelaError if the export failed or was removed
   */
  async wait(slug: string, limitMilliseconds: number, signal: AbortSignal): Promise<ExportRecord> {
    const end = AbortSignal.any([AbortSignal.timeout(limitMilliseconds), signal]);
    for (;;) {
      const seen = await this.#readOrThrow(slug);
      if (seen.state !== 'queued' || end.aborted) return seen;
      const woken = this.#nextSignal(seen.id, end);
      // Check again: the export may have ended before the listener was added.
      const current = await this.#readOrThrow(slug);
      if (current.state === 'queued') await woken.sign;
      woken.cancel();
    }
  }

  async #readOrThrow(slug: string): Promise<ExportRecord> {
    const found = await this.#register.bySlug(slug);
    if (found === undefined) {
      throw new ChelaError('NOT_FOUND', 'this export was removed: export the run again');
    }
    if (found.error_key !== '') throw new ChelaError(found.error_key, found.error_message);
    return found;
  }

  /** Resolves at the export's notification, the next poll or the end, whichever comes first. */
  #nextSignal(id: number, end: AbortSignal): { sign: Promise<void>; cancel: () => void } {
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
   * The file of a ready export.
   * @throws ChelaError NOT_FOUND if it is missing from the storage
   */
  async content(ready: ExportRecord): Promise<Readable> {
    try {
      return await this.#storage.read(storageKey(ready));
    } catch (error) {
      if (!(error instanceof BlobNotFoundError)) throw error;
      throw new ChelaError('NOT_FOUND', 'the file of this export no longer exists: export the run again');
    }
  }

  /** See `Storage.link`. */
  async link(ready: ExportRecord, options: LinkOptions): Promise<string | undefined> {
    return this.#storage.link(storageKey(ready), options);
  }

  /** Removes files whose run was removed, and files that have not been requested for a long time. */
  async removeOld(now: Date): Promise<void> {
    const requestedBefore = new Date(now.getTime() - this.#keptMilliseconds);
    for (;;) {
      const removed = await this.#register.removeOld(requestedBefore, removedAtOnce, (old) =>
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

  /** Ends exports in progress. They are made again after the next start. */
  protected override async end(): Promise<void> {
    this.#unsubscribe();
    this.#maker.stop();
  }
}

/**
 * The requested columns, in that order; all columns if none were requested. A key without a column may have been left
 * out because of a limit, so it is looked up in the rows.
 */
function chosenColumns(
  { headers, isComplete }: ResultColumns,
  keys: readonly string[] | undefined,
): readonly ResultHeader[] {
  if (keys === undefined) return headers;
  const byKey = new Map(headers.map((header) => [header.key, header]));
  const mayOccur = (key: string): boolean =>
    (!isComplete || key.length > keyLengthLimit) && !key.startsWith(platformKeyPrefix);
  return [...new Set(keys)].flatMap(
    (key) => byKey.get(key) ?? (mayOccur(key) ? { key, label: key, format: 'text' } : []),
  );
}
