import { describe, expect, test } from 'vitest';
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

describe('parts of a random secret', () => {
  const random = new SecretMask(['dXNlcjo='], ['Zk3qP9sLw0YtR7uVb2Nc']);
  test.each([
    ['its first nine characters', 'starts with Zk3qP9sLw', 'starts with ***'],
    ['six from its middle', 'has Lw0YtR inside', 'has *** inside'],
    ['its end', 'ends …R7uVb2Nc', 'ends …***'],
    ['all but one character', 'Zk3qP9sLw-YtR7uVb2Nc', '***-***'],
    ['five characters, which are too few', 'Zk3qP', 'Zk3qP'],
    ['the whole secret twice', 'Zk3qP9sLw0YtR7uVb2NcZk3qP9sLw0YtR7uVb2Nc', '******'],
    ['the whole secret beside another', 'dXNlcjo=Zk3qP9sLw0YtR7uVb2Nc', '******'],
  ])('%s', (_, text, masked) => {
    expect(random.apply(text)).toBe(masked);
  });

  test('a part across the end of a text that is cut is masked', () => {
    expect(random.applyToStart('012345 Zk3qP9sLw0YtR7uVb2Nc', 10)).toBe('012345 ***');
  });

  test('16 MiB are searched in about a second', () => {
    const text = 'Zk3qP '.repeat((16 * 1024 * 1024) / 6);
    const begin = performance.now();
    expect(random.apply(text)).toBe(text);
    expect(performance.now() - begin).toBeLessThan(10_000);
  });
});
