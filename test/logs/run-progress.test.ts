import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Accounts } from '../../src/accounts/accounts.ts';
import { readConfig } from '../../src/configuration/configuration.ts';
import { Database } from '../../src/database/database.ts';
import { Events } from '../../src/events/events.ts';
import { RunProgressWatch } from '../../src/logs/logs.ts';
import { createTestDatabase } from '../support/test-database.ts';

const logger = pino({ level: 'silent' });
/** Longer than any look takes, so that a wait that ends was ended by a change. */
const longMilliseconds = 120_000;
const { signal: never } = new AbortController();

let testDatabase: Awaited<ReturnType<typeof createTestDatabase>>;
let database: Database;
let watch: RunProgressWatch;
let runIds: number[];
/** Runs per statement of the watch. */
let looks: number[];

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = new Database({ url: testDatabase.url, poolSize: 4, logger });
  const { id: accountId } = await new Accounts({
    database,
    config: readConfig({}),
    events: new Events(logger),
  }).ensure('follower');
  const { rows } = await database.pool.query<{ id: number }>(
    `WITH made AS (
       INSERT INTO worker (slug, account_id, name, title) VALUES (lpad('1', 26, '0'), $1, 'followed', 'Followed')
       RETURNING id
     ), version AS (
       INSERT INTO worker_version (worker_id, version, package_hash, language, entry, input_schema)
       SELECT id, 'v1.0.1', repeat('0', 64), 'node', 'main.js', '{"properties": []}' FROM made RETURNING id, worker_id
     )
     INSERT INTO run (slug, account_id, worker_id, worker_version_id, status, origin, input, system, day, subtask_count)
     SELECT lpad(number::text, 26, '0'), $1, worker_id, id, 'running', 'api_v2', '{}', '{}', current_date, 1
     FROM version, generate_series(1, 4) AS number RETURNING id`,
    [accountId],
  );
  runIds = rows.map(({ id }) => id);
  const counted: typeof database.pool.query = database.pool.query.bind(database.pool);
  database.pool.query = ((...query: Parameters<typeof counted>) => {
    const [{ name, values }] = query as unknown as [{ name?: string; values?: unknown[][] }];
    if (name === 'run-progress') looks.push(values?.[0]?.length ?? 0);
    return counted(...query);
  }) as typeof counted;
  looks = [];
  watch = new RunProgressWatch(database, new Events(logger));
});

afterAll(async () => {
  await database.close();
  await testDatabase.drop();
});

test('one statement looks at all followed runs, however many follow them', async () => {
  const followers = Array.from({ length: 60 }, (_, index) => watch.follow(runIds[index % 3] ?? 0));
  await Promise.all(followers.map((follower) => follower.changed(longMilliseconds, never)));
  expect(new Set(looks)).toEqual(new Set([3]));
  expect(looks.length).toBeLessThan(10);
  for (const follower of followers) follower[Symbol.dispose]();
});

test.each([
  ['a row', 'UPDATE run SET result_count = result_count + 1 WHERE id = $1'],
  [
    'a log line',
    'INSERT INTO run_log (run_id, debug_lines, info_lines, warn_lines, error_lines) VALUES ($1, 0, 1, 0, 0)',
  ],
  ['traffic', 'UPDATE run SET traffic_bytes = traffic_bytes + 1 WHERE id = $1'],
  ['a status', "UPDATE run SET status = 'aborting' WHERE id = $1"],
])('%s wakes the followers of its run only', async (_, statement) => {
  const [changing = 0, silent = 0] = runIds;
  using follower = watch.follow(changing);
  using other = watch.follow(silent);
  await Promise.all([follower.changed(longMilliseconds, never), other.changed(longMilliseconds, never)]);
  const left = new AbortController();
  const otherWait = other.changed(longMilliseconds, left.signal);
  const wait = follower.changed(longMilliseconds, never);
  await database.pool.query(statement, [changing]);
  expect(await wait).toBe(true);
  left.abort();
  expect(await otherWait).toBe(false);
});

test('a change between two waits ends the second at once', async () => {
  const [runId = 0] = runIds;
  using follower = watch.follow(runId);
  using witness = watch.follow(runId);
  await Promise.all([follower.changed(longMilliseconds, never), witness.changed(longMilliseconds, never)]);
  await database.pool.query('UPDATE run SET result_count = result_count + 1 WHERE id = $1', [runId]);
  await witness.changed(longMilliseconds, never);
  expect(await follower.changed(0, never)).toBe(true);
});

test('a deleted run wakes its followers each time', async () => {
  const runId = runIds.at(-1) ?? 0;
  using follower = watch.follow(runId);
  await follower.changed(longMilliseconds, never);
  await database.pool.query('DELETE FROM run WHERE id = $1', [runId]);
  expect(await follower.changed(longMilliseconds, never)).toBe(true);
  expect(await follower.changed(longMilliseconds, never)).toBe(true);
});

test('a database that is away is waited out', async () => {
  const [runId = 0] = runIds;
  using follower = watch.follow(runId);
  await follower.changed(longMilliseconds, never);
  const wait = follower.changed(longMilliseconds, never);
  await database.pool
    .query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()')
    .catch(() => undefined);
  await expect
    .poll(() =>
      database.pool
        .query('UPDATE run SET result_count = result_count + 1 WHERE id = $1', [runId])
        .then(({ rowCount }) => rowCount)
        .catch(() => 0),
    )
    .toBe(1);
  expect(await wait).toBe(true);
});

test('nothing is read when nobody follows', async () => {
  using follower = watch.follow(runIds[0] ?? 0);
  await follower.changed(longMilliseconds, never);
  follower[Symbol.dispose]();
  // A look that was under way ends before the next follower's first one.
  using next = watch.follow(runIds[1] ?? 0);
  await next.changed(longMilliseconds, never);
  expect(looks.at(-1)).toBe(1);
});
