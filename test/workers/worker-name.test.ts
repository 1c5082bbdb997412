import { describe, expect, test } from 'vitest';
import { checkWorkerName, workerNameFromTitle } from '../../src/workers/worker-name.ts';

describe('the name made from a title', () => {
  test.each([
    ['Google Maps Scraper', 'google-maps-scraper'],
    ['  Google   Maps!  ', 'google-maps'],
    ['a', 'a'],
    ['Top 10 (2026)', 'top-10-2026'],
    ['Café Crème', 'cafe-creme'],
    ['Straße', 'strasse'],
    ['owner~name/x', 'owner-name-x'],
    ['__init__', 'init'],
    ['../../etc', 'etc'],
    ['谷歌地图 Maps', 'maps'],
    [`${'x'.repeat(63)} yz`, 'x'.repeat(63)],
    ['x'.repeat(200), 'x'.repeat(64)],
  ])('%j is %j', (title, name) => {
    expect(workerNameFromTitle(title)).toBe(name);
    expect(() => checkWorkerName(name)).not.toThrow();
  });

  test.each(['', '   ', '谷歌地图', '123', '🦀', '---', '\0'])(
    'is worker- and a hash if the title has no Latin letters: %j',
    (title) => {
      const name = workerNameFromTitle(title);
      expect(name).toMatch(/^worker-[0-9a-f]{8}$/);
      expect(workerNameFromTitle(title)).toBe(name);
    },
  );

  test('differs between titles without Latin letters', () => {
    expect(workerNameFromTitle('谷歌')).not.toBe(workerNameFromTitle('百度'));
  });
});

describe('an explicit worker name', () => {
  test.each(['a', '7', 'google-maps', 'google_maps', 'a--b', 'x'.repeat(64)])('may be %j', (name) => {
    expect(() => checkWorkerName(name)).not.toThrow();
  });

  test.each(['', ' ', 'A', 'a b', '-a', 'a-', '_a', 'a/b', 'a~b', 'a.b', '..', 'ü', 'a\n', 'x'.repeat(65)])(
    'may not be %j',
    (name) => {
      expect(() => checkWorkerName(name)).toThrow(/1 to 64 lower-case letters/);
    },
  );
});
