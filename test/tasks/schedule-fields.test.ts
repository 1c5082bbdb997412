import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { errorOf } from '../http/checked-answer.ts';
import { startTestPlatform, type Answer, type TestPlatform } from '../support/test-platform.ts';
import { createTask, getTask, putTask, taskInput } from './task-client.ts';

const helloFolder = path.join(import.meta.dirname, '..', '..', 'workers', 'hello');
const input = taskInput({ names: ['Ada'] });
const daily = { schedule_enabled: 1, schedule_type: 1, schedule_time: '09:30' };

let platform: TestPlatform;
let hello: string;
beforeAll(async () => {
  platform = await startTestPlatform({ timezone: 'Asia/Kathmandu' }, { api: true, runner: false });
  hello = await platform.publish(helloFolder, 'Hello');
});
afterAll(async () => platform.close());

async function newTask(fields: Record<string, unknown> = {}): Promise<string> {
  return createTask(platform, { worker_id: hello, title: 'A task', input, ...fields });
}

/** What a clock in a time zone shows at a time in Unix seconds. */
function shown(timezone: string, seconds: number): string {
  return new Intl.DateTimeFormat('sv', { timeZone: timezone, dateStyle: 'short', timeStyle: 'short' }).format(
    seconds * 1000,
  );
}

const complete: [string, Record<string, unknown>][] = [
  ['daily', daily],
  ['weekly', { ...daily, schedule_type: 2, schedule_weekday: 7 }],
  ['monthly', { ...daily, schedule_type: 3, schedule_day: 31 }],
  ['once', { ...daily, schedule_type: 4, schedule_once_date: '2199-02-28' }],
  ['daily, with fields of other types', { ...daily, schedule_weekday: 1, schedule_day: 1 }],
  ['in its own time zone', { ...daily, schedule_timezone: 'America/New_York' }],
  ['that allows overlap', { ...daily, schedule_overlap: 'allow', schedule_missed: 'skip' }],
  ['disabled and incomplete', { schedule_enabled: 0, schedule_type: 2 }],
];

test.each(complete)('a schedule %s is stored as given', async (_name, fields) => {
  expect(await getTask(platform, await newTask(fields))).toMatchObject(fields);
  const slug = await newTask();
  expect(await putTask(platform, slug, fields)).toMatchObject({ code: 0 });
  expect(await getTask(platform, slug)).toMatchObject(fields);
});

const wrong: [string, Record<string, unknown>, number, string][] = [
  ['no type', { schedule_enabled: 1, schedule_time: '09:30' }, 422, 'schedule_type is required'],
  ['no time', { schedule_enabled: 1, schedule_type: 1 }, 422, 'schedule_time is required'],
  ['an empty time', { ...daily, schedule_time: '' }, 422, 'schedule_time is required'],
  ['weekly without a weekday', { ...daily, schedule_type: 2 }, 422, 'schedule_weekday is required'],
  ['monthly without a day', { ...daily, schedule_type: 3 }, 422, 'schedule_day is required'],
  ['once without a date', { ...daily, schedule_type: 4 }, 422, 'schedule_once_date is required'],
  [
    'once in the past',
    { ...daily, schedule_type: 4, schedule_once_date: '2020-01-01' },
    400,
    'is in the past',
  ],
  ['type 0', { ...daily, schedule_type: 0 }, 422, 'schedule_type must be one of 1, 2, 3, 4'],
  ['type 5', { ...daily, schedule_type: 5 }, 422, 'schedule_type must be one of 1, 2, 3, 4'],
  ['a type as text', { ...daily, schedule_type: 'daily' }, 422, 'schedule_type'],
  ['enabled as a boolean', { ...daily, schedule_enabled: true }, 422, 'schedule_enabled'],
  ['enabled as 2', { ...daily, schedule_enabled: 2 }, 422, 'schedule_enabled must be one of 0, 1'],
  ['weekday 0', { ...daily, schedule_type: 2, schedule_weekday: 0 }, 422, 'schedule_weekday'],
  ['weekday 8', { ...daily, schedule_type: 2, schedule_weekday: 8 }, 422, 'schedule_weekday'],
  ['day 0', { ...daily, schedule_type: 3, schedule_day: 0 }, 422, 'schedule_day'],
  ['day 32', { ...daily, schedule_type: 3, schedule_day: 32 }, 422, 'schedule_day'],
  ['a fraction of a day', { ...daily, schedule_type: 3, schedule_day: 1.5 }, 422, 'schedule_day'],
  ['24:00', { ...daily, schedule_time: '24:00' }, 422, 'schedule_time must be HH:mm'],
  ['12:60', { ...daily, schedule_time: '12:60' }, 422, 'schedule_time must be HH:mm'],
  ['9:30', { ...daily, schedule_time: '9:30' }, 422, 'schedule_time must be HH:mm'],
  ['seconds', { ...daily, schedule_time: '09:30:00' }, 422, 'schedule_time must be HH:mm'],
  [
    'an invalid time while disabled',
    { schedule_enabled: 0, schedule_time: 'noon' },
    422,
    'schedule_time must be HH:mm',
  ],
  [
    'a date that does not exist',
    { ...daily, schedule_type: 4, schedule_once_date: '2199-02-29' },
    422,
    'schedule_once_date',
  ],
  [
    'a date in another format',
    { ...daily, schedule_type: 4, schedule_once_date: '1.2.2199' },
    422,
    'schedule_once_date',
  ],
  ['an unknown time zone', { ...daily, schedule_timezone: 'Europe/Nowhere' }, 422, 'schedule_timezone'],
  ['an offset instead of a time zone', { ...daily, schedule_timezone: '+02:00' }, 422, 'schedule_timezone'],
  ['an unknown overlap', { ...daily, schedule_overlap: 'sometimes' }, 422, 'schedule_overlap must be one of'],
  [
    'an unknown policy for missed times',
    { ...daily, schedule_missed: 'all' },
    422,
    'schedule_missed must be one of',
  ],
];

test.each(wrong)('a schedule is refused with %s', async (_name, fields, status, text) => {
  const created = await platform.call('/worker-tasks', {
    body: { worker_id: hello, title: 'A task', input, ...fields },
  });
  expect(errorOf(created)).toEqual({ status, code: 11000 });
  expect(created.message).toContain(text);
  const slug = await newTask();
  const stored = await getTask(platform, slug);
  expect(errorOf(await putTask(platform, slug, { ...fields, title: 'Changed' }))).toEqual({
    status,
    code: 11000,
  });
  expect(await getTask(platform, slug)).toEqual(stored);
});

test('everything missing is reported at once', async () => {
  const answer = await putTask(platform, await newTask(), { schedule_enabled: 1 });
  expect(answer.details).toHaveLength(2);
});

describe('an updated schedule', () => {
  test('keeps omitted fields', async () => {
    const slug = await newTask({
      ...daily,
      schedule_type: 3,
      schedule_day: 5,
      schedule_timezone: 'Europe/Berlin',
    });
    await putTask(platform, slug, { schedule_time: '23:05' });
    expect(await getTask(platform, slug)).toMatchObject({
      schedule_enabled: 1,
      schedule_type: 3,
      schedule_day: 5,
      schedule_time: '23:05',
      schedule_timezone: 'Europe/Berlin',
    });
  });

  test('cannot lose what its type needs while it is enabled', async () => {
    const slug = await newTask(daily);
    expect((await putTask(platform, slug, { schedule_time: '' })).status).toBe(422);
    expect((await putTask(platform, slug, { schedule_type: 2 })).status).toBe(422);
    expect((await putTask(platform, slug, { schedule_enabled: 0, schedule_time: '' })).status).toBe(200);
    expect(await getTask(platform, slug)).toMatchObject({
      schedule_enabled: 0,
      schedule_time: '',
      schedule_next_at: 0,
    });
  });

  test('can be disabled and enabled', async () => {
    const slug = await newTask(daily);
    const { schedule_next_at: next } = await getTask(platform, slug);
    await putTask(platform, slug, { schedule_enabled: 0 });
    expect(await getTask(platform, slug)).toMatchObject({ schedule_enabled: 0, schedule_next_at: 0 });
    await putTask(platform, slug, { schedule_enabled: 1 });
    expect(await getTask(platform, slug)).toMatchObject({ schedule_enabled: 1, schedule_next_at: next });
  });
});

async function nextShownIn(slug: string, timezone: string): Promise<string> {
  const { schedule_next_at: next } = await getTask(platform, slug);
  expect(next).toBeGreaterThan(Date.now() / 1000);
  return shown(timezone, next).slice(-5);
}

async function setAccountTimezone(timezone: string): Promise<Answer> {
  return platform.call('/users/account/timezone', { method: 'PUT', body: { timezone } });
}

describe('the time zone', () => {
  test('defaults to the one of the installation', async () => {
    const { data } = await platform.call('/users/account/timezone');
    expect(data).toEqual({ timezone: 'Asia/Kathmandu' });
    expect(await nextShownIn(await newTask(daily), 'Asia/Kathmandu')).toBe('09:30');
  });

  test("is the schedule's own before the account's", async () => {
    const slug = await newTask({ ...daily, schedule_timezone: 'America/New_York' });
    expect(await nextShownIn(slug, 'America/New_York')).toBe('09:30');
    await putTask(platform, slug, { schedule_timezone: '' });
    expect(await nextShownIn(slug, 'Asia/Kathmandu')).toBe('09:30');
  });

  test('of an account applies to its schedules without a time zone', async () => {
    const following = await newTask(daily);
    const own = await newTask({ ...daily, schedule_timezone: 'Asia/Kathmandu' });
    expect((await setAccountTimezone('Australia/Lord_Howe')).data).toEqual({
      timezone: 'Australia/Lord_Howe',
    });
    expect(await nextShownIn(following, 'Australia/Lord_Howe')).toBe('09:30');
    expect(await nextShownIn(own, 'Asia/Kathmandu')).toBe('09:30');
    expect((await setAccountTimezone('')).data).toEqual({ timezone: 'Asia/Kathmandu' });
    expect(await nextShownIn(following, 'Asia/Kathmandu')).toBe('09:30');
  });

  test.each(['Mars/Olympus', '+01:00', 'local'])('of an account must be valid: %s', async (timezone) => {
    const answer = await setAccountTimezone(timezone);
    expect(errorOf(answer)).toEqual({ status: 422, code: 11000 });
  });
});
