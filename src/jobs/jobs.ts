/**
 * Work outside a request, possibly at a later time: callbacks, schedules, exports, retention. pg-boss stores the jobs
 * in the same database, so a job can be queued in the transaction that requires it.
 */
import { PgBoss, type Db, type Job, type Queue } from 'pg-boss';
import type { PoolClient, PoolConfig } from 'pg';
import type { Events } from '../events/events.ts';
import { StartStop } from '../services/service.ts';
import { JobWorker } from './job-worker.ts';

/** A separate pool, so that jobs and requests never wait for each other's connections. */
const poolSize = 4;

/** A kind of job: its name in the database, and how it is retried. */
export interface JobKind<Data extends object> {
  readonly name: string;
  readonly queue: Omit<Queue, 'name'>;
  /** Never set; carries the type of the data. */
  readonly data?: Data;
}

/** Maximum time between two polls of a worker, if no notification arrives. */
export const pollSeconds = 10;
/** PostgreSQL decides whether a job is due; a worker that wakes slightly early would find nothing. */
const wakeMarginMilliseconds = 100;
/** Payload: name of the kind of the job. */
const channel = 'chela_job_sent';
const usualStopGraceMilliseconds = 10_000;

interface SendOptions {
  /** Queues the job in this transaction, on its commit. */
  readonly client?: PoolClient;
  readonly startAfterSeconds?: number;
  readonly singletonKey?: string;
  /** Jobs in one group share a limit, see `work`. */
  readonly group?: string;
}

/** Adapts a `pg` client in a transaction to pg-boss. */
function inTransaction(client: PoolClient): Db {
  return {
    async executeSql(text, values) {
      const { rows } = await client.query(text, values);
      return { rows };
    },
  };
}

/** Number of unfinished jobs of a kind. */
export interface JobQueueLength {
  readonly kind: string;
  /** Due now. */
  readonly waiting: number;
  /** Due later. */
  readonly later: number;
  readonly active: number;
}

export class Jobs extends StartStop {
  readonly name = 'jobs';
  /** For schedules, which pg-boss stores itself. */
  readonly boss: PgBoss;
  readonly #kinds = new Map<string, JobKind<object>>();
  readonly #workers = new Map<string, JobWorker>();
  readonly #events: Events;
  readonly #wakeTimers = new Set<NodeJS.Timeout>();
  #listener: { close: () => Promise<void> } | undefined;
  readonly #stopGraceMilliseconds: number;
  #started = false;

  /**
   * @param options.stopGraceMilliseconds how long a stop waits for running jobs, independent of the platform's grace
   *   period
   * @param options.poolOptions of its connections
   */
  constructor(
    databaseUrl: string,
    events: Events,
    {
      stopGraceMilliseconds = usualStopGraceMilliseconds,
      poolOptions = {},
    }: { stopGraceMilliseconds?: number; poolOptions?: PoolConfig } = {},
  ) {
    super();
    this.#stopGraceMilliseconds = stopGraceMilliseconds;
    this.#events = events;
    this.boss = new PgBoss({
      // pg-boss passes all options to the pool of `pg`, even those that its types do not have.
      ...(poolOptions as object),
      connectionString: databaseUrl,
      application_name: 'chela jobs',
      max: poolSize,
    });
    this.boss.on('error', (err) => events.failed({ work: 'keep-job-queue', err }));
  }

  /** Whether jobs can be sent. */
  get isStarted(): boolean {
    return this.#started;
  }

  /** Declares a kind of job. Call it before `start()`. */
  declare<Data extends object>(kind: JobKind<Data>): void {
    this.#kinds.set(kind.name, kind);
  }

  /**
   * Declares a kind of job that this process does. `handle` is called once per job, and again if it rejects. Call it
   * before `start()`.
   * @param concurrency maximum number of concurrent jobs; a slow one does not delay the others
   * @param options.groupConcurrency maximum number of concurrent jobs per group, over all processes
   * @param options.slowConcurrency how many jobs that have taken more than a second run in addition; none by default
   */
  work<Data extends object>(
    kind: JobKind<Data>,
    concurrency: number,
    handle: (job: Job<Data>) => Promise<void>,
    options: { groupConcurrency?: number; slowConcurrency?: number } = {},
  ): void {
    this.declare(kind);
    const worker = new JobWorker({
      boss: this.boss,
      kind: kind.name,
      concurrency,
      groupConcurrency: options.groupConcurrency,
      slowConcurrency: options.slowConcurrency ?? 0,
      pollSeconds,
      handle: handle as (job: Job) => Promise<void>,
      events: this.#events,
    });
    this.#workers.set(kind.name, worker);
  }

  protected override async begin(): Promise<void> {
    await this.boss.start();
    for (const { name, queue } of this.#kinds.values()) await this.boss.createQueue(name, queue);
    this.#started = true;
    this.#listener = await this.boss.getDb().listen?.(
      channel,
      (kindName) => this.#workers.get(kindName)?.wake(),
      () => this.#wakeAll(),
    );
    for (const worker of this.#workers.values()) worker.start();
  }

  /** Wakes all workers, because notifications may have been missed. */
  #wakeAll(): void {
    for (const worker of this.#workers.values()) worker.wake();
  }

  /**
   * Wakes a worker when a delayed job is due. Notifications arrive when a job is sent; without this only the poll would
   * find it.
   */
  #wakeAfter(kindName: string, seconds: number): void {
    const worker = this.#workers.get(kindName);
    if (seconds > pollSeconds || worker === undefined) return;
    const timer = setTimeout(
      () => {
        this.#wakeTimers.delete(timer);
        worker.wake();
      },
      seconds * 1000 + wakeMarginMilliseconds,
    );
    this.#wakeTimers.add(timer);
  }

  /** Waits for running jobs. Those that take too long are done again later. */
  protected override async end(): Promise<void> {
    this.#started = false;
    await Promise.all(
      [...this.#workers.values()].map(async (worker) => worker.stop(this.#stopGraceMilliseconds)),
    );
    for (const timer of this.#wakeTimers) clearTimeout(timer);
    this.#wakeTimers.clear();
    await this.#listener?.close();
    this.#listener = undefined;
    await this.boss.stop();
  }

  /** Number of unfinished jobs per kind. Empty before `start()`. */
  async lengths(): Promise<JobQueueLength[]> {
    if (!this.#started) return [];
    // pg-boss's own counts may be an hour old.
    const { rows } = await this.boss.getDb().executeSql(
      `SELECT kind, count(job.name) FILTER (WHERE state < 'active' AND start_after <= now())::int AS waiting,
         count(job.name) FILTER (WHERE state < 'active' AND start_after > now())::int AS later,
         count(job.name) FILTER (WHERE state = 'active')::int AS active
       FROM unnest($1::text[]) AS kind LEFT JOIN pgboss.job ON job.name = kind AND state < 'completed'
       GROUP BY kind ORDER BY kind`,
      [[...this.#kinds.keys()]],
    );
    return rows as JobQueueLength[];
  }

  /** Queues a job. */
  async send<Data extends object>(kind: JobKind<Data>, data: Data, options: SendOptions = {}): Promise<void> {
    const { client, startAfterSeconds, singletonKey, group } = options;
    const db = client === undefined ? this.boss.getDb() : inTransaction(client);
    await this.boss.send(kind.name, data, {
      db,
      ...(startAfterSeconds && { startAfter: startAfterSeconds }),
      ...(singletonKey && { singletonKey }),
      ...(group && { group: { id: group } }),
    });
    if (startAfterSeconds) this.#wakeAfter(kind.name, startAfterSeconds);
    else await db.executeSql('SELECT pg_notify($1, $2)', [channel, kind.name]);
  }
}
