/** Makes exports: reads rows from the database, formats them, and stores the file. */
import { isDatabaseUnavailable } from '../database/database.ts';
import { ChelaError } from '../errors.ts';
import type { Events } from '../events/events.ts';
import type { JobKind } from '../jobs/jobs.ts';
import type { Storage } from '../storage/storage.ts';
import { storageKey } from './export-record.ts';
import {
  makeLimitSeconds,
  type ExportPlan,
  type ExportRegister,
  type StoredSelection,
} from './export-register.ts';
import type { ExportOrder } from './export-file.ts';
import { exportStream, smallRowCount } from './export-stream.ts';
import type { ResultHeader } from './ingest.ts';

interface ExportJob {
  readonly exportId: number;
  /** URL of the run in the API. */
  readonly runUrl: string;
}

export const makeExports: JobKind<ExportJob> = {
  name: 'make-export',
  queue: {
    retryLimit: 8,
    retryDelay: 2,
    retryBackoff: true,
    expireInSeconds: makeLimitSeconds,
    // If the process dies, this is how it is noticed, and another process makes the export.
    heartbeatSeconds: 30,
  },
};

interface MakerOptions {
  readonly register: ExportRegister;
  readonly storage: Storage;
  readonly databaseUrl: string;
  readonly events: Events;
}

export class ExportMaker {
  readonly #options: MakerOptions;
  #stopping = new AbortController();

  constructor(options: MakerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#stopping = new AbortController();
  }

  /** Ends exports in progress. They are made again after the next start. */
  stop(): void {
    this.#stopping.abort();
  }

  /** Makes a queued export. Rejects if a retry may succeed. */
  async make({ exportId, runUrl }: ExportJob): Promise<void> {
    const { register, storage, events } = this.#options;
    const { signal } = this.#stopping;
    const plan = await register.plan(exportId);
    if (plan === undefined || plan.state !== 'queued' || plan.run === null) return;
    signal.throwIfAborted();
    const named = { run: plan.run.slug, export: plan.slug, format: plan.format };
    try {
      const { sizeBytes, rowCount } = await this.#write(plan, plan.run, runUrl, signal);
      // The run may have been removed in the meantime.
      if (await register.ready(exportId, sizeBytes, rowCount))
        events.emit('export:made', { ...named, sizeBytes });
      else await storage.remove(storageKey(plan));
    } catch (error) {
      if (signal.aborted) throw error;
      if (!(error instanceof ChelaError) && isDatabaseUnavailable(error)) throw error;
      const { key: code, message } =
        error instanceof ChelaError
          ? error
          : new ChelaError('SYSTEM_ERROR', 'the export failed: export the run again');
      await register.failed(exportId, code, message);
      events.emit('export:failed', { ...named, code, err: error });
    }
  }

  async #write(
    plan: ExportPlan,
    run: NonNullable<ExportPlan['run']>,
    runUrl: string,
    signal: AbortSignal,
  ): Promise<{ sizeBytes: number; rowCount: number }> {
    const stored = plan.selection === null ? undefined : (JSON.parse(plan.selection) as StoredSelection);
    const runRows = stored?.searched ?? plan.row_count;
    let rowCount = runRows;
    const order: ExportOrder = {
      databaseUrl: this.#options.databaseUrl,
      format: plan.format,
      table: {
        source: { id: run.id, day: run.day },
        run: {
          slug: run.slug,
          workerTitle: run.title,
          createdAt: run.createdAt.toISOString(),
          url: runUrl,
        },
        columns: JSON.parse(plan.columns) as ResultHeader[],
        isFiltered: plan.is_filtered,
        lacksColumns: plan.lacks_columns,
        csv: { defusesFormulas: plan.defuses_formulas, hasByteOrderMark: plan.has_byte_order_mark },
        rowCount: runRows,
      },
      selection: stored?.selection,
    };
    const storedBytes = runRows > smallRowCount ? 0 : await this.#options.register.storedBytes(run, runRows);
    const stream = exportStream(order, storedBytes, (rows, of) => {
      rowCount = of;
      // Only reported, because the file does not depend on it.
      const { register, events } = this.#options;
      register.progress(plan.id, rows, of).catch((err: unknown) => {
        events.failed({ work: 'record-export-progress', err, run: run.slug });
      });
    });
    const end = (): void => void stream.destroy(new Error('the platform stops'));
    signal.addEventListener('abort', end, { once: true });
    try {
      const sizeBytes = await this.#options.storage.write(storageKey(plan), stream);
      return { sizeBytes, rowCount };
    } finally {
      signal.removeEventListener('abort', end);
    }
  }
}
