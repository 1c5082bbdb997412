/** Installations in their sandbox, against loopback registries that npm's and pip's own settings name. */
import { once } from 'node:events';
import { lstat, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { Events } from '../../src/events/events.ts';
import { readConfig, type Config } from '../../src/configuration/configuration.ts';
import { DeclarationReader } from '../../src/runner/dependencies/declaration-reader.ts';
import { FencedInstaller } from '../../src/runner/dependencies/fenced-installer.ts';
import { NodeDependencies } from '../../src/runner/dependencies/node-dependencies.ts';
import { PackageManagerError } from '../../src/runner/dependencies/package-manager-error.ts';
import { PythonDependencies } from '../../src/runner/dependencies/python-dependencies.ts';
import { BubblewrapSandbox } from '../../src/runner/sandboxes/bubblewrap.ts';
import { RegistryServer, wheelScript } from './registries/registry-server.ts';
import {
  firstUserId,
  makeMark,
  makeReachableFolder,
  processesMarked,
  removeFolder,
} from './worker-package.ts';

const token = 'npm-token-that-nobody-may-see';
const password = 'pip-password-that-nobody-may-see';
const pipAuthorization = `Basic ${Buffer.from(`reader:${password}`).toString('base64')}`;

let folder: string;
let npmRegistry: RegistryServer;
let pipIndex: RegistryServer;
let packages = 0;
/** Accepts connections that nothing in a sandbox may make. */
const outside = createServer((socket) => socket.end('reached'));

beforeAll(async () => {
  folder = await makeReachableFolder();
  [npmRegistry, pipIndex] = await Promise.all([RegistryServer.start(), RegistryServer.start()]);
  npmRegistry.authorization = `Bearer ${token}`;
  pipIndex.authorization = pipAuthorization;
  outside.listen(0, '127.0.0.1');
  await once(outside, 'listening');
  vi.stubEnv('npm_config_registry', `${npmRegistry.origin}/npm/`);
  vi.stubEnv(`npm_config_//${npmRegistry.host}/npm/:_authToken`, token);
  vi.stubEnv('PIP_INDEX_URL', `http://reader:${password}@${pipIndex.host}/simple`);
  vi.stubEnv('PIP_EXTRA_INDEX_URL', '');
  vi.stubEnv('PIP_FIND_LINKS', '');
  vi.stubEnv('DATABASE_URL', 'postgres://secret-of-the-platform');
  // The base of all Python workers, here with the names only.
  await Promise.all(['grpcio', 'protobuf'].map((name) => pipIndex.addWheel(name, '', '7.0.0')));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  npmRegistry.close();
  pipIndex.close();
  outside.close();
  await removeFolder(folder);
});

let lines: string[];
beforeEach(() => {
  lines = [];
});
const print = (line: string): void => {
  lines.push(line);
};

interface Workplace {
  node: NodeDependencies;
  python: PythonDependencies;
}

const events = new Events(pino({ level: 'silent' }));

/** @param cache name of the cache folder */
function workplace(cache: string, overrides: Partial<Config> = {}): Workplace {
  const cacheDir = path.join(folder, cache);
  const config = { ...readConfig({}), sandboxUserId: firstUserId, cacheDir, ...overrides };
  const reader = new DeclarationReader(config);
  const installer = new FencedInstaller(new BubblewrapSandbox(config), config, { reader, events });
  return {
    node: new NodeDependencies({ cacheDir, installer, reader }),
    python: new PythonDependencies({ cacheDir, python: 'python3', installer, reader }),
  };
}

async function packageOf(files: Record<string, string>): Promise<string> {
  packages += 1;
  const packageDir = path.join(folder, `package-${packages}`);
  await mkdir(packageDir);
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(packageDir, name), text);
  return packageDir;
}

const packageNeeding = async (name: string): Promise<string> =>
  packageOf({ 'package.json': JSON.stringify({ dependencies: { [name]: '1.0.0' } }) });

/** What a script finds out about its environment. */
interface Findings {
  outside: string;
  hostFile: string;
  cacheWrite: string;
  environment: Record<string, string>;
  files: string;
  registry: Record<string, number>;
  uid: number;
}

describe('npm', { timeout: 180_000 }, () => {
  test('installs packages from its configured registry, with credentials that no line shows', async () => {
    await npmRegistry.addNpm(
      'plain',
      { 'index.js': 'module.exports = 1;' },
      { scripts: { postinstall: 'exit 1' } },
    );
    const { node } = workplace('npm');
    const modules = (await node.install(await packageNeeding('plain'), print)) ?? '';
    expect(await readFile(path.join(modules, 'plain/index.js'), 'utf8')).toBe('module.exports = 1;');
    expect(lines.join('\n')).toContain('added 1 package');
    expect(lines.join('\n')).not.toContain(token);
    expect(npmRegistry.fetched('plain-1.0.0.tgz')).toBe(1);
  });

  test('fetches what a lock file locates in another registry from the configured one, checked by digest', async () => {
    const integrity = await npmRegistry.addNpm('locked', { 'index.js': '' });
    const lock = {
      name: 'worker',
      version: '0.0.0',
      lockfileVersion: 3,
      packages: {
        '': { name: 'worker', version: '0.0.0', dependencies: { locked: '1.0.0' } },
        'node_modules/locked': {
          version: '1.0.0',
          resolved: 'https://registry.example/locked/-/locked-1.0.0.tgz',
          integrity,
        },
      },
    };
    const files = { 'package.json': JSON.stringify({ dependencies: { locked: '1.0.0' } }) };
    const { node } = workplace('npm');
    const good = await packageOf({ ...files, 'package-lock.json': JSON.stringify(lock) });
    expect(await node.install(good, print)).toMatch(/node_modules$/);
    lock.packages['node_modules/locked'].integrity = `sha512-${'A'.repeat(86)}==`;
    const bad = await packageOf({ ...files, 'package-lock.json': JSON.stringify(lock) });
    await expect(node.install(bad, print)).rejects.toThrow(/EINTEGRITY/);
  });

  test('refuses packages from elsewhere, with a message', async () => {
    const elsewhere = await RegistryServer.start();
    onTestFinished(() => elsewhere.close());
    npmRegistry.fileOrigin = elsewhere.origin;
    await npmRegistry.addNpm('afar', { 'index.js': '' });
    npmRegistry.fileOrigin = undefined;
    const packageDir = await packageNeeding('afar');
    await expect(workplace('npm').node.install(packageDir, print)).rejects.toThrow(
      `${elsewhere.host} is not a public address: the operator can allow it with CHELA_REGISTRY_ALLOWED_TARGETS`,
    );
    expect(elsewhere.requests).toEqual([]);
    // If the operator allows it, it gets the file without credentials.
    const allowed = workplace('npm', { registryAllowedTargets: [elsewhere.host] });
    await expect(allowed.node.install(packageDir, print)).rejects.toThrow(/404/);
    expect(elsewhere.requests.length).toBeGreaterThan(0);
    expect(elsewhere.requests.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
  });

  test.for(['https://code.example/a.tgz', 'git+https://code.example/a.git', 'me/project'])(
    'refuses %s before it starts',
    async (spec) => {
      const packageDir = await packageOf({ 'package.json': JSON.stringify({ dependencies: { a: spec } }) });
      await expect(workplace('npm').node.install(packageDir, print)).rejects.toThrow(
        /only packages from the registry are supported/,
      );
    },
  );

  test('that failed is retried, and succeeds once the package exists', async () => {
    const { node } = workplace('npm');
    const packageDir = await packageNeeding('late');
    await expect(node.install(packageDir, print)).rejects.toThrow(/npm install failed[^]*404/);
    await npmRegistry.addNpm('late', { 'index.js': '' });
    expect(await node.install(packageDir, print)).toMatch(/node_modules$/);
  });

  test('names packages whose install scripts did not run, and those that need them for every run', async () => {
    await npmRegistry.addNpm('native', { 'binding.gyp': '{}' }, { scripts: { install: 'exit 1' } });
    await npmRegistry.addNpm('greeter', {}, { scripts: { postinstall: 'exit 1' } });
    const dependencies = { native: '1.0.0', greeter: '1.0.0' };
    const packageDir = await packageOf({ 'package.json': JSON.stringify({ dependencies }) });
    const { node } = workplace('npm');
    const modules = (await node.install(packageDir, print)) ?? '';
    expect(lines).toContain('the install scripts of greeter, native did not run (CHELA_INSTALL_SCRIPTS)');
    const note =
      'native would be compiled by an install script, which does not run here (CHELA_INSTALL_SCRIPTS)';
    expect(await node.notes(modules)).toEqual([note]);
    expect(await node.notes((await node.install(packageDir, print)) ?? '')).toEqual([note]);
  });

  test('installs once for two runners that share a cache folder; the second follows the output', async () => {
    await npmRegistry.addNpm('shared', { 'index.js': '' });
    const packageDir = await packageNeeding('shared');
    const [one, other] = [workplace('shared'), workplace('shared')];
    const read: string[][] = [[], []];
    const folders = await Promise.all(
      [one, other].map(async ({ node }, index) =>
        node.install(packageDir, (line) => read[index]?.push(line)),
      ),
    );
    expect(folders[0]).toBe(folders[1]);
    expect(npmRegistry.fetched('shared-1.0.0.tgz')).toBe(1);
    expect(read.flat().filter((line) => line.includes('added 1 package')).length).toBeGreaterThan(0);
  });

  describe('install scripts', () => {
    const mark = makeMark();
    const survivor = `setInterval(() => {}, 1000, ${JSON.stringify(mark)});`;
    /** Tries what must be refused, and writes the outcomes to a file. */
    const probe = (hostFile: string, port: number): string => `
      const fs = require('node:fs');
      const attempt = (work) => { try { return String(work()); } catch (error) { return error.code ?? error.message; } };
      require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(survivor)}], { detached: true, stdio: 'inherit' });
      const connect = () => new Promise((resolve) => {
        const socket = require('node:net').connect(${port}, '127.0.0.1', () => resolve('reached'));
        socket.on('error', (error) => resolve(error.code));
      });
      const ask = async (method, url) => fetch('http://127.0.0.1:6001' + url, { method }).then((answer) => answer.status, () => 0);
      (async () => {
        const findings = {
          outside: await connect(),
          hostFile: attempt(() => fs.readFileSync(${JSON.stringify(hostFile)}, 'utf8')),
          cacheWrite: attempt(() => fs.writeFileSync('/opt/npm/x', '')),
          environment: process.env,
          files: ['/proc/1/environ', '/work/.npmrc', '/home/worker/.npmrc'].map((file) => attempt(() => fs.readFileSync(file))).join(' '),
          registry: {
            known: await ask('GET', '/registry/0/prober'),
            account: await ask('GET', '/registry/0/-/whoami'),
            publish: await ask('PUT', '/registry/0/prober'),
            above: await ask('GET', '/registry/0/..%2f..%2fsecret'),
            other: await ask('GET', '/registry/9/prober'),
            file: await ask('GET', '/file/999/x.tgz'),
            proxy: await ask('GET', '/http://127.0.0.1:${port}/'),
          },
          uid: process.getuid(),
        };
        fs.writeFileSync('findings.json', JSON.stringify(findings));
        fs.symlinkSync(${JSON.stringify(hostFile)}, 'link');
        fs.writeFileSync('root', ''); fs.chmodSync('root', 0o4777);
        process.exit(0);
      })();`;

    test('run, and reach only the registry', async () => {
      const hostFile = path.join(folder, 'host-file');
      await writeFile(hostFile, 'of the host');
      const { port } = outside.address() as AddressInfo;
      await npmRegistry.addNpm(
        'prober',
        { 'probe.js': probe(hostFile, port) },
        { scripts: { postinstall: 'node probe.js' } },
      );
      const packageDir = await packageNeeding('prober');
      const { node } = workplace('scripts', { installScripts: true });
      const modules = (await node.install(packageDir, print)) ?? '';
      const text = await readFile(path.join(modules, 'prober/findings.json'), 'utf8');
      const findings = JSON.parse(text) as Findings;
      expect(findings).toMatchObject({
        outside: 'ECONNREFUSED',
        hostFile: 'ENOENT',
        cacheWrite: 'EROFS',
        registry: { known: 200, account: 403, publish: 405, above: 403, other: 403, file: 403, proxy: 403 },
        uid: 1000,
      });
      expect(text).not.toContain(token);
      expect(text).not.toContain(npmRegistry.host);
      expect(text).not.toContain('secret-of-the-platform');
      expect(await processesMarked(mark)).toEqual([]);
      // The same package without scripts is another environment.
      const without = (await workplace('scripts').node.install(packageDir, print)) ?? '';
      expect(without).not.toBe(modules);
      await expect(readFile(path.join(without, 'prober/findings.json'))).rejects.toThrow('ENOENT');
    });

    test('cannot replace their result with a link to a folder of the host', async () => {
      const hostFolder = path.join(folder, 'host-folder');
      await mkdir(hostFolder, { mode: 0o700 });
      const link = `
        const fs = require('node:fs');
        process.chdir('/work');
        fs.mkdirSync(${JSON.stringify(hostFolder)}, { recursive: true });
        fs.renameSync('node_modules', 'moved');
        fs.symlinkSync(${JSON.stringify(hostFolder)}, 'node_modules');`;
      await npmRegistry.addNpm('linker', { 'link.js': link }, { scripts: { postinstall: 'node link.js' } });
      const { node } = workplace('scripts', { installScripts: true });
      await expect(node.install(await packageNeeding('linker'), print)).rejects.toThrow(
        'node_modules is not a folder after the installation',
      );
      expect((await stat(hostFolder)).mode & 0o777).toBe(0o700);
    });

    test('that exceed a limit are ended with its name', async () => {
      await npmRegistry.addNpm(
        'slow',
        {},
        { scripts: { postinstall: `node -e '${survivor.replaceAll("'", '')}'` } },
      );
      const slow = workplace('scripts', { installScripts: true, installTimeLimitSeconds: 8 });
      await expect(slow.node.install(await packageNeeding('slow'), print)).rejects.toThrow('longer than 8 s');
      expect(await processesMarked(mark)).toEqual([]);
      const filler = `const fs = require('fs'); for (let i = 0; ; i += 1) fs.writeFileSync('f' + i, Buffer.alloc(2 ** 20, 1));`;
      await npmRegistry.addNpm('filler', { 'fill.js': filler }, { scripts: { postinstall: 'node fill.js' } });
      const small = workplace('scripts', { installScripts: true, sandboxDiskBytes: 64 * 1024 * 1024 });
      await expect(small.node.install(await packageNeeding('filler'), print)).rejects.toThrow(
        'CHELA_SANDBOX_DISK_BYTES',
      );
    });

    test('end at an abort, with everything they started', async () => {
      await npmRegistry.addNpm(
        'endless',
        {},
        { scripts: { postinstall: `echo begun; node -e '${survivor}'` } },
      );
      const controller = new AbortController();
      const { node } = workplace('scripts', { installScripts: true });
      const installing = node.install(
        await packageNeeding('endless'),
        (line) => {
          if (line.includes('begun')) controller.abort(new Error('not any more'));
        },
        controller.signal,
      );
      await expect(installing).rejects.toThrow('not any more');
      await expect.poll(async () => processesMarked(mark), { timeout: 10_000 }).toEqual([]);
    });
  });
});

/** A build of a package that first runs `code`, which sets `found`. */
const backend = (code: string, name = 'built'): string => `
import os
${wheelScript}
def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
${code.replaceAll(/^/gm, '    ')}
    write(os.path.join(wheel_directory, '${name}-1.0.0-py3-none-any.whl'), '${name}', 'FOUND = ' + repr(found))
    return '${name}-1.0.0-py3-none-any.whl'
`;

describe('pip', { timeout: 180_000 }, () => {
  test('installs wheels from its configured index, with credentials that no line shows', async () => {
    await pipIndex.addWheel('plainwheel', 'VALUE = 1');
    const packageDir = await packageOf({ 'requirements.txt': 'plainwheel==1.0.0\n' });
    const { packages: found } = await workplace('pip').python.install(packageDir, print);
    expect(await readFile(path.join(found[0] ?? '', 'plainwheel.py'), 'utf8')).toBe('VALUE = 1');
    const shown = lines.join('\n');
    expect(shown).toContain('Successfully installed plainwheel-1.0.0');
    expect(shown).toContain(`${pipIndex.origin}/simple/`);
    expect(shown).not.toContain(password);
    expect(shown).not.toContain('6001');
  });

  test('a build that needs a compiler fails with advice, and its own error comes first', async () => {
    const code = `
import subprocess
open('a.c', 'w').write('#include <Python.h>')
try:
    ended = subprocess.run(['gcc', '-c', 'a.c']).returncode
except FileNotFoundError:
    raise SystemExit("error: command 'gcc' failed: No such file or directory")
raise SystemExit("error: command '/usr/bin/gcc' failed with exit code %d" % ended)`;
    await pipIndex.addSource('compiled', backend(code));
    const packageDir = await packageOf({ 'requirements.txt': 'compiled==1.0.0\n' });
    const error = await workplace('pip')
      .python.install(packageDir, print)
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(PackageManagerError);
    expect((error as PackageManagerError).headline).toMatch(/^error: command '(\/usr\/bin\/)?gcc' failed/);
    expect((error as Error).message).toMatch(
      /^pip install failed .*needs a compiler or header files .*: choose a version/,
    );
  });

  test('restricts versions by constraints, and installs nothing for them', async () => {
    await pipIndex.addWheel('held', 'VALUE = 1', '1.0.0');
    await pipIndex.addWheel('held', 'VALUE = 2', '2.0.0');
    const files = { 'requirements.txt': '-c held.txt\nheld\n', 'held.txt': 'held==1.0.0\nnowhere==3\n' };
    const { packages: found } = await workplace('pip').python.install(await packageOf(files), print);
    expect(await readFile(path.join(found[0] ?? '', 'held.py'), 'utf8')).toBe('VALUE = 1');
  });

  test('builds source distributions unless the operator forbids it, and they reach only the index', async () => {
    const hostFile = path.join(folder, 'another-host-file');
    await writeFile(hostFile, 'of the host');
    const { port } = outside.address() as AddressInfo;
    const code = `
import socket, subprocess, sys
found = {'environment': dict(os.environ)}
try:
    socket.create_connection(('127.0.0.1', ${port}), 2)
    found['outside'] = 'reached'
except OSError as error:
    found['outside'] = type(error).__name__
found['hostFile'] = os.path.exists(${JSON.stringify(hostFile)})
found['uid'] = os.getuid()`;
    await pipIndex.addSource('built', backend(code));
    const packageDir = await packageOf({ 'requirements.txt': 'built==1.0.0\n' });
    await expect(workplace('pip', { buildWheels: false }).python.install(packageDir, print)).rejects.toThrow(
      /^pip install failed with exit code 1: ERROR: No matching distribution found for built==1\.0\.0 \(only wheels are installed here, .*CHELA_BUILD_WHEELS\)\n/,
    );
    const building = workplace('pip');
    const { packages: found } = await building.python.install(packageDir, print);
    const text = await readFile(path.join(found[0] ?? '', 'built.py'), 'utf8');
    expect(text).toMatch(/'outside': 'ConnectionRefusedError'/);
    expect(text).toMatch(/'hostFile': False, 'uid': 1000/);
    expect(text).not.toContain(password);
    expect(text).not.toContain('secret-of-the-platform');
  });

  test('a build that replaces its folder of commands with a link cannot change scripts of the host', async () => {
    const hostFolder = path.join(folder, 'host-commands');
    const script = path.join(hostFolder, 'tool');
    const text = '#!/usr/bin/python3 -I\nprint(1)\n';
    await mkdir(hostFolder);
    await writeFile(script, text);
    const code = `
found = {}
os.mkdir('/work/site-packages')
os.symlink(${JSON.stringify(hostFolder)}, '/work/site-packages/bin')`;
    await pipIndex.addSource('linking', backend(code, 'linking'));
    const packageDir = await packageOf({ 'requirements.txt': 'linking==1.0.0\n' });
    const { packages: found } = await workplace('pip').python.install(packageDir, print);
    expect((await lstat(path.join(found[0] ?? '', 'bin'))).isSymbolicLink()).toBe(true);
    expect(await readFile(script, 'utf8')).toBe(text);
  });
});
