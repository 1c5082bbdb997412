import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import type { Page, TaskShape } from './task-client.ts';

let platform: TestPlatform;
beforeAll(async () => {
  platform = await startTestPlatform({}, { api: true, runner: false });
});
afterAll(async () => platform.close());

async function count(): Promise<number> {
  return (await platform.call<Page<TaskShape>>('/worker-tasks')).data.count;
}

describe('the preview of a schedule', () => {
  interface Preview {
    timezone: string;
    times: number[];
  }

  async function preview(body: Record<string, unknown>) {
    return platform.call<Preview>('/schedule-ticks/preview', { body });
  }

  test('has the next five times in the zone of the schedule, across a change of clocks', async () => {
    const { data } = await preview({
      schedule_type: 2,
      schedule_weekday: 7,
      schedule_time: '06:30',
      schedule_timezone: 'America/New_York',
    });
    expect(data.timezone).toBe('America/New_York');
    expect(data.times).toHaveLength(5);
    const format = new Intl.DateTimeFormat('en-GB', {
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      timeZone: 'America/New_York',
    });
    for (const time of data.times) expect(format.format(time * 1000)).toBe('Sun 06:30');
    expect(data.times).toEqual(data.times.toSorted((left, right) => left - right));
    expect(data.times[0]).toBeGreaterThan(Date.now() / 1000);
  });

  test('has one time if it runs once, and the zone of the account if it has none', async () => {
    const { data } = await preview({
      schedule_type: 4,
      schedule_once_date: '2099-12-31',
      schedule_time: '00:00',
    });
    expect(data).toEqual({ timezone: 'UTC', times: [Date.UTC(2099, 11, 31) / 1000] });
  });

  test.each([
    [{}, 'schedule_type is required'],
    [{ schedule_type: 1 }, 'schedule_time is required'],
    [{ schedule_type: 2, schedule_time: '06:30' }, 'schedule_weekday is required'],
    [{ schedule_type: 1, schedule_time: '25:00' }, 'schedule_time must be HH:mm'],
    [{ schedule_type: 1, schedule_time: '06:30', schedule_timezone: 'Mars/Base' }, 'IANA name'],
    [{ schedule_type: 4, schedule_time: '06:30', schedule_once_date: '2001-01-01' }, 'would never run'],
    [{ schedule_type: 4, schedule_time: '06:30', schedule_once_date: '2027-02-30' }, 'valid date'],
  ])('%j is refused', async (body, reason) => {
    const answer = await preview(body);
    expect([400, 422]).toContain(answer.status);
    expect(answer.message).toContain(reason);
  });

  test('stores nothing', async () => {
    const before = await count();
    await preview({ schedule_type: 1, schedule_time: '06:30' });
    expect(await count()).toBe(before);
  });
});
