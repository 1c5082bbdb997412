/** The entry names of a zip. */
import { describe, expect, test } from 'vitest';
import { TakenPaths } from '../../src/workers/package-paths.ts';

describe('the paths of a package', () => {
  test('count each implied folder once', () => {
    const taken = new TakenPaths();
    taken.add('a/b/c.js', 'file');
    taken.add('a/b', 'folder');
    taken.add('a/d/e.js', 'file');
    taken.add('f', 'folder');
    expect(taken.folderCount).toBe(4);
  });

  test.each([
    ['a/b.js', 'A/c.js', /differ only in case/],
    ['a/b.js', 'a/B.js', /differ only in case/],
    ['a/b.js', 'a', /is both a file and a folder/],
    ['a', 'a/b.js', /is both a file and a folder/],
    ['a/b.js', 'a/b.js', /the zip has two entries/],
  ])('%s and %s clash', (first, second, message) => {
    const taken = new TakenPaths();
    taken.add(first, 'file');
    expect(() => taken.add(second, 'file')).toThrow(message);
  });

  // Case-folding each folder of each path again would process a billion characters.
  test('of many files deep in one folder are checked once', () => {
    const taken = new TakenPaths();
    const folder = 'ä/'.repeat(330);
    for (let number = 0; number < 50_000; number += 1) taken.add(`${folder}${number}`, 'file');
    expect(taken.folderCount).toBe(330);
  });
});
