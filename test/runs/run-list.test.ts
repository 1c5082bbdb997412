import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Accounts } from '../../src/accounts/accounts.ts';
import { readConfig } from '../../src/configuration/configuration.ts';
import { Database } from '../../src/database/database.ts';
import { Events } from '../../src/events/events.ts';
import { countByDay } from '../../src/runs/run-counts.ts';
import type { RunFilter } from '../../src/runs/run-filter.ts';
import { RunList } from '../../src/runs/run-list.ts';
import { addRunCountChanges } from '../../src/runs/run-counts.ts';
import { createTestDatabase } from '../support/test-database.ts';

const logger = pino({ level: 'silent' });
const days = 30;
const runsPerDay = 1000;
const total = days * runsPerDay;
const pageSize = 20;
const firstDay = '2026-03-01';

/** Most runs succeeded and are of the first worker. Every value differs from the others, so that orders are total. */
const makeRuns = `
  WITH worker AS (
    INSERT INTO worker (slug, account_id, name, title)
    SELECT lpad(number::text, 26, '0'), $1, 'worker-' || number, 'Worker ' || number FROM generate_series(1, 3) AS number
    RETURNING id, name
  ), version AS (
    INSERT INTO worker_version (worker_id, version, package_hash, language, entry, input_schema)
    SELECT id, 'v1.0.1', repeat('0', 64), 'node', 'main.js', '{"properties": []}' FROM worker RETURNING id, worker_id
  ), moment AS (
    SELECT number, timestamptz '${firstDay}T00:00:00Z' + make_interval(days => number / ${runsPerDay}, secs => number % ${runsPerDay} * 80) AS at,
      CASE WHEN number % 1000 = 7 THEN 'worker-3' WHEN number % 50 = 0 THEN 'worker-2' ELSE 'worker-1' END AS worker_name,
      CASE WHEN number >= ${total} - 3 THEN 'running' WHEN number % 1500 = 3 THEN 'failed' ELSE 'succeeded' END AS status
    FROM generate_series(0, ${total - 1}) AS number
  )
  INSERT INTO run (slug, account_id, worker_id, worker_version_id, status, end_reason, end_detail, origin, input, system, day,
                   result_count, traffic_bytes, usage, subtask_count, created_at, started_at, finished_at, labels)
  SELECT lpad(number::text, 26, '0'), $1, worker.id, version.id, status,
    CASE status WHEN 'failed' THEN 'exit' WHEN 'succeeded' THEN 'succeeded' END,
    CASE WHEN status <> 'running' THEN '{}'::jsonb END,
    CASE WHEN number % 4000 = 9 THEN 'schedule' ELSE 'api_v2' END, '{}', '{}', at::date,
    number * 7919 % ${total}, number * 6007 % ${total}, number::bigint * 104729 % ${total}, 1, at,
    CASE WHEN number % 10000 <> 5 THEN at + make_interval(secs => number * 31 % 1000) END,
    CASE WHEN status <> 'running' THEN at + make_interval(secs => 1000 + number * 7919 % ${total}) END,
    CASE WHEN number % 3000 = 11 THEN '["nightly"]'::jsonb ELSE '[]' END
  FROM moment JOIN worker ON worker.name = worker_name JOIN version ON version.worker_id = worker.id
  ORDER BY number`;

let testDatabase: Awaited<ReturnType<typeof createTestDatabase>>;
let database: Database;
let list: RunList;
let accountId: number;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  // One connection, which knows what its statements have read.
  database = new Database({ url: testDatabase.url, poolSize: 1, logger });
  const accounts = new Accounts({ database, config: readConfig({}), events: new Events(logger) });
  accountId = (await accounts.ensure('lists')).id;
  await database.pool.query(makeRuns, [accountId]);
  await addRunCountChanges(database);
  await database.pool.query('VACUUM (ANALYZE)');
  list = new RunList(database);
});

afterAll(async () => {
  await database.close();
  await testDatabase.drop();
});

/** Index entries and rows of the table of runs that the connection has read. */
async function readSoFar(): Promise<number> {
  await database.pool.query('SELECT pg_stat_force_next_flush()');
  const { rows } = await database.pool.query<{ read: number }>(
    `SELECT (SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'run')
       + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname = 'run') AS read`,
  );
  return Number(rows[0]?.read);
}

/** The page as a plain statement finds it. */
async function expectedPage(condition: string, order: string, number: number): Promise<string[]> {
  const { rows } = await database.pool.query<{ slug: string }>(
    `SELECT slug FROM run WHERE account_id = $1 AND ${condition}
     ORDER BY ${order} LIMIT ${pageSize} OFFSET ${(number - 1) * pageSize}`,
    [accountId],
  );
  return rows.map(({ slug }) => slug);
}

async function expectedCount(condition: string): Promise<number> {
  const { rows } = await database.pool.query<{ count: number }>(
    `SELECT count(*) FROM run WHERE account_id = $1 AND ${condition}`,
    [accountId],
  );
  return rows[0]?.count ?? 0;
}

const newestFirst = 'created_at DESC, run.id DESC';

const filters: { title: string; filter: RunFilter; condition: string }[] = [
  { title: 'no filter', filter: {}, condition: 'true' },
  { title: 'a common status', filter: { status: 'succeeded' }, condition: "status = 'succeeded'" },
  { title: 'a rare status', filter: { status: 'failed' }, condition: "status = 'failed'" },
  { title: 'an absent status', filter: { status: 'ready' }, condition: "status = 'ready'" },
  {
    title: 'a common worker',
    filter: { workerId: '1'.padStart(26, '0') },
    condition: "worker_id = (SELECT id FROM worker WHERE name = 'worker-1')",
  },
  {
    title: 'a rare worker',
    filter: { workerId: 'lists~worker-3' },
    condition: "worker_id = (SELECT id FROM worker WHERE name = 'worker-3')",
  },
  {
    title: 'a worker and a status',
    filter: { workerId: 'lists~worker-1', status: 'failed' },
    condition: "worker_id = (SELECT id FROM worker WHERE name = 'worker-1') AND status = 'failed'",
  },
  { title: 'a rare origin', filter: { origin: 'schedule' }, condition: "origin = 'schedule'" },
  {
    title: 'a keyword',
    filter: { keyword: 'worker 2' },
    condition: "worker_id = (SELECT id FROM worker WHERE name = 'worker-2')",
  },
  {
    title: 'a keyword of another worker',
    filter: { keyword: 'worker 2', workerId: 'lists~worker-1' },
    condition: 'false',
  },
  {
    title: 'times within a day',
    filter: {
      createdFrom: new Date('2026-03-10T03:00:00Z'),
      createdBefore: new Date('2026-03-10T09:00:00Z'),
    },
    condition: "created_at >= '2026-03-10T03:00:00Z' AND created_at < '2026-03-10T09:00:00Z'",
  },
  {
    title: 'times that cut two days',
    filter: {
      createdFrom: new Date('2026-03-04T07:30:00Z'),
      createdBefore: new Date('2026-03-21T20:00:00Z'),
    },
    condition: "created_at >= '2026-03-04T07:30:00Z' AND created_at < '2026-03-21T20:00:00Z'",
  },
  { title: 'a label', filter: { label: 'nightly' }, condition: `labels @> '["nightly"]'` },
  { title: 'end reasons', filter: { endReasons: ['exit', 'signal'] }, condition: "end_reason = 'exit'" },
  {
    title: 'the start of a slug',
    filter: { keyword: '00000000000000000000000012' },
    condition: "slug = '00000000000000000000000012'",
  },
];

describe.each(filters)('with $title', ({ filter, condition }) => {
  test('the first, middle and last page are those of a plain statement, without reading much', async () => {
    const count = await expectedCount(condition);
    const lastPage = Math.max(1, Math.ceil(count / pageSize));
    for (const number of new Set([1, Math.ceil(lastPage / 2), lastPage])) {
      const before = await readSoFar();
      const page = await list.page(accountId, filter, { number, size: pageSize });
      const read = (await readSoFar()) - before;
      expect(page).toMatchObject({ count, isCountExact: true });
      expect(page.list.map(({ slug }) => slug)).toEqual(await expectedPage(condition, newestFirst, number));
      expect(read).toBeLessThan(3 * runsPerDay);
    }
  });

  test('the oldest come first in ascending order', async () => {
    const page = await list.page(accountId, { ...filter, ascending: true }, { number: 1, size: pageSize });
    expect(page.list.map(({ slug }) => slug)).toEqual(await expectedPage(condition, 'created_at, run.id', 1));
  });
});

const seconds = 'extract(epoch FROM coalesce(finished_at, now()) - started_at)';

describe.each([
  { sort: 'results', order: 'result_count' },
  { sort: 'traffic', order: 'traffic_bytes' },
  { sort: 'usage', order: 'usage' },
  { sort: 'started_at', order: 'started_at' },
  { sort: 'duration', order: seconds },
] as const)('sorted by $sort', ({ sort, order }) => {
  // A run may lack a start and a duration, so the pages of these sorts are read from the first one on.
  const limitOfLastPage = sort === 'started_at' || sort === 'duration' ? 3 * total : 500;

  test.each([false, true])('ascending: %s', async (ascending) => {
    const direction = ascending ? 'ASC' : 'DESC';
    const sql = `${order} ${direction} NULLS LAST, run.id ${direction}`;
    const limits = [
      [1, 500],
      [2, 500],
      [total / pageSize, limitOfLastPage],
    ] as const;
    for (const [number, limit] of limits) {
      const before = await readSoFar();
      const page = await list.page(accountId, { sort, ascending }, { number, size: pageSize });
      const read = (await readSoFar()) - before;
      expect(page.list.map(({ slug }) => slug)).toEqual(await expectedPage('true', sql, number));
      expect(read).toBeLessThan(limit);
    }
  });

  test('with a filter', async () => {
    const page = await list.page(
      accountId,
      { sort, status: 'failed', ascending: false },
      { number: 1, size: pageSize },
    );
    expect(page.list.map(({ slug }) => slug)).toEqual(
      await expectedPage("status = 'failed'", `${order} DESC NULLS LAST, run.id DESC`, 1),
    );
  });
});

test('a filter without a kept count is counted up to a limit, and its pages go on', async () => {
  await database.pool.query(
    `UPDATE run SET labels = '["many"]' WHERE id IN (SELECT id FROM run ORDER BY id LIMIT 12000)`,
  );
  const page = await list.page(accountId, { label: 'many' }, { number: 590, size: pageSize });
  expect(page).toMatchObject({ count: 10_000, isCountExact: false });
  expect(page.list).toHaveLength(pageSize);
});

test('a page after the last is empty', async () => {
  const page = await list.page(accountId, {}, { number: total / pageSize + 1, size: pageSize });
  expect(page).toEqual({ count: total, isCountExact: true, list: [] });
});

async function recounted(): Promise<unknown[]> {
  const { rows } = await database.pool.query(
    `SELECT (created_at AT TIME ZONE 'UTC')::date AS day, count(*) AS runs FROM run WHERE account_id = $1
     GROUP BY 1 ORDER BY 1 DESC`,
    [accountId],
  );
  return rows;
}

describe('the kept counts', () => {
  test.each([
    ["UPDATE run SET status = 'aborting' WHERE status = 'running'", 'statuses that change'],
    ["UPDATE run SET created_at = created_at - interval '1 day' WHERE id % 100 = 0", 'times that change'],
    ['DELETE FROM run WHERE id % 37 = 0', 'runs that are deleted'],
    [
      `INSERT INTO run (slug, account_id, worker_id, worker_version_id, status, origin, input, system, day, subtask_count)
       SELECT 'Z' || substr(slug, 2), account_id, worker_id, worker_version_id, 'ready', 'cli', '{}', '{}', current_date, 1
       FROM run LIMIT 500`,
      'runs that are added',
    ],
  ])('include %#: $1', async (statement) => {
    await database.pool.query(statement);
    const expected = await recounted();
    expect(await countByDay(database, { accountId })).toEqual(expected);
    await addRunCountChanges(database);
    expect(await countByDay(database, { accountId })).toEqual(expected);
    const { rows } = await database.pool.query('SELECT FROM run_count_change');
    expect(rows).toEqual([]);
  });

  test('stay exact when a transaction is rolled back', async () => {
    const expected = await recounted();
    await database
      .transaction(async (client) => {
        await client.query('DELETE FROM run');
        throw new Error('rolled back');
      })
      .catch(() => undefined);
    expect(await countByDay(database, { accountId })).toEqual(expected);
  });

  test('stay exact while several processes add changes', async () => {
    const others = Array.from(
      { length: 4 },
      () => new Database({ url: testDatabase.url, poolSize: 2, logger }),
    );
    try {
      await Promise.all(
        others.map(async (other, part) => {
          for (let round = 0; round < 15; round += 1) {
            await other.pool.query(
              `UPDATE run SET status = CASE status WHEN 'ready' THEN 'running' ELSE 'ready' END
               WHERE finished_at IS NULL AND id % 4 = $1`,
              [part],
            );
            await addRunCountChanges(other);
          }
        }),
      );
    } finally {
      await Promise.all(others.map((other) => other.close()));
    }
    expect(await countByDay(database, { accountId })).toEqual(await recounted());
    const { rows } = await database.pool.query(
      `SELECT (SELECT sum(runs) FROM run_count WHERE status = 'ready')::bigint AS kept,
         (SELECT count(*) FROM run WHERE status = 'ready') AS counted`,
    );
    expect(rows[0]?.kept).toBe(rows[0]?.counted);
  });
});

test('a page has no gap if runs were created since they were counted', async () => {
  const [newestDay = { day: '', runs: 0 }] = await countByDay(database, { accountId });
  const size = newestDay.runs + 5;
  const page = { number: 1, size };
  const before = await list.page(accountId, {}, page);
  // As if the newest run had not been there yet.
  await database.pool.query(
    `UPDATE run_count SET runs = runs - 1 WHERE account_id = $1 AND day = $2 AND ctid = (
       SELECT ctid FROM run_count WHERE account_id = $1 AND day = $2 AND runs > 1 LIMIT 1)`,
    [accountId, newestDay.day],
  );
  try {
    expect((await list.page(accountId, {}, page)).list).toEqual(before.list);
  } finally {
    await database.pool.query(
      `UPDATE run_count SET runs = runs + 1 WHERE account_id = $1 AND day = $2 AND ctid = (
         SELECT ctid FROM run_count WHERE account_id = $1 AND day = $2 AND runs > 1 LIMIT 1)`,
      [accountId, newestDay.day],
    );
  }
});
