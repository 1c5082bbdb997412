/** The `chela` command of a clone: with Node 20 or newer, in any folder. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const repository = path.resolve(import.meta.dirname, '../..');
const command = path.join(repository, 'bin/chela.mjs');
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'chela-test-anywhere-'));
  await mkdir(path.join(folder, 'worker'));
  await writeFile(path.join(folder, 'worker/main.py'), 'print(1)\n');
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

/** Output of `chela push worker --dry-run` in the worker's parent folder. */
async function dryRun(node: string, program: string): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(node, [program, 'push', 'worker', '--dry-run'], {
    cwd: folder,
    env: { PATH: '/usr/bin:/bin' },
  });
  return stdout + stderr;
}

const listed = '9 B  main.py\n1 file, 9 B\n';

test('it runs in a folder outside the checkout', async () => {
  expect(await dryRun(process.execPath, command)).toBe(listed);
});

const systemNode = '/usr/bin/node';
const systemMajor = await promisify(execFile)(systemNode, ['--version']).then(
  ({ stdout }) => Number.parseInt(stdout.slice(1), 10),
  () => 0,
);
const isOlder = systemMajor >= 20 && systemMajor < 24;

test.skipIf(!isOlder)(
  `an older Node starts the one among its dependencies (${isOlder ? `Node ${systemMajor}` : 'skipped: this machine has none'})`,
  async () => {
    expect(await dryRun(systemNode, command)).toBe(listed);
  },
);

test('it exits with the exit code of the program', async () => {
  const failed = promisify(execFile)(
    isOlder ? systemNode : process.execPath,
    [command, 'push', 'nowhere', '--dry-run'],
    {
      cwd: folder,
    },
  );
  await expect(failed).rejects.toMatchObject({ code: 1, stderr: 'chela: nowhere is not a folder\n' });
});
