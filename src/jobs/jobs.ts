/**
 * Work that waits for its time and is done outside a request: callbacks, schedules, exports, retention. pg-boss keeps it on
 * the same database, so a job can be queued in the transaction that makes it necessary.
 */
import { PgBoss, type Db, type Job, type Queue } from 'pg-boss';
import type { PoolClient } from 'pg';
import type { Events } from '../events/events.ts';
import { StartStop } from '../services/service.ts';
import { JobWorker } from './job-worker.ts';

/** Connections of its own, so that jobs never wait for a request's and the other way round. */
const poolSize = 4;

/** A kind of work: its name in the database, and how it is retried. */
export interface JobKind<Data extends object> {
  readonly name: string;
  readonly queue: Omit<Queue, 'name'>;
  /** Never set; carries the type of the data. */
  readonly data?: Data;
}

/** How long jobs of one kind wait for a worker's next look, at most, when nothing wakes it. */
export const pollSeconds = 10;
/** A job's time is counted by PostgreSQL; a worker woken a moment too early would find nothing. */
const wakeMarginMilliseconds = 100;
/** Payload: name of the kind of a job that was sent. */
const channel = 'chela_job_sent';
const usualStopGraceMilliseconds = 10_000;

interface SendOptions {
  /** The transaction it belongs to: it is queued when that commits. */
  readonly client?: PoolClient;
  readonly startAfterSeconds?: number;
  readonly singletonKey?: string;
  /** Jobs of one group are limited together, see `work`. */
  readonly group?: string;
}

/** What a `pg` client in a transaction looks like to pg-boss. */
function inTransaction(client: PoolClient): Db {
  return {
    async executeSql(text, values) {
      const { rows } = await client.query(text, values);
      return { rows };
    },
  };
}

/** Jobs of one kind that are not done yet. */
export interface JobQueueLength {
  readonly kind: string;
  /** Due now. */
  readonly waiting: number;
  /** For a later time. */
  readonly later: number;
  readonly active: number;
}

export class Jobs extends StartStop {
  readonly name = 'jobs';
  /** For schedules, which pg-boss keeps itself. */
  readonly boss: PgBoss;
  readonly #kinds = new Map<string, JobKind<object>>();
  readonly #workers = new Map<string, JobWorker>();
  readonly #events: Events;
  readonly #wakeTimers = new Set<NodeJS.Timeout>();
  #listener: { close: () => Promise<void> } | undefined;
  readonly #stopGraceMilliseconds: number;
  #started = false;

  /** @param options.stopGraceMilliseconds how long a stop waits for jobs under way, whatever the platform's own grace */
  constructor(
    databaseUrl: string,
    events: Events,
    { stopGraceMilliseconds = usualStopGraceMilliseconds }: { stopGraceMilliseconds?: number } = {},
  ) {
    super();
    this.#stopGraceMilliseconds = stopGraceMilliseconds;
    this.#events = events;
    this.boss = new PgBoss({
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

  /** Declares a kind of work; before `start()`. */
  declare<Data extends object>(kind: JobKind<Data>): void {
    this.#kinds.set(kind.name, kind);
  }

  /**
   * Declares a kind of work that this process does: `handle` runs once a job, and again when it rejects. Before `start()`.
   * @param concurrency jobs at the same time; one that takes long holds up no other
   * @param options.groupConcurrency jobs of one group at the same time, in all processes together
   */
  work<Data extends object>(
    kind: JobKind<Data>,
    concurrency: number,
    handle: (job: Job<Data>) => Promise<void>,
    options: { groupConcurrency?: number } = {},
  ): void {
    this.declare(kind);
    const worker = new JobWorker({
      boss: this.boss,
      kind: kind.name,
      concurrency,
      groupConcurrency: options.groupConcurrency,
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

  /** Notifications may have been missed. */
  #wakeAll(): void {
    for (const worker of this.#workers.values()) worker.wake();
  }

  /** A job is announced when it is sent, not when a delayed one is due: then the poll finds it, or this. */
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

  /** Waits for the jobs under way; those that take longer are done again later. */
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

  /** How many jobs of each kind there are. None before `start()`. */
  async lengths(): Promise<JobQueueLength[]> {
    if (!this.#started) return [];
    // Not by pg-boss, whose counts may be an hour old.
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
