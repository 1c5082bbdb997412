import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPartitions, dayOf, partitionBytes } from '../../src/database/partitions.ts';
import { applyRetention, previewRetention } from '../../src/retention/retention.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { publishScriptedWorker } from '../platform/support/scripted-worker.ts';

const dayMilliseconds = 24 * 3600 * 1000;
const now = new Date();

let platform: TestPlatform;
let worker: string;
beforeAll(async () => {
  platform = await startTestPlatform({}, { api: true, runner: false });
  worker = await publishScriptedWorker(platform, 'Scripted');
});
afterAll(async () => platform.close());

/** Makes a run that was created that many days ago, with one row and one log line. */
async function makeRun(ageDays: number, status: 'succeeded' | 'failed' | 'running'): Promise<string> {
  const { pool } = platform.platform.database;
  const created = new Date(now.getTime() - ageDays * dayMilliseconds);
  await createPartitions(platform.platform.database, created);
  const slug = await platform.runAsync(worker, { script: '', items: ['one', 'two'] });
  const { rows } = await pool.query<{ id: number }>(
    `UPDATE run SET day = $2, created_at = $3, status = $4, result_count = 1,
       finished_at = CASE WHEN $4 = 'running' THEN NULL ELSE $3::timestamptz END
     WHERE slug = $1 RETURNING id`,
    [slug, dayOf(created), created, status],
  );
  const place = [dayOf(created), rows[0]?.id];
  await pool.query(
    `INSERT INTO result_row (day, run_id, number, subtask, data) VALUES ($1, $2, 0, 1, '{"kept": true}')`,
    place,
  );
  await pool.query(
    `INSERT INTO log_line (day, run_id, id, subtask, type, content, logged_at) VALUES ($1, $2, 1, 1, 2, 'line', now())`,
    place,
  );
  return slug;
}

async function count(table: string): Promise<number> {
  return (await platform.platform.database.pool.query(`SELECT FROM ${table}`)).rowCount ?? 0;
}

test('a run older than the retention is removed with everything that belongs to it; others stay readable', async () => {
  const { database } = platform.platform;
  const old = [await makeRun(60, 'succeeded'), await makeRun(45, 'failed'), await makeRun(31, 'succeeded')];
  const young = [await makeRun(29, 'succeeded'), await makeRun(0, 'failed')];

  // Several processes of an installation do this at once.
  await Promise.all(Array.from({ length: 3 }, async () => applyRetention(database, { days: 30 }, now)));

  for (const slug of old)
    expect(await platform.call(`/worker-runs/${slug}`)).toMatchObject({ status: 404, code: 11004 });
  for (const slug of young) {
    expect((await platform.results(slug)).list).toEqual([{ kept: true }]);
    expect(await platform.log(slug)).toHaveLength(1);
  }
  expect(await count('run')).toBe(2);
  expect(await count('subtask')).toBe(4);
  expect(await count('result_row')).toBe(2);
  expect(await count('log_line')).toBe(2);
  const { rows } = await database.pool.query<{ name: string }>(
    `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'result_row'::regclass ORDER BY 1`,
  );
  const firstKept = `result_row_${dayOf(new Date(now.getTime() - 30 * dayMilliseconds)).replaceAll('-', '_')}`;
  expect(rows.every(({ name }) => name === 'result_row_default' || name >= firstKept)).toBe(true);
});

test('an unfinished run keeps its rows, however old it is', async () => {
  const unfinished = await makeRun(90, 'running');
  const ended = await makeRun(80, 'succeeded');
  await applyRetention(platform.platform.database, { days: 30 }, now);
  expect((await platform.results(unfinished)).list).toEqual([{ kept: true }]);
  expect((await platform.call(`/worker-runs/${ended}`)).status).toBe(404);
});

/** The days that have a partition of rows. */
async function partitionsBefore(days: number): Promise<string[]> {
  const { rows } = await platform.platform.database.pool.query<{ name: string }>(
    `SELECT inhrelid::regclass::text AS name FROM pg_inherits
     WHERE inhparent IN ('result_row'::regclass, 'log_line'::regclass) ORDER BY 1`,
  );
  const first = dayOf(new Date(now.getTime() - days * dayMilliseconds)).replaceAll('-', '_');
  return rows.map(({ name }) => name).filter((name) => !name.endsWith('_default') && name.slice(-10) < first);
}

async function setPinned(slug: string, isPinned: boolean): Promise<void> {
  expect(
    (await platform.call(`/worker-runs/${slug}`, { method: 'PUT', body: { pinned: isPinned } })).status,
  ).toBe(200);
}

test('a pinned run keeps its rows and lines until it is unpinned, and its day keeps nothing else', async () => {
  const { database } = platform.platform;
  const pinned = [await makeRun(70, 'succeeded'), await makeRun(70, 'failed')];
  const [first = '', second = ''] = pinned;
  const others = [await makeRun(70, 'succeeded'), await makeRun(69, 'succeeded')];
  // A day without a partition of its own.
  const early = await makeRun(75, 'succeeded');
  await database.pool.query(
    `DO $$ DECLARE name text := 'result_row_' || to_char(current_date - 75, 'YYYY_MM_DD'); BEGIN
       EXECUTE 'ALTER TABLE result_row DETACH PARTITION ' || name;
       EXECUTE 'INSERT INTO result_row SELECT * FROM ' || name;
       EXECUTE 'DROP TABLE ' || name;
     END $$`,
  );
  for (const slug of [...pinned, early]) await setPinned(slug, true);

  await Promise.all(Array.from({ length: 3 }, async () => applyRetention(database, { days: 30 }, now)));

  for (const slug of [...pinned, early]) {
    expect((await platform.results(slug)).list).toEqual([{ kept: true }]);
    expect(await platform.log(slug)).toHaveLength(1);
  }
  for (const slug of others) expect((await platform.call(`/worker-runs/${slug}`)).status).toBe(404);
  const day = dayOf(new Date(now.getTime() - 70 * dayMilliseconds)).replaceAll('-', '_');
  expect(await count(`result_row_${day}`)).toBe(2);
  expect(await partitionsBefore(30)).toEqual(
    expect.arrayContaining([`log_line_${day}`, `result_row_${day}`]),
  );
  expect(await count('removed_run')).toBe(0);

  // Once more, so that a partition that was written anew is written anew again.
  await setPinned(first, false);
  await applyRetention(database, { days: 30 }, now);
  expect((await platform.call(`/worker-runs/${first}`)).status).toBe(404);
  expect((await platform.results(second)).list).toEqual([{ kept: true }]);
  expect(await count(`result_row_${day}`)).toBe(1);

  for (const slug of [second, early]) await setPinned(slug, false);
  await applyRetention(database, { days: 30 }, now);
  await platform.platform.removal.clean();
  expect(await partitionsBefore(60)).not.toContain(`result_row_${day}`);
  expect(await count(`result_row WHERE day < current_date - 60 AND run_id NOT IN (SELECT id FROM run)`)).toBe(
    0,
  );
});

test('a plan keeps its runs for its own time, and the disk gets back what the other runs had', async () => {
  const { database, accounts } = platform.platform;
  const { id } = await accounts.ensure('tester');
  const plans = { days: new Map([['business', 100]]), names: ['free', 'business'], defaultName: 'free' };
  const policy = { days: 30, plans };
  const [kept, removed] = [await makeRun(40, 'succeeded'), await makeRun(40, 'succeeded')];
  const other = await accounts.ensure('longer-plan');
  await database.pool.query(`UPDATE account SET plan = 'business' WHERE id = $1`, [other.id]);
  // A plan that is no longer configured counts as the default one.
  await database.pool.query(`UPDATE account SET plan = 'gone' WHERE id = $1`, [id]);
  await database.pool.query('UPDATE run SET account_id = $2 WHERE slug = $1', [kept, other.id]);
  const day = dayOf(new Date(now.getTime() - 40 * dayMilliseconds));
  await database.pool.query(
    `INSERT INTO result_row (day, run_id, number, subtask, data)
     SELECT run.day, run.id, number, 1, json_build_object('filler', md5(number::text))
     FROM run, generate_series(1, 20000) AS number WHERE slug = $1`,
    [removed],
  );
  await database.pool.query('UPDATE run SET result_count = 20001 WHERE slug = $1', [removed]);
  const before = await partitionBytes(database, day);

  const config = { exportRetentionDays: 7, auditRetentionDays: 365 };
  const preview = await previewRetention(database, policy, config, now);
  const line = (what: string) => preview.find((each) => each.what === what);
  expect(line('rows')).toMatchObject({ what: 'rows', count: 20_001 });
  expect(line('rows')?.sizeBytes).toBeGreaterThan(before.result_row * 0.99);
  expect(line('runs')?.count).toBe(1);
  expect((await platform.call(`/worker-runs/${removed}`)).status).toBe(200);

  await applyRetention(database, policy, now);
  const exists = await database.pool.query<{ slug: string }>('SELECT slug FROM run WHERE slug = ANY($1)', [
    [kept, removed],
  ]);
  expect(exists.rows).toEqual([{ slug: kept }]);
  expect(await count(`result_row WHERE day = '${day}'`)).toBe(1);
  expect((await partitionBytes(database, day)).result_row).toBeLessThan(before.result_row / 10);
  expect((await previewRetention(database, policy, config, now)).map((each) => each.count)).toEqual(
    preview.map(({ what, count: counted }) => (['runs', 'rows', 'log lines'].includes(what) ? 0 : counted)),
  );
});
