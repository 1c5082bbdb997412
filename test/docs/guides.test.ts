import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { guideSections } from '../../src/documentation/guide-search.ts';
import { guideGroups } from '../../src/documentation/guide-list.ts';
import { listGuides, readGuide } from '../../src/documentation/guides.ts';
import { errorKinds, type ErrorKey } from '../../src/errors.ts';

const folder = path.resolve(import.meta.dirname, '../../docs');
const names: string[] = Object.values(guideGroups).flat();

async function pagesOf(language: string): Promise<string[]> {
  const files = await readdir(path.join(folder, language));
  return files.filter((file) => file.endsWith('.md')).map((file) => file.slice(0, -'.md'.length));
}

test('every page of docs/ is a guide, and every guide a page', async () => {
  expect((await pagesOf('.')).toSorted()).toEqual(names.toSorted());
});

test('every guide has a title and a first sentence', async () => {
  for (const { name, title, summary } of await listGuides()) {
    expect({ name, title, summary }).toEqual({
      name,
      title: expect.stringMatching(/\S/),
      summary: expect.stringMatching(/^\S.+/),
    });
  }
});

test('every Chinese guide exists in English, and a guide without translation is shown in English', async () => {
  const translated = await pagesOf('zh');
  expect(names).toEqual(expect.arrayContaining(translated));
  expect(await readGuide('benchmarks', { language: 'zh' })).toBe(await readGuide('benchmarks'));
  expect(await readGuide('errors', { language: 'zh' })).not.toBe(await readGuide('errors'));
});

test('no other file can be read through the guides', async () => {
  expect(await readGuide('../README')).toBeUndefined();
  expect(await readGuide('zh/errors')).toBeUndefined();
  expect(await readGuide('errors', { language: '../..' })).toBe(await readGuide('errors'));
});

test.each(['en', 'zh'])('the errors on the page and in the registry match: %s', async (language) => {
  const page = (await readGuide('errors', { language })) ?? '';
  const rows = page.matchAll(/^\| (\d{3}) \| (\d{5}) \| (\w+) \|/gm);
  const documented = Array.from(rows, ([, status, code, key]) => `${key} ${status} ${code}`);
  const registered = (Object.keys(errorKinds) as ErrorKey[]).map(
    (key) => `${key} ${errorKinds[key].status} ${errorKinds[key].code}`,
  );
  expect(documented.toSorted()).toEqual(registered.toSorted());
});

test("a guide's summary is the first sentence of its page", async () => {
  const guides = await listGuides();
  expect(guides.find(({ name }) => name === 'quick-start')?.summary).toBe(
    'From nothing to your first results in about five minutes.',
  );
});

test('lines of code are not sections, and sections have plain text', () => {
  const sections = guideSections(
    '# Page\n\nText\n\n## One `two`\n\n```sh\n## not a heading\n```\n\n[a link](x.md)\n',
  );
  expect(sections).toEqual([
    { heading: '', anchor: '', text: 'Page Text' },
    { heading: 'One two', anchor: 'one-two', text: 'sh not a heading a link' },
  ]);
});
