/** The checks of a campaign find what is planted. */
import { describe, expect, test } from 'vitest';
import { checkCallbacks } from '../../chaos/checks/callbacks.ts';
import { checkDescriptors } from '../../chaos/checks/descriptors.ts';
import { checkStoredData, type StoredData } from '../../chaos/checks/stored-rows.ts';
import { checkTicks } from '../../chaos/checks/ticks.ts';
import { minutesWithin } from '../../chaos/clients/schedules.ts';
import { countsLine } from '../../chaos/report.ts';
import { Tally } from '../../chaos/tally/tally.ts';

function tallyOf(entries: Readonly<Record<string, readonly object[]>>): Tally {
  const tally = new Tally();
  for (const [token, own] of Object.entries(entries)) {
    tally.add(
      token,
      [{ start: true }, ...own].map((entry) => JSON.stringify(entry)),
    );
  }
  return tally;
}

function plainRows(token: string, numbers: readonly number[]): StoredData['rows'] {
  return numbers.map((n, place) => ({ run: 'run', number: String(place), token, n, key: null }));
}

function storedData(rows: StoredData['rows'], lines: readonly string[] = []): StoredData {
  return {
    rows,
    lines: lines.map((content) => ({ content, run: 'run' })),
    counts: [{ run: 'run', count: String(rows.length) }],
  };
}

describe('the comparison of tally and database', () => {
  const tally = tallyOf({ a: [{ row: 0 }, { row: 1 }, { line: 0 }] });

  test('is content with what was acknowledged, and with more', () => {
    expect(checkStoredData(tally, storedData(plainRows('a', [0, 1, 2]), ['a 0', 'a 1']))).toEqual([]);
  });

  test('finds lost rows and lines', () => {
    const findings = checkStoredData(tally, storedData(plainRows('a', [0])));
    expect(findings.map(({ kind }) => kind)).toEqual(['lost', 'lost']);
  });

  test('finds doubled rows and lines', () => {
    const findings = checkStoredData(tally, storedData(plainRows('a', [0, 1, 1]), ['a 0', 'a 0']));
    expect(findings.map(({ kind }) => kind)).toEqual(['doubled', 'doubled']);
  });

  test('finds a wrong number of rows, and a gap in their numbers', () => {
    const rows = plainRows('a', [0, 1]);
    const wrongCount = { ...storedData(rows, ['a 0']), counts: [{ run: 'run', count: '3' }] };
    expect(checkStoredData(tally, wrongCount).map(({ kind }) => kind)).toEqual(['broken rules']);
    const gap = rows.map((row, place) => ({ ...row, number: String(place * 2) }));
    expect(checkStoredData(tally, storedData(gap, ['a 0'])).map(({ kind }) => kind)).toEqual([
      'broken rules',
    ]);
  });

  test('ignores a line of the tally that a full disk cut off', () => {
    const cut = tallyOf({ a: [{ row: 0 }] });
    cut.add('a', ['{"row":']);
    expect(checkStoredData(cut, storedData(plainRows('a', [0])))).toEqual([]);
  });
});

describe('upserts', () => {
  const tally = tallyOf({
    first: [{ row: 0 }, { upsert: 'k', n: 5 }],
    second: [{ row: 0 }, { upsert: 'k', n: 1 }],
  });
  const others = [...plainRows('first', [0]), ...plainRows('second', [0])].map((row, place) => ({
    ...row,
    number: String(place),
  }));
  const withUpsert = (token: string, n: number): StoredData =>
    storedData([...others, { run: 'run', number: '2', token, n, key: 'k' }]);

  test('of a later worker replace those of an earlier one', () => {
    expect(checkStoredData(tally, withUpsert('second', 1))).toEqual([]);
    expect(checkStoredData(tally, withUpsert('second', 2))).toEqual([]);
  });

  test('are lost if an earlier one is stored', () => {
    expect(checkStoredData(tally, withUpsert('second', 0)).map(({ kind }) => kind)).toEqual(['lost']);
    expect(checkStoredData(tally, withUpsert('first', 9)).map(({ kind }) => kind)).toEqual(['lost']);
  });
});

describe('callbacks', () => {
  const expected = [
    { run: 'run', number: 1, status: 'running' },
    { run: 'run', number: 2, status: 'succeeded' },
  ];
  const [first, second] = expected as [(typeof expected)[0], (typeof expected)[0]];

  test('may arrive twice', () => {
    expect(checkCallbacks(expected, [first, first, second, second])).toEqual([]);
  });

  test('are lost if they never arrive', () => {
    expect(checkCallbacks(expected, [first]).map(({ kind }) => kind)).toEqual(['lost']);
  });

  test('break the rules if they arrive out of order', () => {
    expect(checkCallbacks(expected, [second, first]).map(({ kind }) => kind)).toEqual(['broken rules']);
    expect(checkCallbacks(expected, [first, second, first]).map(({ kind }) => kind)).toEqual([
      'broken rules',
    ]);
  });
});

describe('ticks', () => {
  const expected = [{ task: 'task', at: 60 }];

  test('start one run each', () => {
    expect(checkTicks(expected, [{ task: 'task', times: [60] }])).toEqual([]);
    expect(checkTicks(expected, []).map(({ kind }) => kind)).toEqual(['lost']);
    expect(checkTicks(expected, [{ task: 'task', times: [60, 60] }]).map(({ kind }) => kind)).toEqual([
      'doubled',
    ]);
    expect(checkTicks(expected, [{ task: 'task', times: [0] }]).map(({ kind }) => kind)).toEqual([
      'broken rules',
    ]);
  });

  test('are the whole minutes of the campaign', () => {
    expect(minutesWithin(100, 90)).toEqual([120, 180]);
    expect(minutesWithin(115, 20)).toEqual([]);
  });
});

test('descriptors are left over if a node has many more than when it was new', () => {
  const before = new Map([['api-1', 40]]);
  expect(checkDescriptors(before, new Map([['api-1', 60]]))).toEqual([]);
  expect(checkDescriptors(before, new Map([['api-1', 400]])).map(({ kind }) => kind)).toEqual(['left over']);
});

test('the last line counts everything in a fixed order', () => {
  const line = countsLine({
    faults: [],
    acknowledged: 12,
    findings: [
      { kind: 'lost', sentence: '' },
      { kind: 'left over', sentence: '' },
      { kind: 'lost', sentence: '' },
    ],
    remarks: [],
  });
  expect(line).toBe('faults 0, acknowledged 12, broken rules 0, lost 2, doubled 0, stuck 0, left over 1');
});
