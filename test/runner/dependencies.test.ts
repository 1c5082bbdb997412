import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readConfig } from '../../src/configuration/configuration.ts';
import { DeclarationReader } from '../../src/runner/dependencies/declaration-reader.ts';
import { HostInstaller } from '../../src/runner/dependencies/host-installer.ts';
import { NodeDependencies } from '../../src/runner/dependencies/node-dependencies.ts';
import { makeReachableFolder, removeFolder, writePackage } from './worker-package.ts';

const dependency = { dependencies: { 'is-number': '7.0.0' } };

interface Workplace {
  cacheDir: string;
  dependencies: NodeDependencies;
  /** Writes a package; a package.json that is not text is written as JSON. */
  makePackage: (manifest: object | string, files?: Record<string, string>) => Promise<string>;
  /** The names of the cache's entries. */
  cached: () => Promise<string[]>;
}

const config = readConfig({});
const reader = new DeclarationReader(config);
const installer = new HostInstaller(config, { reader });

async function makeWorkplace(): Promise<Workplace> {
  const folder = await makeReachableFolder();
  onTestFinished(async () => removeFolder(folder));
  const cacheDir = path.join(folder, 'cache');
  let packages = 0;
  return {
    cacheDir,
    dependencies: new NodeDependencies({ cacheDir, installer, reader }),
    makePackage: async (manifest, files = {}) => {
      const packageDir = path.join(folder, `package-${(packages += 1)}`);
      await mkdir(packageDir);
      const content = typeof manifest === 'string' ? manifest : JSON.stringify(manifest);
      await writePackage(packageDir, { 'package.json': content, ...files });
      return packageDir;
    },
    cached: async () => readdir(path.join(cacheDir, 'node-dependencies')).catch(() => []),
  };
}

const ignore = (): void => {};

/** The lock file that npm creates for this package.json. */
async function lockOf(packageDir: string): Promise<string> {
  await promisify(execFile)('npm', ['install', '--package-lock-only', '--ignore-scripts', '--no-audit'], {
    cwd: packageDir,
  });
  const lock = path.join(packageDir, 'package-lock.json');
  const content = await readFile(lock, 'utf8');
  await rm(lock);
  return content;
}

test('installs once per content, read-only for workers', async () => {
  const { dependencies, makePackage, cached } = await makeWorkplace();
  const scripts = { preinstall: 'exit 1', postinstall: 'exit 1' };
  const first = await makePackage({ ...dependency, scripts }, { '.npmrc': 'registry=http://127.0.0.1:9/' });
  const second = await makePackage({ name: 'other', version: '2.0.0', ...dependency });
  const lines: string[] = [];
  const folder = await dependencies.install(first, (line) => lines.push(line));
  expect(lines.join('\n')).toContain('added 1 package');
  expect(path.basename(folder ?? '')).toBe('node_modules');
  const entry = path.join(folder ?? '', 'is-number/package.json');
  expect(JSON.parse(await readFile(entry, 'utf8'))).toMatchObject({ version: '7.0.0' });
  expect((await stat(entry)).mode & 0o777).toBe(0o444);
  expect((await stat(path.dirname(entry))).mode & 0o777).toBe(0o755);

  const again: string[] = [];
  expect(await dependencies.install(second, (line) => again.push(line))).toBe(folder);
  expect(again).toEqual([]);
  expect(await cached()).toHaveLength(1);
});

test('shares one installation, and its output, among concurrent requests', async () => {
  const { dependencies, makePackage, cached } = await makeWorkplace();
  const packages = await Promise.all([
    makePackage(dependency),
    makePackage(dependency),
    makePackage(dependency),
  ]);
  const lines = packages.map((): string[] => []);
  const folders = await Promise.all(
    packages.map(async (packageDir, index) =>
      dependencies.install(packageDir, (line) => lines[index]?.push(line)),
    ),
  );
  expect(new Set(folders).size).toBe(1);
  expect(lines[0]).not.toEqual([]);
  expect(lines[1]).toEqual(lines[0]);
  expect(lines[2]).toEqual(lines[0]);
  expect(await cached()).toHaveLength(1);
});

test('two processes that install the same dependencies share one folder', async () => {
  const { dependencies, cacheDir, makePackage, cached } = await makeWorkplace();
  const packageDir = await makePackage(dependency);
  const others = new NodeDependencies({ cacheDir, installer, reader });
  const folders = await Promise.all([
    dependencies.install(packageDir, ignore),
    others.install(packageDir, ignore),
  ]);
  expect(folders[1]).toBe(folders[0]);
  expect(await cached()).toHaveLength(1);
});

describe('with a lock file', () => {
  const loose = { dependencies: { 'is-number': '^6.0.0' }, devDependencies: { 'is-odd': '3.0.1' } };

  test('installs the pinned versions, without development dependencies', async () => {
    const { dependencies, makePackage } = await makeWorkplace();
    const lock = await lockOf(
      await makePackage({ dependencies: { 'is-number': '6.0.0' }, devDependencies: loose.devDependencies }),
    );
    const packageDir = await makePackage(loose, {
      'package-lock.json': lock.replace('"is-number": "6.0.0"', '"is-number": "^6.0.0"'),
    });
    const folder = await dependencies.install(packageDir, ignore);
    expect((await readdir(folder ?? '')).filter((name) => !name.startsWith('.'))).toEqual(['is-number']);
    expect(await readFile(path.join(folder ?? '', 'is-number/package.json'), 'utf8')).toContain('"6.0.0"');
  });

  test('that does not match package.json installs what package.json says', async () => {
    const { dependencies, makePackage } = await makeWorkplace();
    const lock = await lockOf(await makePackage({ dependencies: { 'is-number': '6.0.0' } }));
    const lines: string[] = [];
    const packageDir = await makePackage(dependency, { 'package-lock.json': lock });
    const folder = await dependencies.install(packageDir, (line) => lines.push(line));
    expect(lines).toContain('the lock file does not match package.json: installing from package.json');
    expect(await readFile(path.join(folder ?? '', 'is-number/package.json'), 'utf8')).toContain('"7.0.0"');
  });

  test('counts as different content', async () => {
    const { dependencies, makePackage, cached } = await makeWorkplace();
    const lock = await lockOf(await makePackage(dependency));
    await dependencies.install(await makePackage(dependency), ignore);
    await dependencies.install(await makePackage(dependency, { 'package-lock.json': lock }), ignore);
    expect(await cached()).toHaveLength(2);
  });
});

test.each([
  ['no package.json', undefined],
  ['none declared', { name: 'x' }],
  ['empty lists', { dependencies: {}, optionalDependencies: {} }],
  ['only development dependencies', { devDependencies: { 'is-odd': '3.0.1' } }],
])('no dependencies: %s', async (_, manifest) => {
  const { dependencies, makePackage, cached } = await makeWorkplace();
  const packageDir = await makePackage(manifest ?? {});
  if (manifest === undefined) await rm(path.join(packageDir, 'package.json'));
  expect(await dependencies.install(packageDir, ignore)).toBeUndefined();
  expect(await cached()).toEqual([]);
});

describe('refuses', () => {
  test.each([
    ['a package.json that is not JSON', '{', 'package.json is not valid JSON'],
    ['a package.json that is not an object', '[]', 'package.json must be a JSON object'],
    ['a list of dependencies', { dependencies: ['a'] }, '"dependencies" in package.json must be an object'],
    [
      'a version that is not a string',
      { dependencies: { a: 1 } },
      'dependency "a" in package.json must be a string',
    ],
    ['a folder of the host', { dependencies: { a: 'file:../../etc' } }, 'comes from "file:../../etc"'],
    ['a path', { dependencies: { a: '/etc' } }, 'comes from "/etc"'],
    ['a relative path', { optionalDependencies: { a: '../x' } }, 'comes from "../x"'],
    ['a link', { dependencies: { a: 'link:/etc' } }, 'comes from "link:/etc"'],
    ['git over ssh', { dependencies: { a: 'git+ssh://git@example.com/a.git' } }, 'comes from "git+ssh:'],
    ['git from a file', { dependencies: { a: 'git+file:///srv/a.git' } }, 'comes from "git+file:'],
    ['a local override', { ...dependency, overrides: { b: { c: 'file:/x' } } }, 'comes from "file:/x"'],
  ])('%s', async (_, manifest, message) => {
    const { dependencies, makePackage, cached } = await makeWorkplace();
    await expect(dependencies.install(await makePackage(manifest), ignore)).rejects.toThrow(message);
    expect(await cached()).toEqual([]);
  });

  test.each([
    ['package', { packages: { 'node_modules/a': { resolved: 'file:/srv/a.tgz' } } }],
    ['package of an old lock file', { dependencies: { a: { version: 'file:../a', dependencies: {} } } }],
  ])('a lock file with a local %s', async (_, lock) => {
    const { dependencies, makePackage } = await makeWorkplace();
    const packageDir = await makePackage(dependency, { 'package-lock.json': JSON.stringify(lock) });
    await expect(dependencies.install(packageDir, ignore)).rejects.toThrow(
      'package-lock.json comes from "file:',
    );
  });
});

describe('an installation that fails', () => {
  test('reports the end of npm’s output, leaves nothing behind, and is retried', async () => {
    const { dependencies, makePackage, cached } = await makeWorkplace();
    const packageDir = await makePackage({ dependencies: { 'is-number': '7.0.999' } });
    const lines: string[] = [];
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      await expect(dependencies.install(packageDir, (line) => lines.push(line))).rejects.toThrow(
        /npm install failed with exit code 1:[^]*No matching version found for is-number@7\.0\.999/,
      );
    }
    expect(lines.filter((line) => line.includes('ETARGET'))).toHaveLength(2);
    expect(await cached()).toEqual([]);
  });

  test('by timeout names the limit', async () => {
    const { cacheDir, makePackage, cached } = await makeWorkplace();
    const hurried = new NodeDependencies({
      cacheDir,
      installer: new HostInstaller({ ...config, installTimeLimitSeconds: 0.01 }, { reader }),
      reader,
    });
    await expect(hurried.install(await makePackage(dependency), ignore)).rejects.toThrow(
      'longer than 0.01 s',
    );
    expect(await cached()).toEqual([]);
  });
});

describe('an aborted request', () => {
  test('starts nothing if aborted before it began', async () => {
    const { dependencies, makePackage, cached } = await makeWorkplace();
    const packageDir = await makePackage(dependency);
    await expect(dependencies.install(packageDir, ignore, AbortSignal.abort())).rejects.toThrow(/abort/);
    expect(await cached()).toEqual([]);
  });

  test('leaves the installation to other waiting requests', async () => {
    const { dependencies, makePackage } = await makeWorkplace();
    const packageDir = await makePackage(dependency);
    const controller = new AbortController();
    const given = dependencies.install(packageDir, ignore, controller.signal);
    const kept = dependencies.install(packageDir, ignore);
    controller.abort(new Error('not any more'));
    await expect(given).rejects.toThrow('not any more');
    expect(existsSync((await kept) ?? '')).toBe(true);
  });

  test('ends the installation if it is the only one; the next request starts over', async () => {
    const { dependencies, makePackage, cached } = await makeWorkplace();
    const packageDir = await makePackage(dependency);
    const controller = new AbortController();
    const given = dependencies.install(packageDir, ignore, controller.signal);
    controller.abort(new Error('not any more'));
    await expect(given).rejects.toThrow('not any more');
    expect(existsSync((await dependencies.install(packageDir, ignore)) ?? '')).toBe(true);
    await expect.poll(async () => (await cached()).filter((name) => name.startsWith('.draft'))).toEqual([]);
  });
});

test('drafts of killed processes are removed after a day', async () => {
  const { dependencies, cacheDir, makePackage, cached } = await makeWorkplace();
  const [old, recent] = ['.draft-old', '.draft-recent'].map((name) =>
    path.join(cacheDir, 'node-dependencies', name),
  );
  await mkdir(path.join(old ?? '', 'node_modules'), { recursive: true });
  await mkdir(recent ?? '');
  await chmod(old ?? '', 0o755);
  const twoDaysAgo = Date.now() / 1000 - 48 * 3600;
  await utimes(old ?? '', twoDaysAgo, twoDaysAgo);
  await dependencies.install(await makePackage(dependency), ignore);
  expect((await cached()).filter((name) => name.startsWith('.draft'))).toEqual(['.draft-recent']);
});
