import { describe, expect, test } from 'vitest';
import { dueTicks, nextTick, type Recurrence, type Schedule } from '../../src/tasks/schedule.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

function tick(schedule: Schedule, after: string): string | undefined {
  return nextTick(schedule, new Date(after))?.toISOString().replace('.000Z', 'Z');
}

/** The ticks of a schedule after a given time. */
function ticks(schedule: Schedule, after: string, count: number): (string | undefined)[] {
  const found: (string | undefined)[] = [];
  let last = new Date(after);
  for (let number = 0; number < count; number += 1) {
    const next = nextTick(schedule, last);
    found.push(next?.toISOString().replace('.000Z', 'Z'));
    if (next === undefined) break;
    last = next;
  }
  return found;
}

const daily = { type: 1 } as const;
const monthlyOn = (dayOfMonth: number): Recurrence => ({ type: 3, day: dayOfMonth });

test.each<[string, Schedule, string, string | undefined]>([
  [
    'later today',
    { ...daily, time: '09:30', timezone: 'UTC' },
    '2026-03-10T08:00:00Z',
    '2026-03-10T09:30:00Z',
  ],
  [
    'tomorrow, when it has passed',
    { ...daily, time: '09:30', timezone: 'UTC' },
    '2026-03-10T10:00:00Z',
    '2026-03-11T09:30:00Z',
  ],
  [
    'at its own time, the next one is tomorrow',
    { ...daily, time: '09:30', timezone: 'UTC' },
    '2026-03-10T09:30:00Z',
    '2026-03-11T09:30:00Z',
  ],
  [
    'a moment before itself',
    { ...daily, time: '09:30', timezone: 'UTC' },
    '2026-03-10T09:29:59.999Z',
    '2026-03-10T09:30:00Z',
  ],
  ['midnight', { ...daily, time: '00:00', timezone: 'UTC' }, '2026-12-31T23:59:59Z', '2027-01-01T00:00:00Z'],
  [
    'the last minute of the year',
    { ...daily, time: '23:59', timezone: 'UTC' },
    '2026-12-31T23:58:00Z',
    '2026-12-31T23:59:00Z',
  ],
  [
    'the day of the zone, which is ahead',
    { ...daily, time: '01:00', timezone: 'Asia/Kathmandu' },
    '2026-03-10T18:00:00Z',
    '2026-03-10T19:15:00Z',
  ],
  [
    'the day of the zone, which is behind',
    { ...daily, time: '23:00', timezone: 'America/New_York' },
    '2026-01-11T02:00:00Z',
    '2026-01-11T04:00:00Z',
  ],
  [
    'this weekday, later today',
    { type: 2, weekday: 2, time: '12:00', timezone: 'UTC' },
    '2026-03-10T08:00:00Z',
    '2026-03-10T12:00:00Z',
  ],
  [
    'this weekday, when it has passed',
    { type: 2, weekday: 2, time: '12:00', timezone: 'UTC' },
    '2026-03-10T12:00:00Z',
    '2026-03-17T12:00:00Z',
  ],
  [
    'Sunday is 7',
    { type: 2, weekday: 7, time: '12:00', timezone: 'UTC' },
    '2026-03-10T08:00:00Z',
    '2026-03-15T12:00:00Z',
  ],
  [
    'Monday is 1',
    { type: 2, weekday: 1, time: '12:00', timezone: 'UTC' },
    '2026-03-10T08:00:00Z',
    '2026-03-16T12:00:00Z',
  ],
  [
    'the weekday of the zone',
    { type: 2, weekday: 1, time: '00:30', timezone: 'Asia/Kathmandu' },
    '2026-03-15T12:00:00Z',
    '2026-03-15T18:45:00Z',
  ],
  [
    'this month',
    { ...monthlyOn(15), time: '06:00', timezone: 'UTC' },
    '2026-03-10T08:00:00Z',
    '2026-03-15T06:00:00Z',
  ],
  [
    'next month',
    { ...monthlyOn(1), time: '06:00', timezone: 'UTC' },
    '2026-12-10T08:00:00Z',
    '2027-01-01T06:00:00Z',
  ],
  [
    '31 in April is 30',
    { ...monthlyOn(31), time: '06:00', timezone: 'UTC' },
    '2026-04-10T08:00:00Z',
    '2026-04-30T06:00:00Z',
  ],
  [
    '31 in February is 28',
    { ...monthlyOn(31), time: '06:00', timezone: 'UTC' },
    '2026-02-10T08:00:00Z',
    '2026-02-28T06:00:00Z',
  ],
  [
    '31 in February of a leap year is 29',
    { ...monthlyOn(31), time: '06:00', timezone: 'UTC' },
    '2028-02-10T08:00:00Z',
    '2028-02-29T06:00:00Z',
  ],
  [
    '29 in February of another year is 28',
    { ...monthlyOn(29), time: '06:00', timezone: 'UTC' },
    '2027-02-10T08:00:00Z',
    '2027-02-28T06:00:00Z',
  ],
  [
    '29 in February of 2000 is 29',
    { ...monthlyOn(29), time: '06:00', timezone: 'UTC' },
    '2000-02-10T08:00:00Z',
    '2000-02-29T06:00:00Z',
  ],
  [
    '29 in February of 2100 is 28',
    { ...monthlyOn(29), time: '06:00', timezone: 'UTC' },
    '2100-02-10T08:00:00Z',
    '2100-02-28T06:00:00Z',
  ],
  [
    'the month of the zone',
    { ...monthlyOn(1), time: '00:30', timezone: 'Australia/Lord_Howe' },
    '2026-06-30T13:00:00Z',
    '2026-06-30T14:00:00Z',
  ],
  [
    'once, before',
    { type: 4, date: '2026-05-05', time: '10:00', timezone: 'Europe/Berlin' },
    '2020-01-01T00:00:00Z',
    '2026-05-05T08:00:00Z',
  ],
  [
    'once, at its moment',
    { type: 4, date: '2026-05-05', time: '10:00', timezone: 'Europe/Berlin' },
    '2026-05-05T08:00:00Z',
    undefined,
  ],
  [
    'once, after',
    { type: 4, date: '2026-05-05', time: '10:00', timezone: 'Europe/Berlin' },
    '2026-05-06T00:00:00Z',
    undefined,
  ],
])('the next tick: %s', (_name, schedule, after, expected) => {
  expect(tick(schedule, after)).toBe(expected);
});

test('every month has one tick of day 31', () => {
  expect(ticks({ ...monthlyOn(31), time: '00:00', timezone: 'UTC' }, '2027-12-31T00:00:00Z', 12)).toEqual(
    [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31].map(
      (last, month) => `2028-${String(month + 1).padStart(2, '0')}-${last}T00:00:00Z`,
    ),
  );
});

describe('when clocks go forward', () => {
  test.each<[string, Schedule, string, string[]]>([
    [
      'a skipped time runs at the first moment after the gap',
      { ...daily, time: '02:30', timezone: 'Europe/Berlin' },
      '2026-03-27T12:00:00Z',
      ['2026-03-28T01:30:00Z', '2026-03-29T01:00:00Z', '2026-03-30T00:30:00Z'],
    ],
    [
      'the first skipped time too',
      { ...daily, time: '02:00', timezone: 'America/New_York' },
      '2026-03-07T12:00:00Z',
      ['2026-03-08T07:00:00Z', '2026-03-09T06:00:00Z'],
    ],
    [
      'the time at the end of the gap runs once',
      { ...daily, time: '03:00', timezone: 'Europe/Berlin' },
      '2026-03-28T12:00:00Z',
      ['2026-03-29T01:00:00Z', '2026-03-30T01:00:00Z'],
    ],
    [
      'by half an hour',
      { ...daily, time: '02:15', timezone: 'Australia/Lord_Howe' },
      '2026-10-02T18:00:00Z',
      ['2026-10-03T15:30:00Z', '2026-10-04T15:15:00Z'],
    ],
    [
      'at midnight, into the next day',
      { ...daily, time: '00:30', timezone: 'America/Sao_Paulo' },
      '2018-11-03T12:00:00Z',
      ['2018-11-04T03:00:00Z', '2018-11-05T02:30:00Z'],
    ],
    [
      'by a whole day, into the next one',
      { ...daily, time: '09:00', timezone: 'Pacific/Apia' },
      '2011-12-29T12:00:00Z',
      ['2011-12-29T19:00:00Z', '2011-12-30T10:00:00Z', '2011-12-30T19:00:00Z'],
    ],
    [
      'in a weekly schedule',
      { type: 2, weekday: 7, time: '02:30', timezone: 'Europe/Berlin' },
      '2026-03-23T00:00:00Z',
      ['2026-03-29T01:00:00Z', '2026-04-05T00:30:00Z'],
    ],
    [
      'in a monthly schedule',
      { ...monthlyOn(29), time: '02:30', timezone: 'Europe/Berlin' },
      '2026-03-01T00:00:00Z',
      ['2026-03-29T01:00:00Z', '2026-04-29T00:30:00Z'],
    ],
  ])('%s', (_name, schedule, after, expected) => {
    expect(ticks(schedule, after, expected.length)).toEqual(expected);
  });

  test('a one-time schedule runs at the first moment after the gap', () => {
    const schedule: Schedule = { type: 4, date: '2026-03-29', time: '02:30', timezone: 'Europe/Berlin' };
    expect(ticks(schedule, '2026-03-01T00:00:00Z', 2)).toEqual(['2026-03-29T01:00:00Z', undefined]);
  });
});

describe('when clocks go back', () => {
  test.each<[string, Schedule, string, string[]]>([
    [
      'a repeated time runs at its first occurrence',
      { ...daily, time: '02:30', timezone: 'Europe/Berlin' },
      '2026-10-24T12:00:00Z',
      ['2026-10-25T00:30:00Z', '2026-10-26T01:30:00Z'],
    ],
    [
      'between both occurrences, the next is tomorrow',
      { ...daily, time: '02:30', timezone: 'Europe/Berlin' },
      '2026-10-25T00:45:00Z',
      ['2026-10-26T01:30:00Z'],
    ],
    [
      'in America, too',
      { ...daily, time: '01:00', timezone: 'America/New_York' },
      '2026-10-31T12:00:00Z',
      ['2026-11-01T05:00:00Z', '2026-11-02T06:00:00Z'],
    ],
    [
      'by half an hour',
      { ...daily, time: '01:45', timezone: 'Australia/Lord_Howe' },
      '2026-04-04T00:00:00Z',
      ['2026-04-04T14:45:00Z', '2026-04-05T15:15:00Z'],
    ],
  ])('%s', (_name, schedule, after, expected) => {
    expect(ticks(schedule, after, expected.length)).toEqual(expected);
  });
});

/** What the clock of a time zone shows, as text that sorts by time: `2026-03-29T03:00`. */
function wallClock(timezone: string): (moment: number) => string {
  const format = new Intl.DateTimeFormat('sv', {
    timeZone: timezone,
    dateStyle: 'short',
    timeStyle: 'short',
  });
  return (moment) => format.format(moment).replace(' ', 'T');
}

/**
 * Checks the clock minute by minute: the tick of a day is the first minute at which the clock shows the time or
 * has passed it.
 */
function tickByMinuteSearch(
  wanted: string,
  minutes: { moment: number; shown: string }[],
): number | undefined {
  return minutes.find(({ shown }) => shown >= wanted)?.moment;
}

describe.each([
  ['UTC', '2026-03-28', '2026-10-24'],
  ['Europe/Berlin', '2026-03-28', '2026-10-24'],
  ['America/New_York', '2026-03-07', '2026-10-31'],
  ['Australia/Lord_Howe', '2026-10-03', '2026-04-04'],
  ['Asia/Kathmandu', '2026-03-28', '1985-12-31'],
  ['America/Sao_Paulo', '2018-11-03', '2018-02-17'],
  ['Africa/Casablanca', '2026-02-14', '2026-03-21'],
])('in %s', (timezone, ...changes) => {
  test.each(changes)('around %s every quarter of an hour matches a minute-by-minute search', (from) => {
    const shows = wallClock(timezone);
    const start = Date.parse(`${from}T00:00:00Z`) - day;
    const minutes = Array.from({ length: (4 * day) / minute }, (_, index) => {
      const moment = start + index * minute;
      return { moment, shown: shows(moment) };
    });
    const days = [0, 1].map((ahead) => new Date(Date.parse(from) + ahead * day).toISOString().slice(0, 10));
    const times = Array.from({ length: 96 }, (_, quarter) =>
      new Date(quarter * 15 * minute).toISOString().slice(11, 16),
    );
    const asked = days.flatMap((date) => times.map((time) => ({ date, time })));
    const looked = asked.map(({ date, time }) => tickByMinuteSearch(`${date}T${time}`, minutes) ?? 0);
    const once = asked.map(({ date, time }) =>
      nextTick({ type: 4, date, time, timezone }, new Date(start))?.getTime(),
    );
    expect(once).toEqual(looked);
    const fromJustBefore = asked.map(({ time }, index) =>
      nextTick({ ...daily, time, timezone }, new Date((looked[index] ?? 0) - 1))?.getTime(),
    );
    expect(fromJustBefore).toEqual(looked);
    const repeated = asked.filter(({ time }, index) => {
      const moment = looked[index] ?? 0;
      return (nextTick({ ...daily, time, timezone }, new Date(moment))?.getTime() ?? 0) <= moment;
    });
    expect(repeated).toEqual([]);
  });

  test('a daily schedule has one tick for each day of a year', () => {
    const shows = wallClock(timezone);
    let last = new Date('2026-01-01T12:00:00Z');
    const dates = new Set<string>();
    for (let number = 0; number < 365; number += 1) {
      const next = nextTick({ ...daily, time: '02:15', timezone }, last);
      if (next === undefined) break;
      expect(next.getTime() - last.getTime()).toBeLessThanOrEqual(25 * hour);
      dates.add(shows(next.getTime()).slice(0, 10));
      last = next;
    }
    expect(dates.size).toBe(365);
  });
});

describe('what is due', () => {
  const schedule: Schedule = { ...daily, time: '09:00', timezone: 'UTC' };

  test.each([
    ['2026-03-10T09:00:00Z', { latest: '2026-03-10T09:00:00Z', count: 1, next: '2026-03-11T09:00:00Z' }],
    ['2026-03-11T08:59:59Z', { latest: '2026-03-10T09:00:00Z', count: 1, next: '2026-03-11T09:00:00Z' }],
    ['2026-03-11T09:00:00Z', { latest: '2026-03-11T09:00:00Z', count: 2, next: '2026-03-12T09:00:00Z' }],
    ['2026-03-20T12:00:00Z', { latest: '2026-03-20T09:00:00Z', count: 11, next: '2026-03-21T09:00:00Z' }],
  ])('at %s', (now, { latest, count, next }) => {
    expect(dueTicks(schedule, new Date('2026-03-10T09:00:00Z'), new Date(now))).toEqual({
      latest: new Date(latest),
      count,
      next: new Date(next),
    });
  });

  test('a one-time schedule has no tick after its first', () => {
    const once: Schedule = { type: 4, date: '2026-03-10', time: '09:00', timezone: 'UTC' };
    const moment = new Date('2026-03-10T09:00:00Z');
    expect(dueTicks(once, moment, new Date('2027-01-01T00:00:00Z'))).toEqual({
      latest: moment,
      count: 1,
      next: undefined,
    });
  });
});
