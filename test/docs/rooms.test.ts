import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const entries = await readdir(path.join(root, 'src'), { recursive: true, withFileTypes: true });

/** Paths below `src/`. */
function pathsOf(kind: 'isDirectory' | 'isFile'): string[] {
  return entries
    .filter((entry) => entry[kind]())
    .map((entry) => path.relative(path.join(root, 'src'), path.join(entry.parentPath, entry.name)));
}

async function lines(page: string): Promise<string[]> {
  return (await readFile(path.join(root, 'docs', page), 'utf8')).split('\n');
}

/** What stands below `src/` on the map of the page. */
async function mapped(): Promise<string[]> {
  const page = await lines('architecture.md');
  const start = page.indexOf('src/');
  const map = page.slice(start + 1, page.indexOf('```', start));
  return map.flatMap((line) => /^ {2}(\S+)/.exec(line)?.[1] ?? []);
}

test('the rooms of the architecture page are the folders of src/', async () => {
  const rooms = (await mapped()).filter((name) => name.endsWith('/')).map((name) => name.slice(0, -1));
  const folders = pathsOf('isDirectory').filter((folder) => !folder.includes(path.sep));
  expect(rooms.toSorted()).toEqual(folders.toSorted());
});

test('the files of the architecture page are in src/', async () => {
  const files = (await mapped()).filter((name) => !name.endsWith('/'));
  expect(pathsOf('isFile')).toEqual(expect.arrayContaining(files));
});

test('decisions stand under a room that exists', async () => {
  const sections = (await lines('decisions.md')).flatMap((line) => /^## (.+)$/.exec(line)?.[1] ?? []);
  expect(['Whole platform', 'console', ...pathsOf('isDirectory')]).toEqual(expect.arrayContaining(sections));
});

test('every decision has a heading and a date, and a link to what superseded it', async () => {
  const page = (await lines('decisions.md')).join('\n');
  const decisions = page.split(/^### /m).slice(1);
  expect(decisions.length).toBeGreaterThan(100);
  for (const decision of decisions)
    expect(decision.replaceAll(/\s+/g, ' ')).toMatch(
      /^.+ \d{4}-\d\d-\d\d(?:\. \S|, superseded on \d{4}-\d\d-\d\d by \[[^\]]+\]\(#)/,
    );
});
