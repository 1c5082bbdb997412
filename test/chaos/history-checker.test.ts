/** Each rule of the history checker: a good history keeps it, and a planted bad one is caught. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { brokenRules, rules } from '../../chaos/history/checker.ts';
import { History, type Observation, type RunState } from '../../chaos/history/history.ts';

/** A call of a client that took from one time to another and was answered with success. */
function answered(beganMs: number, endedMs: number) {
  return { client: 'one', beganMs, endedMs, http: 200, code: 0 };
}

function state(status: RunState['status'], results = 0): RunState {
  const isFinished = status === 'succeeded' || status === 'failed';
  return { status, results, finishedAt: isFinished ? 1_000 : 0, endReason: isFinished ? 'succeeded' : '' };
}

const startOf = (run: string, beganMs: number): Observation => ({
  op: 'start',
  key: `key of ${run}`,
  run,
  ...answered(beganMs, beganMs + 1),
});

const seconds = 1000;

const good: readonly Observation[] = [
  startOf('first', 0),
  { op: 'start', key: 'key of second', client: 'two', beganMs: 10, endedMs: 20, http: 0, problem: 'timeout' },
  { op: 'start', key: 'key of second', run: 'second', ...answered(20, 30) },
  { op: 'start', key: 'key of second', run: 'second', ...answered(20, 31) },
  { op: 'last', run: 'first', ...answered(25, 29) },
  { op: 'last', run: 'second', ...answered(40, 41) },
  { op: 'acknowledged', run: 'first', rows: 2, beganMs: 45, endedMs: 45 },
  { op: 'read', run: 'first', state: state('running', 2), ...answered(50, 51) },
  { op: 'page', run: 'first', page: 1, rows: ['a', 'b'], ...answered(52, 53) },
  { op: 'abort', run: 'second', ...answered(54, 55) },
  { op: 'read', run: 'second', state: state('aborting'), ...answered(60, 61) },
  { op: 'page', run: 'first', page: 1, rows: ['a', 'b', 'c'], ...answered(62, 63) },
  { op: 'read', run: 'first', state: state('succeeded', 3), ...answered(64, 65) },
  {
    op: 'read',
    run: 'first',
    client: 'two',
    beganMs: 66,
    endedMs: 67,
    http: 500,
    code: 14_000,
    problem: 'away',
  },
  { op: 'read', run: 'first', state: state('succeeded', 3), ...answered(68, 69) },
  { op: 'read', run: 'second', state: state('failed'), ...answered(70 * seconds, 70 * seconds + 1) },
];

/** What has to be added to the good history to break each rule. */
const planted: Record<string, readonly Observation[]> = {
  'starts with one key start one run': [
    { op: 'start', key: 'key of first', run: 'another', ...answered(80, 81) },
  ],
  'a started run is found': [
    { op: 'read', run: 'first', client: 'two', beganMs: 80, endedMs: 81, http: 404, code: 11_004 },
  ],
  'last never goes back': [{ op: 'last', run: 'first', ...answered(80, 81) }],
  'a status only goes forward': [
    startOf('third', 80),
    { op: 'read', run: 'third', state: state('running'), ...answered(82, 83) },
    { op: 'read', run: 'third', state: state('ready'), ...answered(84, 85) },
  ],
  'an ended run never changes': [
    { op: 'read', run: 'first', state: state('succeeded', 4), ...answered(80, 81) },
  ],
  'the number of rows never falls': [
    startOf('third', 80),
    { op: 'read', run: 'third', state: state('running', 5), ...answered(82, 83) },
    { op: 'read', run: 'third', state: state('running', 4), ...answered(84, 85) },
  ],
  'a page never loses a row that was seen': [
    { op: 'page', run: 'first', page: 1, rows: ['a', 'c'], ...answered(80, 81) },
  ],
  'rows with the same upsert key are one row': [
    { op: 'page', run: 'second', page: 1, rows: ['k', 'k'], ...answered(80, 81) },
  ],
  'an abort ends the run within its time': [
    startOf('third', 80),
    { op: 'abort', run: 'third', ...answered(82, 83) },
    { op: 'read', run: 'third', state: state('aborting'), ...answered(63 * seconds, 63 * seconds + 1) },
  ],
  'acknowledged rows are visible': [
    startOf('third', 80),
    { op: 'acknowledged', run: 'third', rows: 7, beganMs: 82, endedMs: 82 },
    { op: 'read', run: 'third', state: state('running', 6), ...answered(84, 85) },
  ],
  'every answer is in the envelope': [
    { op: 'last', client: 'two', beganMs: 80, endedMs: 81, http: 502, problem: '<html>' },
  ],
};

function namesOfBroken(observations: readonly Observation[]): string[] {
  return brokenRules(new History([...observations])).map(({ rule }) => rule.name);
}

test('a history without a fault breaks no rule', () => {
  expect(namesOfBroken(good)).toEqual([]);
});

test('every rule has a planted history', () => {
  expect(Object.keys(planted).toSorted()).toEqual(rules.map(({ name }) => name).toSorted());
});

describe.each(rules)('$name', ({ name, page, sentence }) => {
  test('is caught when it is broken, and no other rule', () => {
    expect(namesOfBroken([...good, ...(planted[name] ?? [])])).toEqual([name]);
  });

  test('is what the document says', async () => {
    const text = await readFile(path.join(import.meta.dirname, '../../docs', page), 'utf8');
    expect(text.replaceAll(/\s+/g, ' ')).toContain(sentence);
  });
});

test('the order of two starts at the same time is not certain, so either may be last', () => {
  const concurrent: Observation[] = [
    { op: 'start', key: 'a', run: 'a', ...answered(0, 10) },
    { op: 'start', key: 'b', run: 'b', ...answered(5, 12) },
    { op: 'last', run: 'b', ...answered(20, 21) },
    { op: 'last', run: 'a', ...answered(22, 23) },
  ];
  expect(namesOfBroken(concurrent)).toEqual([]);
});

test('a start that was only answered when it was repeated counts from its first request', () => {
  const repeated: Observation[] = [
    { op: 'start', key: 'a', client: 'one', beganMs: 0, endedMs: 10, http: 0, problem: 'timeout' },
    { op: 'start', key: 'b', run: 'b', ...answered(11, 12) },
    { op: 'start', key: 'a', run: 'a', ...answered(13, 14) },
    { op: 'last', run: 'b', ...answered(20, 21) },
  ];
  expect(namesOfBroken(repeated)).toEqual([]);
});
