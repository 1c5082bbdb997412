import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { readRooms } from '../../scripts/arrows/rooms.ts';

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

const rooms = readRooms(await readFile(path.join(root, 'docs', 'architecture.md'), 'utf8'));

test('the rooms of the architecture page are the folders of src/', () => {
  const places = rooms.map(({ place }) => place).filter((place) => !/[/.]/.test(place));
  const folders = pathsOf('isDirectory').filter((folder) => !folder.includes(path.sep));
  expect(places.toSorted()).toEqual(folders.toSorted());
});

test('the files that the architecture page names exist in src/', () => {
  expect(pathsOf('isFile')).toEqual(expect.arrayContaining(rooms.flatMap(({ facades }) => facades ?? [])));
});

test('decisions are listed under existing rooms', async () => {
  const sections = (await lines('decisions.md')).flatMap((line) => /^## (.+)$/.exec(line)?.[1] ?? []);
  expect(['Whole platform', 'console', ...pathsOf('isDirectory')]).toEqual(expect.arrayContaining(sections));
});

test('every decision has a heading, a date, and a link to what superseded it', async () => {
  const page = (await lines('decisions.md')).join('\n');
  const decisions = page.split(/^### /m).slice(1);
  expect(decisions.length).toBeGreaterThan(100);
  for (const decision of decisions)
    expect(decision.replaceAll(/\s+/g, ' ')).toMatch(
      /^.+ \d{4}-\d\d-\d\d(?:\. \S|, superseded on \d{4}-\d\d-\d\d by \[[^\]]+\]\(#)/,
    );
});
