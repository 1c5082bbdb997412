/** Which printed lines name a limit. */
import { describe, expect, test } from 'vitest';
import type { NamedLimit } from '../../src/runs/named-limits.ts';
import { LimitSigns } from '../../src/runner/execution/limit-signs.ts';

const limits = {
  openFiles: 11,
  processes: 12,
  fileSizeBytes: 13,
  tmpBytes: 14,
  memoryBytes: 512 * 1024 * 1024,
};
const openFiles = { limit: 'open_files', value: 11 };
const processes = { limit: 'processes', value: 12 };
const fileSize = { limit: 'file_size', value: 13 };
const temporary = { limit: 'tmp', value: 14 };
const memory = { limit: 'memory', value: 512 };

function limitsOf(...lines: string[]): readonly NamedLimit[] {
  const signs = new LimitSigns(limits);
  for (const line of lines) signs.read(line);
  return signs.found;
}

describe('a limit is named by', () => {
  test.for([
    ["Error: EMFILE: too many open files, open '/tmp/x'", openFiles],
    ["OSError: [Errno 24] Too many open files: '/dev/null'", openFiles],
    ['Error: EFBIG: file too large, write', fileSize],
    ['write big: File too large', fileSize],
    ['Error: ENOSPC: no space left on device, write', temporary],
    ['Error: spawn /bin/true EAGAIN', processes],
    ['spawnx EAGAIN spawn a spawn b EAGAINx eagain', processes],
    ["RuntimeError: can't start new thread", processes],
    ['runtime: failed to create new OS thread (have 9 already; errno=11)', processes],
    ['fork/exec /bin/true: resource temporarily unavailable', processes],
    [
      'FATAL ERROR: Ineffective mark-compacts near heap limit Allocation failed - JavaScript heap out of memory',
      memory,
    ],
    ["code: 'ERR_WORKER_OUT_OF_MEMORY'", memory],
    ['pthread_create failed: Resource temporarily unavailable', processes],
  ] as const)('%s', ([line, limit]) => {
    expect(limitsOf(line)).toEqual([limit]);
  });

  test('each line of its output, once', () => {
    expect(limitsOf('EFBIG', 'EMFILE', 'EFBIG', 'nothing')).toEqual([fileSize, openFiles]);
  });
});

test('no limit is recognized in parts of words, another order, or a line longer than runtimes print', () => {
  expect(limitsOf('EMFILES', 'xEFBIG', 'ENOSPC_', 'profile too large')).toEqual([]);
  expect(limitsOf('EAGAIN spawn', 'spawns EAGAIN', 'forks: resource temporarily unavailable')).toEqual([]);
  expect(limitsOf(`${'x '.repeat(2048)}EMFILE`)).toEqual([]);
});

// An expression that backtracks takes a thousand times longer for one such line than one search.
test('lines that almost name a limit are read at constant speed', () => {
  const nearly = [
    'spawn ',
    'spawn EAGAINx ',
    'fork ',
    'fork resource temporarily ',
    'too many open ',
    'xemfile ',
  ];
  const lines = nearly.map((text) => text.repeat(4096 / text.length).slice(0, 4096));
  const signs = new LimitSigns(limits);
  for (let count = 0; count < 5000; count += 1) for (const line of lines) signs.read(line);
  expect(signs.found).toEqual([]);
});
