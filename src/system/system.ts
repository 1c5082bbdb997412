/** The state of the installation, for its operator: runners, queue, database, disks and versions. */
import { statfs } from 'node:fs/promises';
import { arch, availableParallelism, hostname, platform, totalmem } from 'node:os';
import { reserveBytes, settings, type Config, type DiskReserve } from '../configuration/configuration.ts';
import type { Database } from '../database/database.ts';
import type { EventCount, EventCounts } from '../events/event-counts.ts';
import type { Jobs, JobQueueLength } from '../jobs/jobs.ts';
import { version } from '../version.ts';

const tablesShown = 10;
const accountsShown = 20;

export interface RunnerState {
  readonly id: number;
  readonly hostname: string;
  readonly processId: number;
  /** Version of Chela; empty if the runner did not report it, as are the next fields. */
  readonly version: string;
  readonly nodeVersion: string;
  readonly sandbox: string;
  readonly slots: number;
  readonly running: number;
  readonly startedAt: Date;
  readonly heartbeatAt: Date;
  /** Whether its lease is valid. */
  readonly isAlive: boolean;
}

export interface QueueState {
  readonly waiting: number;
  readonly running: number;
  /** When the oldest run with waiting subtasks was submitted. */
  readonly oldestWaitingSince: Date | undefined;
  /** The accounts with the most waiting subtasks. */
  readonly accounts: readonly { readonly name: string; readonly waiting: number; readonly running: number }[];
}

export interface DatabaseState {
  readonly version: string;
  readonly isEmbedded: boolean;
  readonly startedAt: Date;
  readonly sizeBytes: number;
  readonly connections: number;
  /** The largest tables, including their partitions. */
  readonly tables: readonly { readonly name: string; readonly sizeBytes: number; readonly rows: number }[];
}

export interface DiskState {
  readonly folder: 'data' | 'cache';
  readonly path: string;
  readonly totalBytes: number;
  /** What Chela may still use, which is less than what nobody uses if the system keeps a reserve. */
  readonly freeBytes: number;
  readonly usedBytes: number;
}

export interface SystemState {
  readonly version: string;
  readonly nodeVersion: string;
  readonly sandbox: string;
  readonly hostname: string;
  readonly operatingSystem: string;
  readonly processors: number;
  readonly memoryBytes: number;
  /** Start of this API process. */
  readonly startedAt: Date;
  readonly usedMemoryBytes: number;
  readonly runners: readonly RunnerState[];
  readonly queue: QueueState;
  readonly database: DatabaseState;
  readonly disks: readonly DiskState[];
  readonly jobs: readonly JobQueueLength[];
  /** Events in this API process since its start. */
  readonly events: readonly EventCount[];
}

const mebibyte = 1024 * 1024;

/** @returns a sentence if a disk has less than its reserve free; undefined otherwise */
export async function spaceProblem(folder: string, reserve: DiskReserve): Promise<string | undefined> {
  const { bsize, bavail, blocks } = await statfs(folder);
  const freeBytes = bavail * bsize;
  const neededBytes = reserveBytes(reserve, blocks * bsize);
  if (freeBytes >= neededBytes) return undefined;
  const [free, needed] = [freeBytes, neededBytes].map((bytes) => Math.floor(bytes / mebibyte));
  return `the disk of ${folder} is almost full: ${free} MiB are free, and ${needed} MiB must be (${settings.diskReserve.environment})`;
}

type SystemConfig = Pick<
  Config,
  'dataDir' | 'cacheDir' | 'databaseUrl' | 'sandbox' | 'runnerLeaseSeconds' | 'diskReserve'
>;

export class System {
  readonly #database: Database;
  readonly #jobs: Jobs;
  readonly #eventCounts: EventCounts;
  readonly #config: SystemConfig;

  constructor(parts: { database: Database; jobs: Jobs; eventCounts: EventCounts; config: SystemConfig }) {
    this.#database = parts.database;
    this.#jobs = parts.jobs;
    this.#eventCounts = parts.eventCounts;
    this.#config = parts.config;
  }

  /** What keeps this installation from storing things, one sentence each. @throws if the database does not answer */
  async problems(): Promise<string[]> {
    await this.#database.pool.query('SELECT');
    const { dataDir, cacheDir, diskReserve } = this.#config;
    const problems = await Promise.all(
      [dataDir, cacheDir].map((folder) => spaceProblem(folder, diskReserve)),
    );
    return problems.filter((problem) => problem !== undefined);
  }

  /** The state as seen from this process; the disks are those of its host. */
  async state(): Promise<SystemState> {
    const [runners, queue, database, disks, jobs] = await Promise.all([
      this.#runners(),
      this.#queue(),
      this.#databaseState(),
      this.disks(),
      this.#jobs.lengths(),
    ]);
    return {
      version,
      nodeVersion: process.version,
      sandbox: this.#config.sandbox,
      hostname: hostname(),
      operatingSystem: `${platform()} ${arch()}`,
      processors: availableParallelism(),
      memoryBytes: totalmem(),
      startedAt: new Date(Date.now() - process.uptime() * 1000),
      usedMemoryBytes: process.memoryUsage.rss(),
      runners,
      queue,
      database,
      disks,
      jobs,
      events: this.#eventCounts.list(),
    };
  }

  async #runners(): Promise<RunnerState[]> {
    const { rows } = await this.#database.pool.query<RunnerState>(
      `SELECT id, hostname, process_id AS "processId", version, node_version AS "nodeVersion", sandbox, slots,
         started_at AS "startedAt", heartbeat_at AS "heartbeatAt",
         heartbeat_at >= now() - make_interval(secs => $1) AS "isAlive",
         (SELECT count(*) FROM subtask WHERE subtask.runner_id = runner.id AND subtask.status = 'running') AS running
       FROM runner ORDER BY hostname, id`,
      [this.#config.runnerLeaseSeconds],
    );
    return rows;
  }

  async #queue(): Promise<QueueState> {
    const { rows } = await this.#database.pool.query<{
      name: string;
      waiting: number;
      running: number;
      oldest: Date | null;
    }>(
      `SELECT account.name, queued.waiting, queued.running, run.created_at AS oldest
       FROM (
         SELECT account_id, count(*) FILTER (WHERE status = 'ready') AS waiting,
           count(*) FILTER (WHERE status = 'running') AS running,
           min(run_id) FILTER (WHERE status = 'ready') AS oldest
         FROM (
           SELECT account_id, status, run_id FROM subtask WHERE status = 'ready'
           UNION ALL SELECT account_id, status, run_id FROM subtask WHERE status = 'running'
         ) AS unfinished GROUP BY account_id
       ) AS queued
       JOIN account ON account.id = queued.account_id LEFT JOIN run ON run.id = queued.oldest
       ORDER BY queued.waiting DESC, queued.running DESC, account.name`,
    );
    const moments = rows.flatMap(({ oldest }) => oldest ?? []).map((moment) => moment.getTime());
    return {
      waiting: rows.reduce((sum, { waiting }) => sum + waiting, 0),
      running: rows.reduce((sum, { running }) => sum + running, 0),
      oldestWaitingSince: moments.length === 0 ? undefined : new Date(Math.min(...moments)),
      accounts: rows
        .slice(0, accountsShown)
        .map(({ name, waiting, running }) => ({ name, waiting, running })),
    };
  }

  async #databaseState(): Promise<DatabaseState> {
    const { pool } = this.#database;
    const { rows } = await pool.query<Omit<DatabaseState, 'tables' | 'isEmbedded'>>(
      `SELECT current_setting('server_version') AS version, pg_postmaster_start_time() AS "startedAt",
         pg_database_size(current_database()) AS "sizeBytes",
         (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()) AS connections`,
    );
    const [server] = rows;
    if (server === undefined) throw new Error('a statement without a table answers one row');
    const tables = await pool.query<{ name: string; sizeBytes: number; rows: number }>(
      `SELECT CASE namespace.nspname WHEN current_schema() THEN '' ELSE namespace.nspname || '.' END || root.relname AS name,
         sum(pg_total_relation_size(part.oid))::bigint AS "sizeBytes",
         sum(greatest(part.reltuples, pg_stat_get_live_tuples(part.oid)))::bigint AS rows
       FROM pg_class AS part
       LEFT JOIN pg_inherits ON pg_inherits.inhrelid = part.oid
       JOIN pg_class AS root ON root.oid = coalesce(pg_inherits.inhparent, part.oid)
       JOIN pg_namespace AS namespace ON namespace.oid = root.relnamespace
       WHERE part.relkind = 'r' AND namespace.nspname NOT IN ('pg_catalog', 'information_schema')
       GROUP BY namespace.nspname, root.relname ORDER BY 2 DESC, 1 LIMIT $1`,
      [tablesShown],
    );
    return { ...server, isEmbedded: this.#config.databaseUrl === '', tables: tables.rows };
  }

  /** The disks of this process's folders. */
  async disks(): Promise<DiskState[]> {
    const folders = [
      { folder: 'data', path: this.#config.dataDir },
      { folder: 'cache', path: this.#config.cacheDir },
    ] as const;
    return Promise.all(
      folders.map(async ({ folder, path }) => {
        const { bsize, blocks, bavail, bfree } = await statfs(path);
        return {
          folder,
          path,
          totalBytes: blocks * bsize,
          freeBytes: bavail * bsize,
          usedBytes: (blocks - bfree) * bsize,
        };
      }),
    );
  }
}
