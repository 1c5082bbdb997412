import { pino } from 'pino';
import { beforeEach, describe, expect, test } from 'vitest';
import { EventCounts } from '../../src/events/event-counts.ts';
import { logEvents } from '../../src/events/event-log.ts';
import { Events } from '../../src/events/events.ts';

interface Line {
  level: number;
  time: number;
  component: string;
  msg: string;
  event: string;
  err?: { type: string; message: string; stack: string };
  [field: string]: unknown;
}

let lines: Line[];
let events: Events;
beforeEach(() => {
  lines = [];
  const logger = pino({ level: 'trace' }, { write: (line) => lines.push(JSON.parse(line) as Line) });
  events = new Events(logger);
  logEvents(events, logger);
});

const missed = { task: 'nightly', missed: 2, from: new Date(0), policy: 'skip' } as const;

describe('a subscriber', () => {
  test('gets events of its name until it unsubscribes', () => {
    const got: number[] = [];
    const unsubscribe = events.subscribe('schedule:missed', (payload) => got.push(payload.missed));
    events.emit('schedule:missed', missed);
    events.emit('cache:dropped', { folder: '/cache/one', bytes: 1 });
    unsubscribe();
    events.emit('schedule:missed', { ...missed, missed: 3 });
    expect(got).toEqual([2]);
  });

  test('that throws is logged, and affects neither the emitter nor other subscribers', () => {
    const got: string[] = [];
    events.subscribe('schedule:missed', () => {
      throw new Error('planted');
    });
    events.subscribe('schedule:missed', ({ task }) => got.push(task));
    events.emit('schedule:missed', missed);
    expect(got).toEqual(['nightly']);
    expect(lines.at(-1)).toMatchObject({
      level: 50,
      component: 'events',
      event: 'schedule:missed',
      err: { message: 'planted', stack: expect.stringContaining('events.test.ts') },
    });
  });
});

describe('the log', () => {
  test('has a line for each event, with the component, name and fields', () => {
    events.emit('callback:failed', { run: 'r1', callback: 2, attempts: 5, reason: 'HTTP 500' });
    expect(lines).toEqual([
      expect.objectContaining({
        level: 40,
        time: expect.any(Number),
        component: 'callbacks',
        event: 'callback:failed',
        msg: 'a callback was not delivered',
        run: 'r1',
        callback: 2,
        attempts: 5,
        reason: 'HTTP 500',
      }),
    ]);
  });

  test('has the stack of a failure, as an error, or as a warning while the database is away', () => {
    events.failed({ work: 'prune-audit', err: new Error('planted') });
    const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    events.failed({ work: 'prune-audit', err: refused });
    expect(lines).toEqual([
      expect.objectContaining({ level: 50, event: 'internal:failed', component: 'accounts' }),
      expect.objectContaining({ level: 40, event: 'database:unavailable', component: 'accounts' }),
    ]);
    for (const { err } of lines) expect(err?.stack).toContain('events.test.ts');
  });

  test('shows the same failure of the same subject at most once a minute', () => {
    for (let time = 0; time < 5; time += 1) events.failed({ work: 'count-runs', err: new Error('planted') });
    events.failed({ work: 'count-runs', err: new Error('another') });
    events.failed({ work: 'count-runs', err: new Error('planted'), run: 'r1' });
    expect(lines.map(({ err, run }) => [err?.message, run])).toEqual([
      ['planted', undefined],
      ['another', undefined],
      ['planted', 'r1'],
    ]);
  });
});

test('events are counted by name, and failures by the work that failed', () => {
  const counts = new EventCounts(events);
  events.emit('schedule:missed', missed);
  for (const work of ['prune-audit', 'count-runs', 'prune-audit'] as const) {
    events.failed({ work, err: new Error('planted') });
  }
  expect(counts.list()).toEqual([
    { event: 'internal:failed', work: 'count-runs', count: 1 },
    { event: 'internal:failed', work: 'prune-audit', count: 2 },
    { event: 'schedule:missed', work: undefined, count: 1 },
  ]);
});
