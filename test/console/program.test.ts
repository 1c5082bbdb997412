import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { parseSync } from 'vite';
import { beforeAll, expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
/** The files that the compiler reads for the console, as paths below the root. */
let files: string[];

beforeAll(async () => {
  const compiler = path.join(root, 'node_modules', '.bin', 'tsc');
  const { stdout } = await promisify(execFile)(compiler, ['-p', 'console', '--listFilesOnly'], { cwd: root });
  files = stdout
    .split('\n')
    .filter((file) => file !== '')
    .map((file) => path.relative(root, file));
});

test('the console is compiled without the types of Node', () => {
  expect(files.filter((file) => file.startsWith('node_modules/@types/node/'))).toEqual([]);
});

test('the code that the console shares with the server imports only packages that run in a browser', async () => {
  const shared = files.filter((file) => file.startsWith('src/'));
  expect(shared).toEqual(expect.arrayContaining(['src/answers/runs.ts', 'src/runs/statuses.ts']));
  const packages = new Set<string>();
  for (const file of shared) {
    const { program } = parseSync(file, await readFile(path.join(root, file), 'utf8'));
    for (const statement of program.body) {
      const source = 'source' in statement ? statement.source?.value : undefined;
      if (source !== undefined && !source.startsWith('.')) packages.add(source);
    }
  }
  // typebox is imported for its types.
  expect([...packages].toSorted()).toEqual(['ignore', 'typebox']);
});
