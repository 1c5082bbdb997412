/** Lock files of pnpm and yarn, installed by these from the real registry, in the sandbox of installations. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readConfig, type Config } from '../../src/configuration/configuration.ts';
import { Events } from '../../src/events/events.ts';
import { DeclarationReader } from '../../src/runner/dependencies/declaration-reader.ts';
import { FencedInstaller } from '../../src/runner/dependencies/fenced-installer.ts';
import { HostInstaller } from '../../src/runner/dependencies/host-installer.ts';
import { localOtherLock } from '../../src/runner/dependencies/lock-file.ts';
import { NodeDependencies } from '../../src/runner/dependencies/node-dependencies.ts';
import { NpmTools } from '../../src/runner/dependencies/npm-tools.ts';
import { BubblewrapSandbox } from '../../src/runner/sandboxes/bubblewrap.ts';
import { folderWith } from '../workers/folders.ts';
import { firstUserId, makeReachableFolder, removeFolder } from './worker-package.ts';

const digest =
  'sha512-Wu1VHeILBK8KAWJUAiSZQX94GmOE45Rg6/538fKwiloUu21KncEkYGPqob2oSZ5mUT73vLGrHQjKw3KMPwfDzg==';

/** Lock files with an older version than the newest that package.json allows. */
const pnpmLock = `lockfileVersion: '9.0'
settings:
  autoInstallPeers: true
  excludeLinksFromLockfile: false
importers:
  .:
    dependencies:
      is-number:
        specifier: '>=6.0.0'
        version: 6.0.0
packages:
  is-number@6.0.0:
    resolution: {integrity: ${digest}}
    engines: {node: '>=0.10.0'}
snapshots:
  is-number@6.0.0: {}
`;
const classicLock = `# yarn lockfile v1


is-number@>=6.0.0:
  version "6.0.0"
  resolved "https://registry.yarnpkg.com/is-number/-/is-number-6.0.0.tgz#e6d15ad31fc262887cccf217ae5f9316f81b1995"
  integrity ${digest}
`;
const berryLock = `__metadata:
  version: 8
  cacheKey: 10c0

"is-number@npm:>=6.0.0":
  version: 6.0.0
  resolution: "is-number@npm:6.0.0"
  checksum: 10c0/5da4c68401529675c575878d2760d66f18eaef4b014858577f6003daf66488d7fe4eae684b1e8574e3fa1bb447c6c6c56b8491d2b4b3239da2d32e5f6f218008
  languageName: node
  linkType: hard

"w@workspace:.":
  version: 0.0.0-use.local
  resolution: "w@workspace:."
  dependencies:
    is-number: "npm:>=6.0.0"
  languageName: unknown
  linkType: soft
`;
const reader = new DeclarationReader(readConfig({}));
let config: Config;
let folder: string;
let tools: NpmTools;
let dependencies: NodeDependencies;
let lines: string[] = [];
const print = (line: string): void => {
  lines.push(line);
};

beforeAll(async () => {
  folder = await makeReachableFolder();
  config = { ...readConfig({}), sandboxUserId: firstUserId, cacheDir: folder };
  const events = new Events(pino({ level: 'silent' }));
  const installer = new FencedInstaller(new BubblewrapSandbox(config), config, { reader, events });
  tools = new NpmTools(installer, path.join(folder, 'package-managers'));
  dependencies = new NodeDependencies({ cacheDir: folder, installer, reader, tools });
});
afterAll(async () => removeFolder(folder));

async function packageOf(range: string, files: Record<string, string>): Promise<string> {
  lines = [];
  const scripts = { preinstall: 'exit 1', postinstall: 'exit 1' };
  return folderWith({
    'package.json': { name: 'w', version: '1.0.0', scripts, dependencies: { 'is-number': range } },
    ...files,
  });
}

async function versionIn(modules: string | undefined): Promise<string> {
  const text = await readFile(path.join(modules ?? '', 'is-number/package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

const locks: [tool: string, files: Record<string, string>, notice: string][] = [
  ['pnpm', { 'pnpm-lock.yaml': pnpmLock }, 'installing pnpm 10.18.3 for pnpm-lock.yaml'],
  ['yarn 1', { 'yarn.lock': classicLock }, 'installing yarn 1.22.22 for yarn.lock'],
  ['yarn 4', { 'yarn.lock': berryLock }, 'installing @yarnpkg/cli-dist 4.9.2 for yarn.lock'],
];

describe('a lock file', { timeout: 300_000 }, () => {
  test.each(locks)('of %s is installed by it, with the versions in it', async (_tool, files, notice) => {
    const modules = await dependencies.install(await packageOf('>=6.0.0', files), print);
    expect(await versionIn(modules)).toBe('6.0.0');
    expect(lines).toContain(notice);
    expect(lines.join('\n')).not.toMatch(/127\.0\.0\.1|\bnpm\b.*added 1 package.*is-number/);
  });

  test.each(locks)('of %s is installed by it without a sandbox too', async (_tool, files) => {
    const cacheDir = path.join(folder, 'host');
    const installer = new HostInstaller(config, { reader });
    const host = new NodeDependencies({ cacheDir, installer, reader, tools });
    const modules = await host.install(await packageOf('>=6.0.0', files), print);
    expect(await versionIn(modules)).toBe('6.0.0');
    expect(await readdir(path.dirname(modules ?? ''))).toEqual(['node_modules']);
    expect(lines.join('\n')).not.toMatch(/127\.0\.0\.1|\bnpm\b.*added 1 package.*is-number/);
  });

  test('that does not match package.json is not kept to, and the log says so', async () => {
    const modules = await dependencies.install(
      await packageOf('^7.0.0', { 'pnpm-lock.yaml': pnpmLock }),
      print,
    );
    expect(await versionIn(modules)).toBe('7.0.0');
    expect(lines).toContain('pnpm-lock.yaml does not match package.json: installing from package.json');
  });
});

describe('pnpm-workspace.yaml', { timeout: 300_000 }, () => {
  test('has overrides that the lock file was made with', async () => {
    const lock = pnpmLock
      .replace('importers:', 'overrides:\n  is-number: 6.0.0\nimporters:')
      .replace("specifier: '>=6.0.0'", 'specifier: 6.0.0');
    const settings = 'onlyBuiltDependencies:\n  - esbuild\noverrides:\n  is-number: 6.0.0\n';
    const files = { 'pnpm-lock.yaml': lock, 'pnpm-workspace.yaml': settings };
    expect(await versionIn(await dependencies.install(await packageOf('^7.0.0', files), print))).toBe(
      '6.0.0',
    );
    expect(lines.join('\n')).not.toContain('does not match');
  });

  test('has the catalog that package.json names', async () => {
    const lock = pnpmLock
      .replace(
        'importers:',
        "catalogs:\n  default:\n    is-number:\n      specifier: '>=6.0.0'\n      version: 6.0.0\nimporters:",
      )
      .replace("specifier: '>=6.0.0'\n        version", "specifier: 'catalog:'\n        version");
    const settings = "packages:\n  - .\ncatalog:\n  is-number: '>=6.0.0'\n";
    const files = { 'pnpm-lock.yaml': lock, 'pnpm-workspace.yaml': settings };
    expect(await versionIn(await dependencies.install(await packageOf('catalog:', files), print))).toBe(
      '6.0.0',
    );
    expect(lines.join('\n')).not.toContain('does not match');
  });

  test.each([
    [
      'overrides:\n  is-number: file:../../etc\n',
      '"is-number" in pnpm-workspace.yaml comes from "file:../../etc"',
    ],
    ['overrides:\n  is-number: link:/root\n', '"is-number" in pnpm-workspace.yaml comes from "link:/root"'],
    ['catalogs: {a: {b: git+ssh://host/x}}', '"b" in pnpm-workspace.yaml comes from "git+ssh://host/x"'],
    ['a: [', 'pnpm-workspace.yaml is not YAML'],
    ['- a', 'pnpm-workspace.yaml must be a mapping of settings'],
    [
      `a: &a [x]\nb: &b [${'*a, '.repeat(20)}*a]\noverrides: [${'*b, '.repeat(20)}*b]`,
      'pnpm-workspace.yaml is not YAML',
    ],
  ])('%j is refused', async (settings, reason) => {
    const files = { 'pnpm-lock.yaml': pnpmLock, 'pnpm-workspace.yaml': settings };
    await expect(dependencies.install(await packageOf('>=6.0.0', files), print)).rejects.toThrow(reason);
  });
});

describe('the addresses in a lock file', () => {
  const places = [
    { url: 'https://registry.npmjs.org/', localUrl: 'http://local/0/' },
    { url: 'https://own.example/npm/', localUrl: 'http://local/1/' },
  ];

  test.each([
    ['https://registry.yarnpkg.com/a/-/a-1.0.0.tgz#abc', 'http://local/0/a/-/a-1.0.0.tgz#abc'],
    ['https://own.example/npm/@s/a/-/a-1.0.0.tgz', 'http://local/1/@s/a/-/a-1.0.0.tgz'],
    ['https://other.example/x/@s%2fa/-/a-1.0.0.tgz#f', 'http://local/0/@s%2fa/-/a-1.0.0.tgz#f'],
    ['https://other.example/x/@s/a/-/a-1.0.0.TGZ?b=/-/c.tgz', 'http://local/0/@s/a/-/a-1.0.0.TGZ'],
  ])('%s becomes %s', (url, local) => {
    expect(localOtherLock(`a@^1:\n  resolved "${url}"\n`, places)).toBe(`a@^1:\n  resolved "${local}"\n`);
    const yaml = `resolution: {integrity: sha512-x, tarball: ${url}}`;
    expect(localOtherLock(yaml, places)).toBe(yaml.replace(url, local));
  });

  test.each([
    'https://codeload.github.com/a/b/tar.gz/c',
    'https://other.example/a/-/a-1.0.0.tgz/download',
    'file:../a.tgz',
    'git+ssh://git@host/a.git#b',
  ])('%s is refused', (url) => {
    expect(() => localOtherLock(`  resolved "${url}"`, places)).toThrow(refusalOf(url));
  });

  test.each([
    ['../a', '    resolution: {directory: ../a, type: directory}'],
    ['/etc', '    resolution: {directory: /etc, type: directory}'],
    ["'/a b'", "    resolution: {directory: '/a b', type: directory}"],
    ['git@host:a.git', '    resolution: {commit: b, repo: git@host:a.git, type: git}'],
    ['file:../a#../a::hash=1', '  resolution: "a@file:../a#../a::hash=1"'],
    ['portal:/etc::locator=w', '  resolution: "@s/a@portal:/etc::locator=w"'],
    ['exec:./make.js#./make.js', '  resolution: "a@exec:./make.js#./make.js"'],
    ['https://github.com/a/b.git#commit=c', '  resolution: "a@https://github.com/a/b.git#commit=c"'],
    ['git@host:a.git#commit=c', '  resolution: "a@git@host:a.git#commit=c"'],
  ])('%s in a lock file is refused', (place, line) => {
    expect(() => localOtherLock(`packages:\n${line}\n`, places)).toThrow(refusalOf(place));
  });

  test.each([
    '  resolution: "a@npm:1.0.0"',
    '  resolution: "@s/a@npm:1.0.0-rc.1+x"',
    '  resolution: "w@workspace:."',
    '  resolution: "fsevents@patch:fsevents@npm%3A2.3.3#optional!builtin<compat/fsevents>::version=2.3.3&hash=df0bf1"',
    '  resolution: "a@virtual:0a1b#npm:1.0.0"',
    '    resolution: {integrity: sha512-x}',
  ])('%s stays', (line) => {
    expect(localOtherLock(line, places)).toBe(line);
  });
});

function refusalOf(place: string): string {
  return `the lock file has a package from "${place}": only packages from the registry are supported`;
}
