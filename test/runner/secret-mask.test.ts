import { expect, test } from 'vitest';
import { SecretMask } from '../../src/logs/secret-mask.ts';

const mask = new SecretMask(['s3cret', 'bG9uZ2Vy+/=']);

test.each([
  ['no secret', 'no secret'],
  ['s3cret', '***'],
  ['user:s3cret@host, Basic bG9uZ2Vy+/=; s3crets3cret', 'user:***@host, Basic ***; ******'],
  ['s3cre t', 's3cre t'],
])('%s becomes %s', (text, masked) => {
  expect(mask.apply(text)).toBe(masked);
});

test.each([
  ['a secret before the end', 's3cret 0123', 9, '*** 01'],
  ['a secret across the end', '012 s3cret', 6, '012 ***'],
  ['a secret that begins at the end', '012345s3cret', 6, '012345'],
  ['a secret that ends at the end', '012 s3cret', 10, '012 ***'],
  ['one before and one across the end', 's3cret s3cret 012', 9, '*** ***'],
])('the beginning of a text with %s', (_, text, length, beginning) => {
  expect(mask.applyToStart(text, length)).toBe(beginning);
});

test('text without secrets stays unchanged', () => {
  const empty = new SecretMask([]);
  expect([empty.apply('text'), empty.applyToStart('text', 2)]).toEqual(['text', 'te']);
});
