import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { OutputLines, stateMilliseconds } from '../../src/runner/execution/output-lines.ts';

const limit = 100;

function recorder(): { lines: OutputLines; seen: string[] } {
  const seen: string[] = [];
  const lines = new OutputLines({
    limit,
    margin: 10,
    onLine: (line) => seen.push(line),
    onState: (line) => seen.push(`state ${line}`),
    onLongLine: (start) => seen.push(`start ${start.slice(0, limit).length}`),
    onLongLineEnd: (end, omitted) => seen.push(`end ${end.trim()}, ${omitted} omitted`),
  });
  return { lines, seen };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('the lines of', () => {
  test.each([
    ['plain output', ['one\ntwo\n', 'three'], ['one', 'two', 'three']],
    ['empty lines', ['\n\nx\n'], ['', '', 'x']],
    ['Windows', ['one\r\ntwo\r', '\n'], ['one', 'two']],
    ['doubled carriage returns', ['one\r\r\n'], ['one']],
    ['a progress bar', ['\r1%', '\r2%', '\r3%\n', 'done\n'], ['3%', 'done']],
    ['a progress bar that ends lines with carriage returns', ['1%\r2%\r3%\r', 'done\n'], ['done']],
    ['a progress bar that clears itself', ['\r1%\r99%\r       \r', '\u001B[K\n'], ['99%']],
    ['a progress bar that is the last output', ['\r1%\r2%'], ['2%']],
    ['an error after a progress bar', ['\r1%\r2%\rFATAL: login failed\n'], ['FATAL: login failed']],
    [
      'a long line',
      [`${'x'.repeat(150)}\nnext\n`],
      ['start 100', `end ${'x'.repeat(50)}, 0 omitted`, 'next'],
    ],
    [
      'a long line in pieces with a reason at its end',
      [...Array.from({ length: 1000 }, () => '.'.repeat(10)), 'FATAL: login failed', '\nnext\n'],
      ['start 100', expect.stringMatching(/^end \.+FATAL: login failed, 5823 omitted$/), 'next'],
    ],
    [
      'a long line that a carriage return replaces',
      [`${'x'.repeat(200)}\rshort\n`],
      ['start 100', `end ${'x'.repeat(100)}, 0 omitted`, 'short'],
    ],
  ])('%s', (_, pieces, expected) => {
    const { lines, seen } = recorder();
    for (const piece of pieces) lines.write(piece);
    lines.end();
    expect(seen).toEqual(expected);
  });
});

test('of 10,000 states of a line, one every five seconds is reported, and the last', () => {
  const { lines, seen } = recorder();
  for (let n = 0; n < 10_000; n += 1) {
    lines.write(`\r${n}`);
    vi.advanceTimersByTime(1);
  }
  lines.write('\n');
  lines.end();
  expect(seen).toEqual([`state ${stateMilliseconds - 1}`, 'state 9999']);
});

test('a state that stays is reported once, even if the line never ends', () => {
  const { lines, seen } = recorder();
  lines.write('\rwaiting for the login');
  vi.advanceTimersByTime(10 * stateMilliseconds);
  lines.end();
  expect(seen).toEqual(['state waiting for the login']);
});
