/** The Node that a package runs on, fetched from a loopback registry, and once from the real one. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { AllowList } from '../../src/addresses/addresses.ts';
import { readConfig, type Config } from '../../src/configuration/configuration.ts';
import { Events } from '../../src/events/events.ts';
import { DeclarationReader } from '../../src/runner/dependencies/declaration-reader.ts';
import { FencedInstaller } from '../../src/runner/dependencies/fenced-installer.ts';
import { prepareLaunch, type Preparation } from '../../src/runner/dependencies/launch.ts';
import { NodeDependencies } from '../../src/runner/dependencies/node-dependencies.ts';
import { NodeRuntimes } from '../../src/runner/dependencies/node-runtimes.ts';
import { NpmRegistry } from '../../src/runner/dependencies/npm-registry.ts';
import { PythonDependencies } from '../../src/runner/dependencies/python-dependencies.ts';
import { BubblewrapSandbox } from '../../src/runner/sandboxes/bubblewrap.ts';
import { folderWith } from '../workers/folders.ts';
import { RegistryServer } from './registries/registry-server.ts';
import { finish, firstUserId, makeReachableFolder, openWorker, removeFolder } from './worker-package.ts';

const carrier = `node-${process.platform}-${process.arch}`;
let folder: string;
let registry: RegistryServer;
let sandbox: BubblewrapSandbox;

beforeAll(async () => {
  folder = await makeReachableFolder();
  registry = await RegistryServer.start();
  for (const version of ['18.20.8', '20.19.0', '20.20.2', '22.18.0', '22.23.3', '23.0.0'])
    await registry.addNpm(carrier, { 'bin/node': '#!/bin/sh\n' }, { bin: { node: 'bin/node' } }, version);
  sandbox = new BubblewrapSandbox({ ...readConfig({}), sandboxUserId: firstUserId, cacheDir: folder });
});
afterAll(async () => {
  registry.close();
  await removeFolder(folder);
});

interface Workplace {
  readonly lines: string[];
  readonly cached: () => Promise<string[]>;
  readonly prepare: (files: Record<string, string>, entry?: string) => Promise<Preparation>;
}

/** @param cache name of the cache folder */
function workplace(cache: string, overrides: Partial<Config> = {}): Workplace {
  const cacheDir = path.join(folder, cache);
  const config = { ...readConfig({}), sandboxUserId: firstUserId, cacheDir, ...overrides };
  const reader = new DeclarationReader(config);
  const events = new Events(pino({ level: 'silent' }));
  const installer = new FencedInstaller(new BubblewrapSandbox(config), config, { reader, events });
  const services = {
    runtimes: new NodeRuntimes({
      cacheDir,
      installer,
      reader,
      registry: new NpmRegistry(new AllowList([])),
      downloads: config.runtimeDownloads,
    }),
    node: new NodeDependencies({ cacheDir, installer, reader }),
    python: new PythonDependencies({ cacheDir, python: 'python3', installer, reader }),
  };
  const lines: string[] = [];
  return {
    lines,
    cached: async () => (await readdir(path.join(cacheDir, 'node-runtimes'))).toSorted(),
    prepare: async (files, entry = 'main.js') => {
      const packageDir = await folderWith(files);
      const { signal } = new AbortController();
      const version = { language: 'node', entry } as const;
      return prepareLaunch(version, packageDir, services, (line) => lines.push(line), signal);
    },
  };
}

async function withLoopbackRegistry<Result>(work: () => Promise<Result>): Promise<Result> {
  vi.stubEnv('npm_config_registry', `${registry.origin}/npm/`);
  try {
    return await work();
  } finally {
    vi.unstubAllEnvs();
  }
}

/** Folder of the Node that a package runs on. */
function nodeOf({ launch }: Preparation): string {
  return path.relative(folder, launch?.mounts['node'] ?? '');
}

const suffix = `-${process.platform}-${process.arch}`;

test('a package gets the newest Node that suits, which is fetched once', async () => {
  await withLoopbackRegistry(async () => {
    const { prepare, cached, lines } = workplace('fetch');
    const all = await Promise.all([prepare({ '.nvmrc': '20' }), prepare({ '.nvmrc': '20' })]);
    expect(all.map(nodeOf)).toEqual(Array(2).fill(`fetch/node-runtimes/20.20.2${suffix}/bin`));
    expect(lines).toContain('installing Node 20.20.2 from the npm registry: .nvmrc asks for "20"');
    expect(registry.fetched(`${carrier}-20.20.2.tgz`)).toBe(1);

    const exact = await prepare({ 'package.json': '{"engines": {"node": "20.19.0"}}' });
    expect(nodeOf(exact)).toContain('20.19.0');
    expect(exact.runtime).toBe('Node 20.19.0');
    // The registry has been asked.
    const before = registry.requests.length;
    expect(nodeOf(await prepare({ '.node-version': '>=18 <21' }))).toContain('20.20.2');
    expect(registry.requests).toHaveLength(before);
    // The registry has no such version of 24.
    expect(nodeOf(await prepare({ '.nvmrc': '>=24.99 || 20.19' }))).toContain('20.19.0');
    expect(await cached()).toEqual([`20.19.0${suffix}`, `20.20.2${suffix}`]);
  });
});

test('what other packages pinned is used for a range only if the registry cannot be reached', async () => {
  const ofMajor = { '.nvmrc': '22' };
  await withLoopbackRegistry(async () => {
    const { prepare } = workplace('pinned');
    expect(nodeOf(await prepare({ '.nvmrc': '22.18.0' }))).toContain('22.18.0');
  });
  vi.stubEnv('npm_config_registry', 'http://127.0.0.1:1/npm/');
  expect(nodeOf(await workplace('pinned').prepare(ofMajor))).toContain('22.18.0');
  vi.unstubAllEnvs();
  await withLoopbackRegistry(async () => {
    expect(nodeOf(await workplace('pinned').prepare(ofMajor))).toContain('22.23.3');
  });
});

test('a package that declares nothing, or a range with the running Node, asks no registry', async () => {
  await withLoopbackRegistry(async () => {
    const { prepare, lines } = workplace('own');
    const before = registry.requests.length;
    const own = { runtime: `Node ${process.versions.node}` };
    expect(await prepare({})).toEqual(own);
    expect(await prepare({ 'package.json': '{"engines": {"node": ">=18"}}' })).toEqual(own);
    expect(registry.requests).toHaveLength(before);
    expect(lines).toEqual([]);
  });
});

test('a Node that is not available fails with those that are', async () => {
  await withLoopbackRegistry(async () => {
    const { prepare } = workplace('none');
    const available = 'no available Node has this version: Node 18, 20, 22 and 24 are available';
    await expect(prepare({ '.nvmrc': '16' })).rejects.toThrow(`"16" in .nvmrc: ${available}`);
    await expect(prepare({ '.nvmrc': '22.99.0' })).rejects.toThrow(`"22.99.0" in .nvmrc: ${available}`);
  });
});

test('without downloads the error says so', async () => {
  const { prepare } = workplace('disabled', { runtimeDownloads: false });
  await expect(prepare({ '.nvmrc': '20' })).rejects.toThrow(
    /^\.nvmrc asks for "20", but this machine has only Node 24\.\S+: others are not downloaded here \(CHELA_RUNTIME_DOWNLOADS\)$/,
  );
});

test('a worker and its installation run on Node 18 of the real registry', { timeout: 300_000 }, async () => {
  const { prepare, lines } = workplace('real');
  const files = {
    'package.json': JSON.stringify({
      type: 'module',
      engines: { node: '18' },
      dependencies: { 'is-number': '7.0.0' },
    }),
    'sdk.js': `module.exports = 'the SDK'; exports.a = 1;`,
    'main.js': `import sdk from './sdk.js'; import isNumber from 'is-number';
      console.log(process.version.split('.')[0], sdk, isNumber(5)); process.exit(3);`,
  };
  const preparation = await prepare(files);
  expect(lines).toContainEqual(
    expect.stringMatching(/^installing npm 10\.\S+, because the npm of this machine/),
  );
  const worker = await openWorker(sandbox, files, preparation);
  expect(await finish(worker)).toMatchObject({ stdout: 'v18 the SDK true\n', stderr: '', exitCode: 3 });
});
