import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';

const page = await readFile(path.resolve(import.meta.dirname, '../../CHANGELOG.md'), 'utf8');
const categories = ['Added', 'Changed', 'Deprecated', 'Removed', 'Fixed', 'Security'];
const versions = page
  .split(/^## /m)
  .slice(1)
  .map((section): [string, string[]] => [
    section.split('\n', 1)[0] ?? '',
    Array.from(section.matchAll(/^### (.+)$/gm), ([, category = '']) => category),
  ]);

test.each(versions)(
  'the changes of %s use the usual categories, each once and in order',
  (_version, found) => {
    expect(found).toEqual(categories.filter((category) => found.includes(category)));
    expect(found).not.toEqual([]);
  },
);

test('unreleased changes come first, then the versions, newest first', () => {
  const [first, ...released] = versions.map(([version]) => version);
  expect(first).toBe('Unreleased');
  const numbers = released.map((version) => version.split('.').map(Number));
  const newestFirst = numbers.toSorted((a, b) => {
    const index = a.findIndex((part, place) => part !== b[place]);
    return (b[index] ?? 0) - (a[index] ?? 0);
  });
  expect(numbers).toEqual(newestFirst);
});
