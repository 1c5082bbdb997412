/** The parts that services need. None of them runs on its own, so all effects come from the service under test. */
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import type { Config } from '../../../src/configuration/configuration.ts';
import { Notifications, type channels } from '../../../src/database/database.ts';
import { makeDomain, type Domain } from '../../../src/platform/domain.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import { testConfig } from '../../support/test-platform.ts';

export const logger = pino({ level: 'silent' });

/** Real notifications that count their listeners. */
export class CountedNotifications extends Notifications {
  listeners = 0;

  override on(
    channel: (typeof channels)[keyof typeof channels],
    handler: (payload: string) => void,
  ): () => void {
    return this.#counted(super.on(channel, handler));
  }

  override onReconnect(handler: () => void): () => void {
    return this.#counted(super.onReconnect(handler));
  }

  #counted(leave: () => void): () => void {
    this.listeners += 1;
    return () => {
      this.listeners -= 1;
      leave();
    };
  }
}

export interface StoredRun {
  readonly id: number;
  readonly slug: string;
}

export class Surroundings {
  readonly config: Config;
  readonly databaseUrl: string;
  readonly domain: Domain;
  /** Already started. The services under test subscribe to it. */
  readonly notifications: CountedNotifications;
  readonly #dispose: () => Promise<void>;
  #worker: { accountId: number; workerId: number; versionId: number } | undefined;
  #runs = 0;

  private constructor(config: Config, databaseUrl: string, dispose: () => Promise<void>) {
    this.config = config;
    this.databaseUrl = databaseUrl;
    this.domain = makeDomain({ config, databaseUrl, makesExports: false, logger });
    this.notifications = new CountedNotifications({
      url: databaseUrl,
      connections: this.domain.database.connections,
      logger,
    });
    this.#dispose = dispose;
  }

  static async make(): Promise<Surroundings> {
    const database = await createTestDatabase();
    const folder = await mkdtemp(path.join(tmpdir(), 'chela-test-services-'));
    await chmod(folder, 0o755);
    const config = testConfig(path.join(folder, 'data'), {
      cacheDir: path.join(folder, 'cache'),
      runnerSlots: 1,
      runnerLeaseSeconds: 30,
    });
    await Promise.all([config.dataDir, config.cacheDir].map(async (place) => mkdir(place, { mode: 0o755 })));
    const made = new Surroundings(config, database.url, async () => {
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    });
    await made.notifications.start();
    return made;
  }

  async dispose(): Promise<void> {
    await this.notifications.stop();
    await this.domain.database.close();
    await this.#dispose();
  }

  async query<Row extends object>(statement: string, values: readonly unknown[] = []): Promise<Row[]> {
    return (await this.domain.database.pool.query<Row>(statement, [...values])).rows;
  }

  /** Number of connections to this database. @param name application name that the platform sets */
  async connections(name: string): Promise<number> {
    const rows = await this.query(
      'SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1',
      [name],
    );
    return rows.length;
  }

  async accountId(): Promise<number> {
    return (await this.domain.accounts.ensure('owner')).id;
  }

  /** Inserts a run with one subtask. Its package is not stored. */
  async storeRun(
    state:
      | { status: 'ready' }
      | { status: 'running'; runnerId: number }
      | { status: 'succeeded'; day?: string },
  ): Promise<StoredRun> {
    const { accountId, workerId, versionId } = await this.#storedWorker();
    const { status } = state;
    const isEnded = status === 'succeeded';
    this.#runs += 1;
    const slug = String(this.#runs).padStart(26, '0');
    const limits = {
      cpus: 1,
      memory: 64,
      execute_limit_time_seconds: 60,
      max_total_charge: 0,
      max_total_traffic: 0,
      proxy_region: '',
    };
    const [run] = await this.query<{ id: number }>(
      `WITH stored AS (
       INSERT INTO run (slug, account_id, worker_id, worker_version_id, status, origin, input, system, day, subtask_count,
         subtasks_finished, started_at, finished_at, end_reason, end_detail)
       VALUES ($1, $2, $3, $4, $5, 'api_v2', '{}', $6, $7, 1, $8::int, now(), $9, $10, $11) RETURNING id
       ), part AS (
         INSERT INTO subtask (run_id, number, status, input, account_id, runner_id)
         SELECT id, 1, $5, '{}', $2, $12 FROM stored
       )
       SELECT id FROM stored`,
      [
        slug,
        accountId,
        workerId,
        versionId,
        status,
        limits,
        (isEnded && state.day) || new Date(),
        isEnded ? 1 : 0,
        isEnded ? new Date() : null,
        isEnded ? 'succeeded' : null,
        isEnded ? {} : null,
        status === 'running' ? state.runnerId : null,
      ],
    );
    const id = run?.id ?? 0;
    return { id, slug };
  }

  async #storedWorker(): Promise<{ accountId: number; workerId: number; versionId: number }> {
    if (this.#worker !== undefined) return this.#worker;
    const accountId = await this.accountId();
    const [worker] = await this.query<{ id: number }>(
      `INSERT INTO worker (slug, account_id, name, title) VALUES ($1, $2, 'stored', 'Stored') RETURNING id`,
      ['1'.padStart(26, '0'), accountId],
    );
    const workerId = worker?.id ?? 0;
    const [version] = await this.query<{ id: number }>(
      `INSERT INTO worker_version (worker_id, version, package_hash, language, entry, input_schema)
       VALUES ($1, 'v1.0.0', repeat('0', 64), 'node', 'main.js', '{"properties": []}') RETURNING id`,
      [workerId],
    );
    this.#worker = { accountId, workerId, versionId: version?.id ?? 0 };
    return this.#worker;
  }
}
