/** uv.lock, read by uv in the sandbox of installations, with packages from the real index. */
import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfig } from '../../src/configuration/configuration.ts';
import { Events } from '../../src/events/events.ts';
import { DeclarationReader } from '../../src/runner/dependencies/declaration-reader.ts';
import { FencedInstaller } from '../../src/runner/dependencies/fenced-installer.ts';
import { HostInstaller } from '../../src/runner/dependencies/host-installer.ts';
import { PythonDependencies } from '../../src/runner/dependencies/python-dependencies.ts';
import { PythonInterpreters } from '../../src/runner/dependencies/python-interpreter.ts';
import { UvLocks } from '../../src/runner/dependencies/uv-lock.ts';
import { BubblewrapSandbox } from '../../src/runner/sandboxes/bubblewrap.ts';
import { folderWith } from '../workers/folders.ts';
import { firstUserId, makeReachableFolder, removeFolder } from './worker-package.ts';

const digest = '8b74bedcbbbaca38ff6d7491d76f2b06b3592611af620f8426e82dddb04a5ced';
const pyproject = `[project]
name = "w"
version = "0.1.0"
requires-python = ">=3.9"
dependencies = ["six>=1.15"]
`;

/** Two versions of a package, by platform, and one for development only. */
function lockWith(sha256: string): string {
  return `version = 1
revision = 3
requires-python = ">=3.9"
resolution-markers = ["sys_platform == 'win32'", "sys_platform != 'win32'"]

[[package]]
name = "idna"
version = "3.7"
source = { registry = "https://pypi.org/simple" }
wheels = [{ url = "https://files.pythonhosted.org/idna-3.7-py3-none-any.whl", hash = "sha256:82fee1fc78add43492d3a1898bfa6d8a904cc97d8427f683ed8e798d07761aa0" }]

[[package]]
name = "six"
version = "1.15.0"
source = { registry = "https://pypi.org/simple" }
resolution-markers = ["sys_platform != 'win32'"]
wheels = [{ url = "https://files.pythonhosted.org/six-1.15.0-py2.py3-none-any.whl", hash = "sha256:${sha256}" }]

[[package]]
name = "six"
version = "1.16.0"
source = { registry = "https://pypi.org/simple" }
resolution-markers = ["sys_platform == 'win32'"]
wheels = [{ url = "https://files.pythonhosted.org/six-1.16.0-py2.py3-none-any.whl", hash = "sha256:8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254" }]

[[package]]
name = "w"
version = "0.1.0"
source = { virtual = "." }
dependencies = [
    { name = "six", version = "1.15.0", source = { registry = "https://pypi.org/simple" }, marker = "sys_platform != 'win32'" },
    { name = "six", version = "1.16.0", source = { registry = "https://pypi.org/simple" }, marker = "sys_platform == 'win32'" },
]

[package.dev-dependencies]
dev = [{ name = "idna" }]

[package.metadata]
requires-dist = [{ name = "six", specifier = ">=1.15" }]

[package.metadata.requires-dev]
dev = [{ name = "idna" }]
`;
}

let folder: string;
let dependencies: PythonDependencies;
let lines: string[] = [];

beforeAll(async () => {
  folder = await makeReachableFolder();
  const config = { ...readConfig({}), sandboxUserId: firstUserId, cacheDir: folder };
  const reader = new DeclarationReader(config);
  const events = new Events(pino({ level: 'silent' }));
  const installer = new FencedInstaller(new BubblewrapSandbox(config), config, { reader, events });
  const uvLocks = new UvLocks(installer, folder);
  dependencies = new PythonDependencies({ cacheDir: folder, python: 'python3', installer, reader, uvLocks });
});
afterAll(async () => removeFolder(folder));

async function install(lock: string): Promise<string[]> {
  lines = [];
  const packageDir = await folderWith({ 'pyproject.toml': pyproject, 'uv.lock': lock });
  const { packages } = await dependencies.install(packageDir, (line) => lines.push(line));
  return readdir(packages[0] ?? '');
}

test('uv.lock decides versions by platform and their digests', { timeout: 300_000 }, async () => {
  const installed = await install(lockWith(digest));
  expect(installed).toContain('six-1.15.0.dist-info');
  expect(installed).not.toContain('idna');
  expect(installed).not.toContain('uv');
  expect(lines).toContainEqual(expect.stringMatching(/^installing uv \S+ for uv\.lock$/));
  expect((await readdir(path.join(folder, 'package-managers'))).length).toBe(1);

  await expect(install(lockWith('0'.repeat(64)))).rejects.toThrow(/DO NOT MATCH THE HASHES/);
});

test('uv reads uv.lock without a sandbox too', { timeout: 300_000 }, async () => {
  const config = readConfig({});
  const installer = new HostInstaller(config, { reader: new DeclarationReader(config) });
  const cacheDir = path.join(folder, 'host');
  const interpreter = await new PythonInterpreters({ cacheDir, command: 'python3' }).prepare();
  const project = { 'pyproject.toml': pyproject, 'uv.lock': lockWith(digest) };
  const draft = path.join(folder, 'draft');
  await mkdir(draft);
  const installation = { folder: draft, print: () => undefined, signal: new AbortController().signal };
  const requirements = await new UvLocks(installer, folder).requirements(project, interpreter, installation);
  expect(requirements?.map((line) => line.split(' ')[0])).toEqual(['six==1.15.0', 'six==1.16.0']);
  expect(requirements?.[0]).toContain(`--hash=sha256:${digest}`);
  expect(await readdir(draft)).toEqual([]);
});

test(
  'a uv.lock that uv cannot read restricts versions, and the log says so',
  { timeout: 300_000 },
  async () => {
    const broken = lockWith(digest).replace('version = 1', 'version = 99');
    await install(broken);
    expect(lines).toContain('uv cannot read uv.lock: pip installs the versions in it');
  },
);
