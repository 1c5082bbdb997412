import { expect, test } from 'vitest';
import { withoutEnd } from '../../src/text/text-ends.ts';

test.each([
  ['1.500', '0', '1.5'],
  ['000', '0', ''],
  ['', '0', ''],
  ['a-\uFFFD-', '-\uFFFD', 'a'],
  ['0a', '0', '0a'],
])('%j without trailing %j is %j', (text, characters, expected) => {
  expect(withoutEnd(text, characters)).toBe(expected);
});

test('long runs inside a text take linear time', () => {
  const text = `${'/'.repeat(5_000_000)}a`;
  expect(withoutEnd(text, '/')).toBe(text);
});
