import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Tasks } from '../../src/tasks/tasks.ts';
import { recordEvents, type RecordedEvent } from '../support/recorded-events.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { getTask, taskInput } from './task-client.ts';

const helloFolder = path.join(import.meta.dirname, '..', '..', 'workers', 'hello');
const input = taskInput({ names: ['Ada'] });
const minute = 60_000;
const hour = 60 * minute;

let platform: TestPlatform;
let hello: string;
let accountId: number;
/** Tasks with a clock that the test sets, far ahead of the platform's own. */
let tasks: Tasks;
let now: Date;
let told: RecordedEvent[];

beforeAll(async () => {
  // Without a runner, runs wait until they are aborted.
  platform = await startTestPlatform({}, { api: true, runner: false });
  hello = await platform.publish(helloFolder, 'Hello');
  accountId = (await platform.platform.accounts.ensure('tester')).id;
  const { database, jobs, workers, runs, config, events } = platform.platform;
  recordEvents(events, (event) => told.push(event));
  tasks = new Tasks({ database, jobs, workers, runs, config, events, now: async () => now });
});
afterAll(async () => platform.close());
beforeEach(async () => {
  told = [];
  await platform.platform.database.pool.query('DELETE FROM task');
});

interface StartedRun {
  slug: string;
  status: string;
  origin: string;
  scheduled_for: Date;
}

async function newTask(at: string, fields: Record<string, unknown>): Promise<string> {
  now = new Date(at);
  return tasks.create(accountId, {
    worker_id: hello,
    title: 'Scheduled',
    input,
    schedule_enabled: 1,
    schedule_type: 1,
    schedule_time: '09:00',
    ...fields,
  });
}

/** Sets the clock, and makes the scheduler check. */
async function fireAt(at: string | Date): Promise<void> {
  now = new Date(at);
  await tasks.scheduler.fireDue();
}

/** The scheduled times of the runs of a task, oldest first. */
async function started(slug: string): Promise<StartedRun[]> {
  const { rows } = await platform.platform.database.pool.query<StartedRun>(
    `SELECT run.slug, run.status, run.origin, run.scheduled_for FROM run JOIN task ON task.id = task_id
     WHERE task.slug = $1 AND scheduled_for IS NOT NULL ORDER BY run.id`,
    [slug],
  );
  return rows;
}

async function startedFor(slug: string): Promise<string[]> {
  return (await started(slug)).map((run) => run.scheduled_for.toISOString().replace(':00.000Z', 'Z'));
}

async function endRuns(slug: string): Promise<void> {
  for (const run of await started(slug)) {
    if (run.status === 'ready') await platform.call(`/worker-runs/${run.slug}/abort`, { method: 'POST' });
  }
}

describe('a schedule', () => {
  test('starts a run at its time, and not before', async () => {
    const slug = await newTask('2040-05-01T08:00:00Z', {});
    await fireAt('2040-05-01T08:59:59.999Z');
    expect(await started(slug)).toEqual([]);
    await fireAt('2040-05-01T09:00:00Z');
    const [run] = await started(slug);
    expect(run).toMatchObject({ origin: 'schedule', status: 'ready' });
    expect(await getTask(platform, slug)).toMatchObject({
      run_times: 1,
      last_run_id: run?.slug,
      schedule_last_at: Date.parse('2040-05-01T09:00:00Z') / 1000,
      schedule_last_outcome: 'started',
      schedule_last_message: '',
      schedule_missed_count: 0,
      schedule_next_at: Date.parse('2040-05-02T09:00:00Z') / 1000,
    });
    expect(await platform.run(run?.slug ?? '')).toMatchObject({ origin: 'schedule' });
  });

  test('starts one run per tick, however often and from wherever it is checked', async () => {
    const slug = await newTask('2040-05-01T08:00:00Z', {});
    now = new Date('2040-05-01T09:00:01Z');
    await Promise.all(Array.from({ length: 8 }, async () => tasks.scheduler.fireDue()));
    await fireAt('2040-05-01T09:00:02Z');
    expect(await startedFor(slug)).toEqual(['2040-05-01T09:00Z']);
  });

  test('that runs once is disabled afterwards', async () => {
    const slug = await newTask('2040-05-01T08:00:00Z', {
      schedule_type: 4,
      schedule_once_date: '2040-05-03',
    });
    await fireAt('2040-05-03T09:00:30Z');
    await fireAt('2040-05-04T09:00:30Z');
    expect(await startedFor(slug)).toEqual(['2040-05-03T09:00Z']);
    expect(await getTask(platform, slug)).toMatchObject({ schedule_enabled: 0, schedule_next_at: 0 });
  });

  test('that is disabled starts nothing', async () => {
    const slug = await newTask('2040-05-01T08:00:00Z', {});
    await tasks.update(accountId, slug, { schedule_enabled: 0 });
    await fireAt('2040-05-02T10:00:00Z');
    expect(await started(slug)).toEqual([]);
  });

  test('keeps a due tick while other fields are updated', async () => {
    const slug = await newTask('2040-05-01T08:00:00Z', {});
    now = new Date('2040-05-01T09:00:00.500Z');
    await tasks.update(accountId, slug, {
      title: 'Renamed',
      schedule_time: '09:00',
      schedule_missed: 'skip',
    });
    await tasks.scheduler.fireDue();
    expect(await startedFor(slug)).toEqual(['2040-05-01T09:00Z']);
  });

  test('never repeats a tick, even if the clock goes back', async () => {
    const slug = await newTask('2040-05-01T08:00:00Z', {});
    await fireAt('2040-05-01T09:00:00Z');
    await endRuns(slug);
    now = new Date('2040-05-01T08:59:00Z');
    await tasks.update(accountId, slug, { schedule_enabled: 0 });
    await tasks.update(accountId, slug, { schedule_enabled: 1 });
    await fireAt('2040-05-01T09:00:10Z');
    expect(await startedFor(slug)).toEqual(['2040-05-01T09:00Z']);
  });

  test("uses the task's input and version as they are at the scheduled time", async () => {
    const slug = await newTask('2040-05-01T08:00:00Z', {});
    const other = taskInput({ names: ['Grace'] });
    await tasks.updateInput(accountId, slug, { input: other });
    await fireAt('2040-05-01T09:00:00Z');
    const [run] = await started(slug);
    const { rows } = await platform.platform.database.pool.query<{ input: string }>(
      'SELECT input FROM run WHERE slug = $1',
      [run?.slug],
    );
    expect(JSON.parse(rows[0]?.input ?? '')).toEqual(other);
  });

  test('that cannot start says why, and tries again at the next tick', async () => {
    const slug = await newTask('2040-05-01T08:00:00Z', {});
    const { pool } = platform.platform.database;
    await pool.query(`UPDATE task SET version = 'v8.0.0' WHERE slug = $1`, [slug]);
    await fireAt('2040-05-01T09:00:00Z');
    expect(await getTask(platform, slug)).toMatchObject({
      run_times: 0,
      schedule_last_outcome: 'failed',
      schedule_last_message: expect.stringContaining('v8.0.0'),
      schedule_enabled: 1,
    });
    await pool.query(`UPDATE task SET version = 'latest' WHERE slug = $1`, [slug]);
    await fireAt('2040-05-02T09:00:00Z');
    expect(await startedFor(slug)).toEqual(['2040-05-02T09:00Z']);
    expect(await getTask(platform, slug)).toMatchObject({
      schedule_last_outcome: 'started',
      schedule_last_message: '',
    });
  });
});

/** Advances the clock ten minutes at a time; every run has ended before the next check. */
async function live(slug: string, from: string, hours: number): Promise<string[]> {
  for (let passed = 0; passed <= hours * 6; passed += 1) {
    await fireAt(new Date(Date.parse(from) + passed * 10 * minute));
    await endRuns(slug);
  }
  return startedFor(slug);
}

describe('across a change of the clock', () => {
  test('Berlin, March: 02:30 does not exist, so it runs at 03:00, and at 02:30 again the day after', async () => {
    const slug = await newTask('2040-03-24T00:00:00Z', {
      schedule_time: '02:30',
      schedule_timezone: 'Europe/Berlin',
    });
    expect(await live(slug, '2040-03-24T00:00:00Z', 50)).toEqual([
      '2040-03-24T01:30Z',
      '2040-03-25T01:00Z',
      '2040-03-26T00:30Z',
    ]);
    expect(await getTask(platform, slug)).toMatchObject({ schedule_missed_count: 0, run_times: 3 });
  });

  test('Berlin, October: 02:30 occurs twice, and it runs at the first', async () => {
    const slug = await newTask('2040-10-27T12:00:00Z', {
      schedule_time: '02:30',
      schedule_timezone: 'Europe/Berlin',
    });
    expect(await live(slug, '2040-10-27T12:00:00Z', 40)).toEqual(['2040-10-28T00:30Z', '2040-10-29T01:30Z']);
  });

  test('New York, November, every Sunday at half past one', async () => {
    const slug = await newTask('2040-11-03T12:00:00Z', {
      schedule_type: 2,
      schedule_weekday: 7,
      schedule_time: '01:30',
      schedule_timezone: 'America/New_York',
    });
    expect(await live(slug, '2040-11-03T12:00:00Z', 24)).toEqual(['2040-11-04T05:30Z']);
    expect((await getTask(platform, slug)).schedule_next_at).toBe(Date.parse('2040-11-11T06:30:00Z') / 1000);
  });
});

/** A time on 1 June 2040, or on a day after it. */
function dayLater(days: number, time: string): string {
  return `2040-06-${String(1 + days).padStart(2, '0')}T${time}Z`;
}

describe('missed ticks', () => {
  test('are reported, and one run replaces all of them', async () => {
    const slug = await newTask(dayLater(0, '08:00:00'), {});
    await fireAt(dayLater(4, '12:00:00'));
    expect(await startedFor(slug)).toEqual(['2040-06-05T09:00Z']);
    expect(await getTask(platform, slug)).toMatchObject({
      schedule_missed_count: 5,
      schedule_last_outcome: 'started',
      schedule_last_message: '5 scheduled times were missed',
      schedule_next_at: Date.parse(dayLater(5, '09:00:00')) / 1000,
    });
    const from = new Date(dayLater(0, '09:00:00'));
    expect(told).toEqual([
      { name: 'schedule:missed', payload: { task: slug, missed: 5, from, policy: 'run_once' } },
    ]);
  });

  test('start nothing if the schedule says so', async () => {
    const slug = await newTask(dayLater(0, '08:00:00'), { schedule_missed: 'skip' });
    await fireAt(dayLater(0, '12:00:00'));
    expect(await started(slug)).toEqual([]);
    expect(await getTask(platform, slug)).toMatchObject({
      schedule_missed_count: 1,
      schedule_last_outcome: 'missed',
      schedule_last_message: '1 scheduled time was missed',
    });
    await fireAt(dayLater(1, '09:00:00'));
    expect(await startedFor(slug)).toEqual(['2040-06-02T09:00Z']);
  });

  test('do not include a tick that is a few minutes late', async () => {
    const slug = await newTask(dayLater(0, '08:00:00'), { schedule_missed: 'skip' });
    await fireAt(dayLater(0, '09:05:00'));
    expect(await startedFor(slug)).toEqual(['2040-06-01T09:00Z']);
    expect(await getTask(platform, slug)).toMatchObject({ schedule_missed_count: 0 });
    expect(told).toEqual([]);
  });

  test('before a tick on time are only reported', async () => {
    const slug = await newTask(dayLater(0, '08:00:00'), { schedule_missed: 'skip' });
    await fireAt(dayLater(2, '09:00:01'));
    expect(await startedFor(slug)).toEqual(['2040-06-03T09:00Z']);
    expect(await getTask(platform, slug)).toMatchObject({
      schedule_missed_count: 2,
      schedule_last_outcome: 'started',
    });
  });

  test('include the only tick of a one-time schedule', async () => {
    const slug = await newTask(dayLater(0, '08:00:00'), {
      schedule_type: 4,
      schedule_once_date: '2040-06-02',
    });
    await fireAt(dayLater(20, '00:00:00'));
    expect(await startedFor(slug)).toEqual(['2040-06-02T09:00Z']);
    expect(await getTask(platform, slug)).toMatchObject({ schedule_enabled: 0, schedule_missed_count: 1 });
  });
});

async function fireTwice(overlap: string): Promise<string> {
  const slug = await newTask('2040-07-01T08:00:00Z', { schedule_overlap: overlap });
  await fireAt('2040-07-01T09:00:00Z');
  await fireAt('2040-07-02T09:00:00Z');
  return slug;
}

describe('a tick while a run of the task is running', () => {
  test('is skipped by default, and says so', async () => {
    const slug = await fireTwice('skip');
    const [first] = await started(slug);
    expect(await startedFor(slug)).toEqual(['2040-07-01T09:00Z']);
    expect(await getTask(platform, slug)).toMatchObject({
      schedule_last_outcome: 'skipped',
      schedule_last_message: `run ${first?.slug} of the task has not ended`,
      schedule_missed_count: 0,
    });
    await endRuns(slug);
    await fireAt('2040-07-03T09:00:00Z');
    expect(await startedFor(slug)).toEqual(['2040-07-01T09:00Z', '2040-07-03T09:00Z']);
  });

  test('is also skipped when the run was started by hand', async () => {
    const slug = await newTask('2040-07-01T08:00:00Z', {});
    const byHand = await tasks.run(accountId, slug);
    await fireAt('2040-07-01T09:00:00Z');
    expect(await getTask(platform, slug)).toMatchObject({
      run_times: 1,
      last_run_id: byHand.slug,
      schedule_last_outcome: 'skipped',
    });
  });

  test('starts another run if overlap is allowed', async () => {
    expect(await startedFor(await fireTwice('allow'))).toEqual(['2040-07-01T09:00Z', '2040-07-02T09:00Z']);
  });

  test('is queued until it ends if configured; only one is queued', async () => {
    const slug = await fireTwice('queue');
    expect(await startedFor(slug)).toEqual(['2040-07-01T09:00Z']);
    expect(await getTask(platform, slug)).toMatchObject({ schedule_last_outcome: 'queued' });
    await fireAt('2040-07-03T09:00:00Z');
    expect(await startedFor(slug)).toEqual(['2040-07-01T09:00Z']);
    expect(await getTask(platform, slug)).toMatchObject({ schedule_last_outcome: 'skipped' });
    await endRuns(slug);
    await fireAt('2040-07-03T09:10:00Z');
    expect(await startedFor(slug)).toEqual(['2040-07-01T09:00Z', '2040-07-02T09:00Z']);
    await endRuns(slug);
    await fireAt('2040-07-03T09:20:00Z');
    expect(await started(slug)).toHaveLength(2);
  });

  test('that is queued is discarded when the schedule is disabled', async () => {
    const slug = await fireTwice('queue');
    await tasks.update(accountId, slug, { schedule_enabled: 0 });
    await endRuns(slug);
    await fireAt('2040-07-02T10:00:00Z');
    expect(await started(slug)).toHaveLength(1);
  });

  test('of a one-time schedule is queued too, and the schedule is disabled afterwards', async () => {
    const slug = await newTask('2040-07-01T08:00:00Z', {
      schedule_type: 4,
      schedule_once_date: '2040-07-01',
      schedule_overlap: 'queue',
    });
    const byHand = await tasks.run(accountId, slug);
    await fireAt('2040-07-01T09:00:00Z');
    expect(await getTask(platform, slug)).toMatchObject({
      schedule_enabled: 1,
      schedule_last_outcome: 'queued',
    });
    await platform.call(`/worker-runs/${byHand.slug}/abort`, { method: 'POST' });
    await fireAt('2040-07-01T09:01:00Z');
    expect(await startedFor(slug)).toEqual(['2040-07-01T09:00Z']);
    expect(await getTask(platform, slug)).toMatchObject({ schedule_enabled: 0 });
  });
});

test('a tick fails alone if the plan has no room for a run', async () => {
  const { pool } = platform.platform.database;
  await pool.query(
    `UPDATE run SET task_id = NULL, status = 'failed', finished_at = now() WHERE status = 'ready'`,
  );
  await pool.query(`UPDATE account SET plan = 'free' WHERE id = $1`, [accountId]);
  const slugs: string[] = [];
  for (let number = 0; number < 3; number += 1) slugs.push(await newTask('2040-08-01T08:00:00Z', {}));
  await fireAt('2040-08-01T09:00:00Z');
  await pool.query(`UPDATE account SET plan = NULL WHERE id = $1`, [accountId]);
  const ticks = await Promise.all(slugs.map(async (slug) => getTask(platform, slug)));
  const failed = ticks.filter((task) => task.schedule_last_outcome === 'failed');
  expect(failed).toMatchObject([
    { run_times: 0, last_run_id: '', schedule_last_message: expect.stringContaining('concurrent runs') },
  ]);
  expect(ticks.filter((task) => task.schedule_last_outcome === 'started')).toHaveLength(2);
});

test('a hundred tasks due at the same moment all start', async () => {
  const slugs = await Promise.all(
    Array.from({ length: 100 }, async () => newTask('2040-08-01T08:00:00Z', {})),
  );
  await fireAt('2040-08-01T09:00:00Z');
  const { rows } = await platform.platform.database.pool.query<{ count: number }>(
    `SELECT count(*) AS count FROM run JOIN task ON task.id = task_id WHERE task.slug = ANY($1)`,
    [slugs],
  );
  expect(rows[0]?.count).toBe(100);
});

/** Resolves once a run was started after `action`. */
async function startedBy(action: () => Promise<void>): Promise<void> {
  const listener = await platform.platform.database.pool.connect();
  try {
    const { promise, resolve } = Promise.withResolvers<void>();
    listener.on('notification', () => resolve());
    await listener.query('LISTEN chela_subtasks_ready');
    await action();
    await promise;
  } finally {
    listener.release(true);
  }
}

describe('the platform itself', () => {
  test('fires overdue ticks as soon as it starts', async () => {
    const slug = await newTask(new Date(Date.now() - 48 * hour).toISOString(), {});
    await startedBy(async () => platform.platform.tasks.scheduler.catchUp());
    expect(await started(slug)).toHaveLength(1);
    expect((await getTask(platform, slug)).schedule_missed_count).toBeGreaterThanOrEqual(1);
  });

  test('fires a tick at its time', async () => {
    const slug = await newTask(new Date().toISOString(), {});
    const moment = new Date(Date.now() + 1500);
    await startedBy(async () => {
      await platform.platform.database.pool.query('UPDATE task SET next_tick_at = $2 WHERE slug = $1', [
        slug,
        moment,
      ]);
      await platform.platform.tasks.scheduler.wakeAt(moment, new Date());
    });
    const [run] = await started(slug);
    expect(run?.scheduled_for).toEqual(moment);
  });
});
