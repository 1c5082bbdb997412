import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { ask, errorOf } from './checked-answer.ts';
import { publishWorker } from './packages.ts';

interface Tick {
  at: number;
  task_title: string;
  worker_path: string;
  schedule_time: string;
  timezone: string;
  clashes: number;
  exceeds_plan: boolean;
}

interface Ticks {
  count: number;
  list: Tick[];
}

let platform: TestPlatform;
let worker: string;
/** Midnight (UTC) of a Monday in the near future. */
let monday: number;
const daySeconds = 24 * 3600;
const weekSeconds = 7 * daySeconds;

beforeAll(async () => {
  platform = await startTestPlatform(
    { plans: new Map([['two', { name: 'two', concurrentRuns: 2, isPrepaid: false }]]), defaultPlan: 'two' },
    { api: true, runner: false },
  );
  worker = await publishWorker(platform, 'Ticking');
  // The first of January 1970 was a Thursday.
  const thursday = (Math.floor(Date.now() / 1000 / weekSeconds) + 1) * weekSeconds;
  monday = thursday + 4 * daySeconds;
  await schedule('Daily', { schedule_type: 1, schedule_time: '08:00' });
  await schedule('Lagos', { schedule_type: 1, schedule_time: '09:00', schedule_timezone: 'Africa/Lagos' });
  await schedule('Tuesdays', { schedule_type: 2, schedule_weekday: 2, schedule_time: '08:00' });
  await schedule('Fridays', { schedule_type: 2, schedule_weekday: 5, schedule_time: '23:45' });
  await schedule('Switched off', { schedule_enabled: 0, schedule_type: 1, schedule_time: '08:00' });
});
afterAll(async () => platform.close());

async function schedule(title: string, fields: Record<string, unknown>): Promise<void> {
  const body = {
    worker_id: worker,
    title,
    input: {},
    schedule_enabled: 1,
    schedule_timezone: 'UTC',
    ...fields,
  };
  const answer = await ask(platform, '/worker-tasks', { body });
  expect(answer.message).toBe('success');
}

async function ticks(query: string): Promise<Ticks> {
  return (await ask<Ticks>(platform, `/schedule-ticks?${query}`)).data;
}

test('returns all ticks of a week, earliest first, with those that clash', async () => {
  const { count, list } = await ticks(`from=${monday}&to=${monday + weekSeconds}`);
  expect(count).toBe(16);
  const moments = list.map(({ at }) => at);
  expect(moments).toEqual(moments.toSorted((left, right) => left - right));
  const eight = (day: number): Tick[] => list.filter(({ at }) => at === monday + day * daySeconds + 8 * 3600);
  expect(
    eight(0).map(({ task_title: title, clashes, exceeds_plan: exceeds }) => [title, clashes, exceeds]),
  ).toEqual([
    ['Daily', 1, false],
    ['Lagos', 1, false],
  ]);
  // Three tasks at once, and the plan allows two concurrent runs.
  expect(
    eight(1).map(({ task_title: title, clashes, exceeds_plan: exceeds }) => [title, clashes, exceeds]),
  ).toEqual([
    ['Daily', 2, true],
    ['Lagos', 2, true],
    ['Tuesdays', 2, true],
  ]);
  expect(list.find(({ task_title: title }) => title === 'Fridays')).toMatchObject({
    at: monday + 4 * daySeconds + 23 * 3600 + 45 * 60,
    worker_path: 'tester~ticking',
    clashes: 0,
    exceeds_plan: false,
  });
  expect(list.find(({ task_title: title }) => title === 'Lagos')).toMatchObject({
    schedule_time: '09:00',
    timezone: 'Africa/Lagos',
  });
});

test('says how many there are when it returns only some', async () => {
  const { count, list } = await ticks(`from=${monday}&to=${monday + weekSeconds}&limit=3`);
  expect(count).toBe(16);
  expect(list.map(({ task_title: title }) => title)).toEqual(['Daily', 'Lagos', 'Daily']);
});

test('includes the start of the interval, not its end, and nothing in the past', async () => {
  const eight = monday + 8 * 3600;
  expect((await ticks(`from=${eight}&to=${eight + 1}`)).count).toBe(2);
  expect((await ticks(`from=${eight - 60}&to=${eight}`)).count).toBe(0);
  expect((await ticks(`from=${daySeconds}&to=${weekSeconds}`)).count).toBe(0);
  expect((await ticks('')).count).toBeGreaterThanOrEqual(14);
});

test('shows nothing of other accounts', async () => {
  const { key } = await platform.otherAccount('other');
  expect((await ask<Ticks>(platform, '/schedule-ticks', { key })).data).toEqual({ count: 0, list: [] });
});

test.each([
  ['from=200&to=100', 400],
  ['from=0&to=9000000', 400],
  ['limit=0', 422],
  ['limit=2001', 422],
  ['from=x', 422],
])('%s is %i', async (query, status) => {
  expect(errorOf(await ask(platform, `/schedule-ticks?${query}`))).toEqual({ status, code: 11000 });
});
