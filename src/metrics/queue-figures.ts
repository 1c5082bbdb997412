/** Figures of the whole installation, from the database. Every process reads the same ones. */
import type { Config } from '../configuration/configuration.ts';
import type { Database } from '../database/database.ts';
import type { JobQueueLength, Jobs } from '../jobs/jobs.ts';
import { OneAtATime } from '../services/one-at-a-time.ts';

/** However many scrapers ask, the database is asked this often by each process. */
const cacheMilliseconds = 5000;
/** An answer that takes longer counts as none, so that a scrape does not wait for a database that is gone. */
const limitMilliseconds = 2000;

export interface QueueFigures {
  /** Subtasks that a free slot would take. */
  readonly waiting: number;
  /** Subtasks beyond the concurrency limit of their run, which no free slot takes. */
  readonly held: number;
  readonly running: number;
  /** Since the oldest run with waiting subtasks was submitted; 0 if none waits. */
  readonly oldestWaitSeconds: number;
  /** Runners with a valid lease. */
  readonly runners: number;
  /** Slots of these runners. */
  readonly slots: number;
  /** Held runs in run queues, which wait for their account to activate them. */
  readonly queueItems: number;
  /** Exports that are being made or wait for it. */
  readonly exports: number;
  readonly databaseBytes: number;
  /** Unfinished background jobs by kind, such as deliveries of callbacks. */
  readonly jobs: readonly JobQueueLength[];
}

type FiguresConfig = Pick<Config, 'runnerLeaseSeconds'>;

const statement = `
  WITH queued AS (
    SELECT count(*) AS waiting, min(run_id) AS oldest FROM subtask WHERE status = 'ready' AND NOT is_held
  ), live AS (
    SELECT count(*) AS runners, coalesce(sum(slots), 0)::bigint AS slots
    FROM runner WHERE heartbeat_at >= now() - make_interval(secs => $1)
  )
  SELECT waiting, runners, slots,
    (SELECT count(*) FROM subtask WHERE status = 'ready' AND is_held) AS held,
    (SELECT count(*) FROM subtask WHERE status = 'running') AS running,
    coalesce((
      SELECT greatest(0, extract(epoch FROM now() - created_at))::float8 FROM run WHERE id = queued.oldest
    ), 0) AS "oldestWaitSeconds",
    (SELECT count(*) FROM queue_item WHERE status = 'waiting') AS "queueItems",
    (SELECT count(*) FROM export WHERE state = 'queued') AS exports,
    pg_database_size(current_database()) AS "databaseBytes"
  FROM queued, live`;

export class QueueFiguresReader {
  readonly #database: Database;
  readonly #jobs: Jobs;
  readonly #config: FiguresConfig;
  readonly #reading = new OneAtATime(() => this.#query());
  #latest: { readonly figures: QueueFigures; readonly readAt: number } | undefined;

  constructor(parts: { readonly database: Database; readonly jobs: Jobs; readonly config: FiguresConfig }) {
    this.#database = parts.database;
    this.#jobs = parts.jobs;
    this.#config = parts.config;
  }

  /** @returns figures that are a few seconds old at most; undefined if the database does not answer in time */
  async read(): Promise<QueueFigures | undefined> {
    const latest = this.#latest;
    if (latest !== undefined && performance.now() - latest.readAt < cacheMilliseconds) return latest.figures;
    const { promise: late, resolve } = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => resolve(undefined), limitMilliseconds);
    try {
      return await Promise.race([this.#reading.run().catch(() => undefined), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #query(): Promise<QueueFigures | undefined> {
    const { rows } = await this.#database.pool.query<Omit<QueueFigures, 'jobs'>>(statement, [
      this.#config.runnerLeaseSeconds,
    ]);
    const [counted] = rows;
    if (counted === undefined) return undefined;
    const figures = { ...counted, jobs: await this.#jobs.lengths() };
    this.#latest = { figures, readAt: performance.now() };
    return figures;
  }
}
