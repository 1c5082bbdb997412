import { expect, test } from 'vitest';
import { readOptions, UsageError } from '../../chaos/options.ts';

test('a campaign has usual and short defaults', () => {
  expect(readOptions([])).toMatchObject({ seed: 1, lengthMs: 300_000, leaseSeconds: 5, storage: 'folder' });
  expect(readOptions(['--short'])).toMatchObject({ lengthMs: 12_000, leaseSeconds: 3 });
  expect(readOptions(['--only', 'API killed']).faults.map(({ name }) => name)).toEqual(['API killed']);
});

test.each([
  ['--minutes', 'Infinity'],
  ['--minutes', ''],
  ['--lease', '0'],
  ['--seed', '1.5'],
  ['--seed', '-1'],
  ['--clients', 'many'],
  ['--only', 'nothing'],
  ['--unknown', '1'],
])('%s %j is refused with a sentence', (flag, value) => {
  expect(() => readOptions([`${flag}=${value}`])).toThrow(UsageError);
});
