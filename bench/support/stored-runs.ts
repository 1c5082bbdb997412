/** A database with many runs in it, made by PostgreSQL itself, and an API process on it. */
import { Client } from 'pg';
import { pino } from 'pino';
import { Accounts } from '../../src/accounts/accounts.ts';
import { readConfig } from '../../src/configuration/configuration.ts';
import { Database } from '../../src/database/database.ts';
import { Events } from '../../src/events/events.ts';
import { migrate } from '../../src/database/migrations.ts';
import { mainScript, unreachedRateLimit } from './installation.ts';
import { ServiceProcess } from './service-process.ts';

/** The runs are spread over them, in turn. */
const workerCount = 100;
const spreadDays = 20;

/** A slug as PostgreSQL makes it of a number: zeros in front are letters of a ULID too. */
const slugOf = (number: string) => `lpad(${number}::text, 26, '0')`;

const makeWorkers = `
  WITH made AS (
    INSERT INTO worker (slug, account_id, name, title)
    SELECT ${slugOf('i')}, $1, 'worker-' || i, 'Worker ' || i FROM generate_series(1, ${workerCount}) AS i
    RETURNING id
  )
  INSERT INTO worker_version (worker_id, version, package_hash, language, entry, input_schema)
  SELECT id, 'v1.0.1', repeat('0', 64), 'node', 'main.js', '{"properties": []}' FROM made`;

const makeRuns = `
  WITH target AS (
    SELECT worker.id AS worker_id, worker_version.id AS version_id, row_number() OVER (ORDER BY worker.id) - 1 AS place
    FROM worker JOIN worker_version ON worker_version.worker_id = worker.id WHERE worker.account_id = $1
  ), moment AS (
    SELECT i, now() - make_interval(days => ${spreadDays}) * (1 - i / $2::float8) AS at
    FROM generate_series(1, $2::int) AS i
  )
  INSERT INTO run (slug, account_id, worker_id, worker_version_id, status, origin, input, system, day, result_count,
                   subtask_count, subtasks_finished, created_at, started_at, finished_at)
  SELECT ${slugOf('i')}, $1, worker_id, version_id, 'succeeded', 'api_v2', '{"parameters": {"custom": {}}}', '{}',
         (at AT TIME ZONE 'UTC')::date, 100, 1, 1, at, at, at
  FROM moment JOIN target ON target.place = i % ${workerCount} ORDER BY i`;

async function createDatabase(serverUrl: string, name: string): Promise<string> {
  const client = new Client({ connectionString: serverUrl });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE ${name}`);
  } finally {
    await client.end();
  }
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

export class StoredRuns implements AsyncDisposable {
  readonly databaseUrl: string;
  readonly accountId: number;
  readonly workerIds: readonly string[];
  /** Of the API. */
  readonly port: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly #api: ServiceProcess;

  /** Use `StoredRuns.make`. */
  constructor(parts: {
    databaseUrl: string;
    accountId: number;
    workerIds: readonly string[];
    key: string;
    api: ServiceProcess;
  }) {
    this.databaseUrl = parts.databaseUrl;
    this.accountId = parts.accountId;
    this.workerIds = parts.workerIds;
    this.port = Number(new URL(parts.api.told).port);
    this.headers = { authorization: `Bearer ${parts.key}` };
    this.#api = parts.api;
  }

  /** @param serverUrl of any database on the PostgreSQL to use */
  static async make(
    serverUrl: string,
    { count, dataDir, poolSize }: { count: number; dataDir: string; poolSize: number },
  ): Promise<StoredRuns> {
    const databaseUrl = await createDatabase(serverUrl, `runs_${count}`);
    await migrate(databaseUrl);
    const logger = pino({ level: 'warn' });
    const database = new Database({ url: databaseUrl, poolSize: 1, logger });
    try {
      const accounts = new Accounts({ database, config: readConfig({}), events: new Events(logger) });
      const { id: accountId } = await accounts.ensure('bench');
      await database.pool.query(makeWorkers, [accountId]);
      await database.pool.query(makeRuns, [accountId, count]);
      await database.pool.query('VACUUM (ANALYZE)');
      const workers = await database.sql.selectFrom('worker').select('slug').orderBy('id').execute();
      const api = await ServiceProcess.start({
        command: [mainScript, 'api', '--data-dir', dataDir, '--port', '0'],
        environment: {
          DATABASE_URL: databaseUrl,
          CHELA_CACHE_DIR: dataDir,
          CHELA_DATABASE_POOL_SIZE: String(poolSize),
          CHELA_RATE_LIMIT_PER_MINUTE: unreachedRateLimit,
          CHELA_LOG_LEVEL: 'warn',
        },
        ready: /listens on (\S+)/,
      });
      const key = await accounts.createKey(accountId, 'bench');
      return new StoredRuns({ databaseUrl, accountId, workerIds: workers.map(({ slug }) => slug), key, api });
    } finally {
      await database.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#api[Symbol.asyncDispose]();
  }
}
