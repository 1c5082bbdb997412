import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { countEndedRuns } from '../../src/statistics/run-counter.ts';
import { applyRetention } from '../../src/retention/retention.ts';
import { publishScriptedWorker, runForever } from '../platform/support/scripted-worker.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { ask, errorOf } from './checked-answer.ts';

interface Figures {
  runs: number;
  succeeded: number;
  failed: number;
  aborted: number;
  success_rate: number;
  duration_p50: number;
  duration_p90: number;
  duration_p99: number;
  duration_is_exact: boolean;
  results: number;
  traffic: number;
  usage: string;
  usage_results: string;
  usage_memory: string;
  usage_cpu: string;
  usage_traffic: string;
  memory: string;
}

interface Series {
  from: number;
  to: number;
  bucket: string;
  timezone: string;
  totals: Figures;
  list: (Figures & { start: number })[];
}

interface Workers {
  count: number;
  list: (Figures & { worker_slug: string; worker_title: string })[];
}

const script = `
  const [item] = input.items;
  if (item === 'fail') throw new Error('failed on purpose');
  for (let index = 0; index < Number(item); index += 1) await sdk.result.pushData({ index });`;

let platform: TestPlatform;
let first: string;
let second: string;
beforeAll(async () => {
  platform = await startTestPlatform({
    pricePerResult: '0.01',
    pricePerGigabyteHour: '0.5',
    pricePerCpuHour: '36',
  });
  first = await publishScriptedWorker(platform, 'First');
  second = await publishScriptedWorker(platform, 'Second');
  for (const items of [['3'], ['0'], ['fail'], ['2', 'fail']])
    await platform.runSync(first, { script, items });
  await platform.runSync(second, { script, items: ['1'] });
  const going = await platform.runAsync(first, { script: runForever, items: ['x'] });
  await platform.call(`/worker-runs/${going}/abort`, { method: 'POST' });
  await platform.finished(going);
});
afterAll(async () => platform.close());

async function series(query = ''): Promise<Series> {
  const answer = await ask<Series>(platform, `/statistics/runs?${query}`);
  expect(answer.message).toBe('success');
  return answer.data;
}

async function workers(query = ''): Promise<Workers> {
  return (await ask<Workers>(platform, `/statistics/workers?${query}`)).data;
}

/** The same statistics, computed from the runs themselves. */
async function counted(condition = 'true'): Promise<Record<string, unknown>> {
  const { rows } = await platform.platform.database.pool.query<Record<string, unknown>>(
    `SELECT count(*) AS runs, count(*) FILTER (WHERE run.status = 'succeeded') AS succeeded,
       count(*) FILTER (WHERE run.status = 'failed' AND end_reason <> 'aborted') AS failed,
       count(*) FILTER (WHERE end_reason = 'aborted') AS aborted,
       coalesce(sum(result_count), 0)::bigint AS results, coalesce(sum(usage), 0)::text AS usage
     FROM run WHERE finished_at IS NOT NULL AND ${condition}`,
  );
  const [row] = rows;
  return { ...row, usage: expect.toSatisfy((usage: string) => Number(usage) === Number(row?.usage)) };
}

function sum(
  list: readonly Figures[],
  field: 'runs' | 'succeeded' | 'failed' | 'aborted' | 'results',
): number {
  return list.reduce((total, figures) => total + figures[field], 0);
}

/** Runs the same test before aggregation, after it, and with some of each. */
describe.each(['before they are added up', 'half of them added up', 'after it'])('runs %s', (state) => {
  beforeAll(async () => {
    const { database } = platform.platform;
    if (state === 'before they are added up') return;
    if (state === 'half of them added up') {
      await database.pool.query(`
        WITH held AS (DELETE FROM ended_run WHERE run_id IN (SELECT run_id FROM ended_run ORDER BY run_id LIMIT 3) RETURNING run_id)
        SELECT run_id INTO TABLE held_back FROM held`);
      await countEndedRuns(database);
      await database.pool.query('INSERT INTO ended_run SELECT run_id FROM held_back');
      return;
    }
    await countEndedRuns(database);
  });

  test('by outcome match the database', async () => {
    const { totals, list } = await series();
    expect(totals).toMatchObject(await counted());
    expect(totals).toMatchObject({
      runs: 6,
      succeeded: 4,
      failed: 1,
      aborted: 1,
      success_rate: 0.8,
      results: 6,
    });
    for (const field of ['runs', 'succeeded', 'failed', 'aborted', 'results'] as const) {
      expect(sum(list, field)).toBe(totals[field]);
    }
  });

  test('cost what their usage entries say', async () => {
    const { totals } = await series();
    expect(totals.usage_results).toBe('0.06');
    expect(Number(totals.usage_memory)).toBeGreaterThan(0);
    expect(Number(totals.usage_cpu)).toBeGreaterThan(0);
    const { usage_results: results, usage_memory: memory, usage_cpu: cpu, usage_traffic: traffic } = totals;
    const sum = [results, memory, cpu, traffic].reduce((total, amount) => total + Number(amount), 0);
    expect(sum).toBeCloseTo(Number(totals.usage), 6);
    expect(Number(totals.memory)).toBeGreaterThan(0);
  });

  test('have exact percentiles while there are few runs', async () => {
    const { rows } = await platform.platform.database.pool.query<Record<'p50' | 'p90' | 'p99', number>>(
      `SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS p50,
         percentile_cont(0.9) WITHIN GROUP (ORDER BY seconds) AS p90,
         percentile_cont(0.99) WITHIN GROUP (ORDER BY seconds) AS p99
       FROM (SELECT extract(epoch FROM finished_at - started_at)::float8 AS seconds FROM run
             WHERE end_reason <> 'aborted') AS ended`,
    );
    const { totals } = await series();
    expect(totals.duration_is_exact).toBe(true);
    expect(totals.duration_p50).toBeCloseTo(rows[0]?.p50 ?? 0, 3);
    expect(totals.duration_p90).toBeCloseTo(rows[0]?.p90 ?? 0, 3);
    expect(totals.duration_p99).toBeCloseTo(rows[0]?.p99 ?? 0, 3);
    const [line, other] = (await workers()).list;
    expect([line?.duration_is_exact, other?.duration_is_exact]).toEqual([true, true]);
    const bucket = (await series()).list.find(({ runs }) => runs > 0);
    expect(bucket).toMatchObject({ duration_is_exact: true, duration_p50: totals.duration_p50 });
  });

  test('are grouped by worker, sorted as requested', async () => {
    const all = await workers();
    expect(all.count).toBe(2);
    expect(all.list.map((line) => line.worker_slug)).toEqual([first, second]);
    const [line, other] = all.list;
    const condition = `worker_id = (SELECT id FROM worker WHERE slug = '${first}')`;
    expect(line).toMatchObject(await counted(condition));
    expect(other).toMatchObject({ worker_title: 'Second', runs: 1, success_rate: 1, aborted: 0 });
    expect((await workers('sort=runs')).list.map((item) => item.worker_slug)).toEqual([second, first]);
    expect((await workers('sort=-title&limit=1&offset=2')).list.map((item) => item.worker_title)).toEqual([
      'First',
    ]);
    const only = await series('worker_id=tester~second');
    expect(only.totals).toMatchObject({ runs: 1, succeeded: 1, results: 1 });
    expect((await series('worker_id=nobody~nothing')).totals.runs).toBe(0);
  });

  test('of another account are not counted', async () => {
    const { key } = await platform.otherAccount('other');
    const other = await ask<Series>(platform, `/statistics/runs?worker_id=${first}`, { key });
    expect(other.data.totals).toMatchObject({ runs: 0, success_rate: -1, usage: '0.00' });
    expect((await ask<Workers>(platform, '/statistics/workers', { key })).data.count).toBe(0);
  });
});

/** Moves every run of the second worker to a given time, and recomputes the aggregates. */
async function moveTo(moment: string): Promise<void> {
  const { database } = platform.platform;
  await database.pool.query(
    `UPDATE run SET started_at = $2::timestamptz - interval '10 seconds', finished_at = $2
     WHERE worker_id = (SELECT id FROM worker WHERE slug = $1)`,
    [second, moment],
  );
  await database.pool.query('DELETE FROM run_statistic');
  await database.pool.query('INSERT INTO ended_run SELECT id FROM run ON CONFLICT DO NOTHING');
  await countEndedRuns(database);
}

const at = (moment: string): number => Date.parse(moment) / 1000;

describe('time', () => {
  test('uses days of the given time zone, even if its offset is not a whole number of hours', async () => {
    await moveTo('2025-03-14T18:20:00Z');
    const range = `from=${at('2025-03-13T18:30:00Z')}&to=${at('2025-03-15T18:30:00Z')}&worker_id=${second}`;
    const { list } = await series(`${range}&timezone=Asia/Kolkata`);
    expect(list.map(({ start, runs }) => [start, runs])).toEqual([
      [at('2025-03-13T18:30:00Z'), 1],
      [at('2025-03-14T18:30:00Z'), 0],
    ]);
    // Without the run itself, which was created later here, the percentiles are estimates.
    expect(list[0]?.duration_is_exact).toBe(false);
    expect(list[0]?.duration_p50).toBeGreaterThan(9);
    expect(list[0]?.duration_p50).toBeLessThan(11.5);
    const utc = await series(`${range}&timezone=UTC`);
    expect(utc.list.map(({ runs }) => runs)).toEqual([0, 1, 0]);
  });

  test('counts an hour that clocks show twice as two hours', async () => {
    await moveTo('2025-10-26T01:30:00Z');
    const range = `from=${at('2025-10-26T00:00:00Z')}&to=${at('2025-10-26T03:00:00Z')}&worker_id=${second}`;
    const { list } = await series(`${range}&bucket=hour&timezone=Europe/Berlin`);
    expect(list.map(({ runs }) => runs)).toEqual([0, 1, 0]);
  });

  test('starts weeks on Monday and months on the first', async () => {
    await moveTo('2025-03-16T23:00:00Z');
    const range = `from=${at('2025-02-20T00:00:00Z')}&to=${at('2025-03-20T00:00:00Z')}&timezone=UTC`;
    const weeks = await series(`${range}&bucket=week&worker_id=${second}`);
    expect(weeks.list.find(({ runs }) => runs === 1)?.start).toBe(at('2025-03-10T00:00:00Z'));
    const months = await series(`${range}&bucket=month&worker_id=${second}`);
    expect(months.list.map(({ start, runs }) => [start, runs])).toEqual([
      [at('2025-02-01T00:00:00Z'), 0],
      [at('2025-03-01T00:00:00Z'), 1],
    ]);
  });

  test.each([
    ['2025-03-10T00:00:00Z', '2025-03-20T00:00:00Z', 1],
    ['2025-03-16T22:45:00Z', '2025-03-16T23:15:00Z', 1],
    ['2025-03-16T23:15:00Z', '2025-03-20T00:00:00Z', 0],
    ['2025-03-10T00:00:00Z', '2025-03-16T23:00:00Z', 0],
    ['2025-03-16T12:00:00Z', '2025-03-18T13:00:00Z', 1],
  ])('is grouped by worker from %s to %s', async (from, to, runs) => {
    const { list } = await workers(`from=${at(from)}&to=${at(to)}`);
    expect(sum(list, 'runs')).toBe(runs);
  });

  test('runs removed by retention stay in the statistics', async () => {
    const query = `from=${at('2025-03-10T00:00:00Z')}&to=${at('2025-03-20T00:00:00Z')}`;
    await platform.platform.database.pool.query(
      `UPDATE run SET day = '2025-03-16' WHERE worker_id = (SELECT id FROM worker WHERE slug = $1)`,
      [second],
    );
    await applyRetention(platform.platform.database, { days: 30 }, new Date());
    expect((await ask<{ count: number }>(platform, `/worker-runs?worker_id=${second}`)).data.count).toBe(0);
    expect((await series(query)).totals).toMatchObject({ runs: 1, results: 1 });
    expect((await workers(query)).list).toMatchObject([{ worker_slug: second, runs: 1 }]);
  });

  test('figures of a deleted worker stay, without its name', async () => {
    const { pool } = platform.platform.database;
    await pool.query('UPDATE worker SET current_version_id = NULL WHERE slug = $1', [second]);
    await pool.query('DELETE FROM worker WHERE slug = $1', [second]);
    const query = `from=${at('2025-03-10T00:00:00Z')}&to=${at('2025-03-20T00:00:00Z')}`;
    expect((await workers(query)).list).toMatchObject([{ worker_slug: '', worker_title: '', runs: 1 }]);
  });

  test.each([
    ['from=200&to=100', 400, 'from must be before to'],
    [
      'from=0&to=1782000000&bucket=hour',
      400,
      'more than the maximum of 800 buckets: choose a shorter period or larger buckets',
    ],
    ['timezone=Mars/Olympus', 400, 'time zone Mars/Olympus does not exist'],
    ['bucket=year', 422, 'bucket must be one of hour, day, week, month'],
    ['from=-1', 422, 'from'],
  ])('%s is %i', async (query, status, message) => {
    const answer = await ask(platform, `/statistics/runs?${query}`);
    expect(errorOf(answer)).toEqual({ status, code: 11000 });
    expect(answer.message).toContain(message);
  });
});

test('current activity lists running and waiting work', async () => {
  const runs = [
    await platform.runAsync(first, { script: runForever, items: ['1', '2'] }),
    await platform.runAsync(first, { script: 'await sdk.log.info("on")', items: ['1'] }),
  ];
  await platform.finished(runs[1] ?? '');
  const { data } = await ask<Record<string, number>>(platform, '/statistics/activity');
  const { rows } = await platform.platform.database.pool.query<{ slots: number }>('SELECT slots FROM runner');
  expect(data).toEqual({
    ready: 0,
    running: 1,
    aborting: 0,
    waiting_subtasks: 0,
    running_subtasks: 2,
    oldest_waiting_since: 0,
    held_runs: 0,
    concurrent_runs: 0,
    slots: rows[0]?.slots,
    busy_slots: 2,
  });
  await platform.call(`/worker-runs/${runs[0]}/abort`, { method: 'POST' });
  await platform.finished(runs[0] ?? '');
});
