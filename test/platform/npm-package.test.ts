/** The npm package of Chela, installed by npm into an empty folder. */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildPackage } from '../../scripts/build-package.ts';
import { TestClient } from '../support/test-client.ts';
import { adminKey, ChelaProcess } from './support/chela-process.ts';

const repository = path.resolve(import.meta.dirname, '../..');
const maxPackageBytes = 8 * 1024 * 1024;
const run = promisify(execFile);

let folder: string;
let packageFile: string;
/** The package's folder, once installed. */
let installed: string;
/** Paths of the package's files, relative to it. */
let files: string[];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'chela-test-package-'));
  const built = await buildPackage();
  packageFile = path.join(folder, 'chela.tgz');
  await cp(built, packageFile);
  const argv = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', packageFile];
  await run('npm', argv, { cwd: folder });
  installed = path.join(folder, 'node_modules/chela');
  const entries = await readdir(installed, { recursive: true, withFileTypes: true });
  files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(installed, path.join(entry.parentPath, entry.name)));
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

/** Node of the system, if it is older than the program needs; otherwise the one of this test. */
async function olderNode(): Promise<string> {
  const found = await run('/usr/bin/node', ['--version']).catch(() => undefined);
  const major = Number.parseInt(found?.stdout.slice(1) ?? '', 10);
  return major >= 20 && major < 24 ? '/usr/bin/node' : process.execPath;
}

test('it starts the whole platform, also with Node 20', async () => {
  const command = [await olderNode(), path.join(installed, 'bin/chela.mjs')];
  const chela = new ChelaProcess(
    ['up'],
    { CHELA_DATA_DIR: path.join(folder, 'data') },
    undefined,
    [],
    command,
  );
  try {
    const [, url = ''] = await chela.printed(/URL\s+(http:\S+)/);
    const page = await fetch(url, { headers: { accept: 'text/html' } });
    expect(await page.text(), 'the console').toContain('<div id="root">');
    expect((await fetch(`${url}/llms.txt`)).status, 'the guides').toBe(200);
    const template = await fetch(`${url}/api/v2/worker-templates/typescript-plain/package`);
    expect(template.status, 'the templates').toBe(200);
    const client = new TestClient(url, adminKey);
    await expect
      .poll(async () => client.call('/workers/chela~hello/runs/last'))
      .toMatchObject({ code: 0, data: { status: 'succeeded' } });
    chela.signal('SIGTERM');
    expect(await chela.ended).toMatchObject({ exitCode: 0 });
  } catch (error) {
    // With an older Node, the program is a child of the command.
    chela.signalGroup('SIGKILL');
    throw error;
  }
});

test('it has the client of Docker, but loads it only for that kind of sandbox', async () => {
  const { stderr } = await run(process.execPath, [path.join(installed, 'bin/chela.mjs'), 'runner'], {
    env: {
      PATH: process.env['PATH'],
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
      CHELA_SANDBOX: 'docker',
      CHELA_DOCKER_IMAGE: 'none',
      DOCKER_HOST: `unix://${folder}/no.sock`,
    },
  }).catch((error: unknown) => error as { stderr: string });
  expect(stderr).toContain(`no Docker Engine answers at unix://${folder}/no.sock`);
});

test('it contains what runs and no sources, tests or paths of the machine that built it', async () => {
  const own = files.filter((file) => !file.startsWith('templates/'));
  const sources = own.filter((file) => /\.(?:tsx?|map)$|^(?:test|bench|scripts)\//.test(file));
  expect(sources).toEqual([]);
  const texts = await Promise.all(files.map((file) => readFile(path.join(installed, file), 'utf8')));
  expect(files.filter((_file, index) => texts[index]?.includes(repository))).toEqual([]);
});

test('it names the license of every package that it contains', async () => {
  const licenses = await readFile(path.join(installed, 'dist/THIRD-PARTY-LICENSES.txt'), 'utf8');
  for (const name of ['fastify', 'kysely', 'pg', 'pino'])
    expect(licenses).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+`, 'm'));
  const ofConsole = await readFile(path.join(installed, 'console/dist/THIRD-PARTY-LICENSES.md'), 'utf8');
  for (const name of ['@mantine/core', 'react']) expect(ofConsole).toContain(`## ${name} `);
});

test('it is small', async () => {
  expect((await stat(packageFile)).size).toBeLessThan(maxPackageBytes);
});
