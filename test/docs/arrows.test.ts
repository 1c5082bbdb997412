import { mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkArrows } from '../../scripts/arrows/check-arrows.ts';
import { readImports, type Import } from '../../scripts/arrows/imports.ts';
import { readExemptions, readRooms } from '../../scripts/arrows/rooms.ts';

const root = path.resolve(import.meta.dirname, '../..');
const page = await readFile(path.join(root, 'docs', 'architecture.md'), 'utf8');
const rooms = readRooms(page);
const exemptions = readExemptions(page);
let imports: Import[];

beforeAll(async () => {
  imports = await readImports(path.join(root, 'src'), ['.', '../console/src']);
});

test('imports follow the table of rooms on the architecture page', () => {
  expect(imports.length).toBeGreaterThan(1000);
  expect(checkArrows(imports, rooms, exemptions)).toEqual([]);
});

/** What the check reports for the code with one more import. */
function planted(from: string, to: string): string[] {
  return checkArrows([...imports, { from, to }], rooms, exemptions);
}

describe('an import added to the code is refused', () => {
  test('against the direction of the arrows', () => {
    expect(planted('runs/submit.ts', 'http/app.ts')).toContain(
      'runs/submit.ts imports http/app.ts: runs may not use http',
    );
  });

  test('past the façade of a room', () => {
    expect(planted('tasks/tasks.ts', 'runs/submit.ts')).toContainEqual(
      expect.stringMatching(
        /^tasks\/tasks\.ts imports runs\/submit\.ts: runs shows other rooms runs\/runs\.ts/,
      ),
    );
  });

  test('in a circle within a room', () => {
    expect(planted('runs/split.ts', 'runs/runs.ts')).toContainEqual(
      expect.stringMatching(/^imports go in a circle: .*runs\/split\.ts/),
    );
  });

  test('from a file outside every room', () => {
    expect(planted('loose.ts', 'errors.ts')).toContain('loose.ts lies in no room of docs/architecture.md');
  });
});

describe('the page is refused if it permits more than the code needs', () => {
  test('a permission that nothing needs', () => {
    const more = rooms.map((room) => (room.place === 'json' ? { ...room, uses: ['time'] } : room));
    expect(checkArrows(imports, more, exemptions)).toEqual([
      'docs/architecture.md lets json use time, which it does not',
    ]);
  });

  test('an exemption that nothing needs', () => {
    const more = [...exemptions, { from: 'json/lossless-json.ts', to: 'http/app.ts' }];
    expect(checkArrows(imports, rooms, more)).toEqual([
      'docs/architecture.md exempts json/lossless-json.ts → http/app.ts, which needs no exemption',
    ]);
  });
});

describe('reading imports', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'chela-arrows-'));
    await mkdir(path.join(folder, 'inner'));
    const files = {
      'inner/all.ts': `
        import { one } from '../one.ts';
        import type { Two } from '../two.ts';
        export { three } from '../three.ts';
        export type * from '../four.ts';
        import '../five.ts';
        type Six = import('../six.ts').Six;
        const seven = await import('../seven.ts');
        // import { eight } from '../eight.ts';
        const nine = "import { nine } from '../nine.ts'";
        import path from 'node:path';
      `,
      'one.ts': '',
    };
    for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('finds every form of import, types included, and none in comments and strings', async () => {
    const found = (await readImports(folder, ['.'])).map(({ from, to }) => `${from} ${to}`);
    expect(found.toSorted()).toEqual(
      ['one', 'two', 'three', 'four', 'five', 'six', 'seven']
        .map((name) => `inner/all.ts ${name}.ts`)
        .toSorted(),
    );
  });
});
