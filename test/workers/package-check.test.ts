import { mkdir, rename, symlink } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkPackage } from '../../src/workers/package-check.ts';
import { importedModules } from '../../src/workers/package-sources.ts';
import { folderWith } from './folders.ts';

type Files = Record<string, unknown>;

const inputSchema = {
  description: 'A worker',
  properties: [{ title: 'URLs', name: 'urls', type: 'array', editor: 'stringList', description: 'Where' }],
};

const shared: Files = {
  'input_schema.json': inputSchema,
  'output_schema.json': [{ name: 'id', type: 'string' }],
  'README.md': '# Worker',
};

const node: Files = {
  ...shared,
  'main.js': "const sdk = require('./sdk');\nsdk.result.pushData({});",
  'package.json': { main: 'main.js', dependencies: { '@grpc/grpc-js': '^1', 'google-protobuf': '^3' } },
  'sdk.js': "const grpc = require('@grpc/grpc-js');",
  'sdk_pb.js': "var jspb = require('google-protobuf');",
};

const python: Files = {
  ...shared,
  'main.py': 'from sdk import CoreSDK\n',
  'requirements.txt': 'grpcio>=1.60\nprotobuf==6.31.1\n',
  'sdk.py': 'import grpc\nfrom google.protobuf import empty_pb2\n',
};

/** The first bytes of a 64-bit ELF file for x86-64. */
const elf = Buffer.alloc(64);
elf.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
elf.writeUInt16LE(62, 18);
const go: Files = { ...shared, main: elf };

function without(files: Files, ...names: string[]): Files {
  return Object.fromEntries(Object.entries(files).filter(([name]) => !names.includes(name)));
}

async function check(files: Files): ReturnType<typeof checkPackage> {
  return checkPackage(await folderWith(files));
}

async function warningsOf(files: Files): Promise<string[]> {
  return (await check(files)).warnings.map(({ file, message }) => `${file}: ${message}`);
}

describe('text from a package', () => {
  test.each<[string, Files]>([
    ['requirements.txt', { ...python, 'requirements.txt': '\u001B[31mred\0\n' }],
    [
      'requirements.txt in UTF-16 without a mark',
      { ...python, 'requirements.txt': Buffer.from('six', 'utf16le') },
    ],
    [
      'pyproject.toml',
      {
        ...without(python, 'requirements.txt'),
        'pyproject.toml': String.raw`project = { name = "p", dependencies = ["a\u0000\u001b"] }`,
      },
    ],
    [
      'input_schema.json',
      {
        ...node,
        'input_schema.json': String.raw`{"properties":[{"name":"a\u0000","title":"\u001b[31m","type":"string","editor":"\ud800"}]}`,
      },
    ],
    [
      'package.json',
      { ...node, 'package.json': String.raw`{"dependencies":{"a\u0000\ud800":"file:\u0000"}}` },
    ],
  ])('%s appears in warnings without control characters and lone surrogates', async (_title, files) => {
    const warnings = await warningsOf(files);
    expect(warnings).not.toEqual([]);
    for (const warning of warnings) expect(warning).toMatch(/^[^\p{Cc}\p{Cs}]+$/u);
  });
});

describe('a package without errors', () => {
  test.each<[string, Files, Record<string, unknown>]>([
    ['Node', node, { language: 'node', entry: 'main.js', declaredDependencies: true }],
    ['Python', python, { language: 'python', entry: 'main.py', declaredDependencies: true }],
    ['Go', go, { language: 'go', entry: 'main', declaredDependencies: false }],
  ])('of %s is accepted', async (_title, files, expected) => {
    expect(await check(files)).toEqual({
      ...expected,
      inputSchemaText: JSON.stringify(inputSchema),
      inputSchema,
      outputSchema: [{ name: 'id', type: 'string' }],
      readme: '# Worker',
      warnings: [],
    });
  });

  test('as third parties write it is accepted without warnings', async () => {
    const report = await checkPackage(path.resolve(import.meta.dirname, '../fixtures/third-party-worker'));
    expect(report).toMatchObject({
      language: 'node',
      entry: 'main.js',
      warnings: [],
      declaredDependencies: true,
    });
  });

  test('keeps the text of its schema, including a byte order mark', async () => {
    const text = `\uFEFF${JSON.stringify(inputSchema, undefined, 4)}\r\n`;
    expect((await check({ ...node, 'input_schema.json': text })).inputSchemaText).toBe(text);
  });
});

describe('the entry of a Node package', () => {
  test.each<[string, string, string]>([
    ['by its path', './src/start.js', 'src/start.js'],
    ['without .js', 'src/start', 'src/start.js'],
    ['by its folder', 'lib', 'lib/index.js'],
    ['as an ES module', 'start.mjs', 'start.mjs'],
    ['in TypeScript', 'src/start.ts', 'src/start.ts'],
    ['in TypeScript, without .ts', 'src/start', 'src/start.ts'],
  ])('is the one in package.json: %s', async (_title, main, entry) => {
    const report = await check({
      ...shared,
      [entry]: '',
      'package.json': { main },
    });
    expect(report).toMatchObject({ language: 'node', entry, declaredDependencies: false });
  });

  test('is main.js if it exists, even if package.json names another', async () => {
    const report = await check({ ...node, 'index.js': '', 'package.json': { main: 'index.js' } });
    expect(report.entry).toBe('main.js');
  });

  test('is main.ts if there is no other', async () => {
    expect(await check({ ...shared, 'main.ts': '' })).toMatchObject({ language: 'node', entry: 'main.ts' });
    expect((await check({ ...node, 'main.ts': '' })).entry).toBe('main.js');
    expect((await check({ ...python, 'main.ts': '' })).entry).toBe('main.py');
  });

  test('of a Python package is not read from package.json', async () => {
    const report = await check({ ...python, 'index.js': '', 'package.json': { main: 'index.js' } });
    expect(report).toMatchObject({ language: 'python', entry: 'main.py' });
  });
});

const asking = (node: string): Files => ({
  ...shared,
  'main.js': '',
  'package.json': { engines: { node } },
});

describe('the Node of a package', () => {
  test('that has to be downloaded counts as a dependency', async () => {
    expect(await check(asking('^20'))).toMatchObject({ declaredDependencies: true, warnings: [] });
    expect(await check(asking('>=20'))).toMatchObject({ declaredDependencies: false, warnings: [] });
  });

  test('that is not available is a warning', async () => {
    expect((await check(asking('16'))).warnings).toEqual([
      {
        file: 'package.json',
        field: 'engines.node',
        message:
          '"16": no available Node has this version: Node 18, 20, 22 and 24 are available; until then the installation of the dependencies will fail',
      },
    ]);
  });
});

describe('a package is refused', () => {
  test.each<[string, Files, RegExp]>([
    [
      'without an entry',
      without(node, 'main.js'),
      /no entry file: add one of main\.js, main\.py, main, main\.ts at/,
    ],
    [
      'whose package.json names a file outside the package',
      { ...shared, 'package.json': { main: '../../etc/passwd' } },
      /no entry/,
    ],
    [
      'whose package.json names an absolute path',
      { ...shared, 'package.json': { main: '/etc/passwd' } },
      /no entry/,
    ],
    [
      'with its entry in a folder',
      { ...shared, 'release/worker/main.py': '', 'release/notes.txt': '' },
      /"release\/worker\/main\.py" is not at its root; build the package from the contents of the folder "release\/worker"/,
    ],
    [
      'of Go source that is not built',
      { ...shared, 'main.go': 'package main', 'go.mod': 'module x' },
      /it is Go source: build it with CGO_ENABLED=0 GOOS=linux GOARCH=amd64 go build -o main \./,
    ],
    ['with two entries', { ...node, 'main.py': '' }, /more than one entry file: main\.js and main\.py/],
    ['with a Go entry beside another', { ...python, main: elf }, /main\.py and main;/],
    [
      'with an empty input schema',
      { ...node, 'input_schema.json': '' },
      /input_schema\.json: is not valid JSON/,
    ],
    ['with a wrong input schema', { ...node, 'input_schema.json': {} }, /properties must be an array/],
    [
      'with a schema that is not text',
      { ...node, 'input_schema.json': Buffer.from([0xff, 0x7b]) },
      /is not UTF-8 text/,
    ],
    [
      'with a schema that is too large',
      { ...node, 'input_schema.json': ' '.repeat(2 ** 20 + 1) },
      /input_schema\.json: is larger than 1048576 bytes/,
    ],
    [
      'with a wrong output schema',
      { ...node, 'output_schema.json': {} },
      /output_schema\.json: must be an array/,
    ],
    [
      'with an output schema that is too large',
      { ...node, 'output_schema.json': ' '.repeat(2 ** 20 + 1) },
      /output_schema\.json: is larger/,
    ],
    ['with a broken package.json', { ...node, 'package.json': '{,}' }, /package\.json: is not valid JSON/],
    [
      'with a package.json that is a list',
      { ...python, 'package.json': [] },
      /package\.json: must be a JSON object/,
    ],
  ])('%s', async (_title, files, message) => {
    await expect(check(files)).rejects.toMatchObject({
      key: 'INVALID_ARGUMENT',
      message: expect.stringMatching(message) as string,
    });
  });

  test('with all its errors at once', async () => {
    const files = {
      'package.json': '[',
      'input_schema.json': '{"properties": [0]}',
      'output_schema.json': '0',
    };
    await expect(check(files)).rejects.toMatchObject({ details: { length: 4 } });
  });

  test('if its entry or schema is a link or a folder', async () => {
    const folder = await folderWith({ ...without(node, 'main.js'), 'other.js': '' });
    await symlink('other.js', path.join(folder, 'main.js'));
    await mkdir(path.join(folder, 'main.py'));
    await rename(path.join(folder, 'input_schema.json'), path.join(folder, 'a.json'));
    await symlink('a.json', path.join(folder, 'input_schema.json'));
    await expect(checkPackage(folder)).rejects.toMatchObject({ details: { length: 2 } });
  });
});

describe('a package is accepted with a warning', () => {
  test.each<[string, Files, RegExp]>([
    [
      'without an input schema',
      without(node, 'input_schema.json'),
      /^input_schema\.json: is missing, so the worker has no input fields$/,
    ],
    ['without an output schema', without(node, 'output_schema.json'), /^output_schema\.json: is missing/],
    [
      'with a requirement that cannot be installed',
      { ...python, 'requirements.txt': 'grpcio\nprotobuf\n-e ../lib\n' },
      /^requirements\.txt: line 3, "-e \.\.\/lib": packages must come from the package index by name.*; until then the installation of the dependencies will fail$/,
    ],
    [
      'with a requirement file that is missing',
      { ...python, 'requirements.txt': 'grpcio\nprotobuf\n-r more.txt\n' },
      /^requirements\.txt: line 3, "-r more\.txt": more\.txt is not in the package; until then the installation of the dependencies will fail$/,
    ],
    [
      'with an option that has no effect',
      { ...python, 'requirements.txt': '--prefer-binary\ngrpcio\nprotobuf\n' },
      /^requirements\.txt: line 1, "--prefer-binary": .* \(ignored\)$/,
    ],
    [
      'with a dependency from a folder',
      {
        ...node,
        'package.json': { dependencies: { '@grpc/grpc-js': '1', 'google-protobuf': '3', a: 'file:../a' } },
      },
      /^package\.json: "file:\.\.\/a": only packages from the registry are supported/,
    ],
    ['with a lock file that is not read', { ...node, 'bun.lock': '' }, /^bun\.lock: is not read/],
    ['without a README', without(node, 'README.md'), /^README\.md: is missing$/],
    ['with an empty README', { ...node, 'README.md': ' \n' }, /^README\.md: is empty$/],
    [
      'with a README that is too large',
      { ...node, 'README.md': 'x'.repeat(2 ** 20 + 1) },
      /^README\.md: is larger than 1048576/,
    ],
    [
      'about its input schema',
      { ...node, 'input_schema.json': { ...inputSchema, x: 1 } },
      /^input_schema\.json: the key "x"/,
    ],
    ['for another system', { ...go, main: 'MZ' }, /^main: is not compiled for linux\/amd64/],
    [
      'for another processor',
      { ...go, main: Buffer.from(elf).fill(0xb7, 18, 19) },
      /not compiled for linux\/amd64/,
    ],
    [
      'by the SDK, without grpc',
      { ...node, 'package.json': { dependencies: { 'google-protobuf': '1' } } },
      /^package\.json: does not declare @grpc\/grpc-js/,
    ],
    [
      'by the SDK, without protobuf',
      { ...node, 'package.json': { dependencies: { '@grpc/grpc-js': '1' } } },
      /does not declare google-protobuf/,
    ],
    [
      'with an upsert key that is not a column',
      { ...python, 'main.py': 'from sdk import CoreSDK\nCoreSDK.Result.upsert_data(row, "url")' },
      /^main\.py: upserts by the key "url"/,
    ],
    [
      'with HTTP past the proxy',
      { ...python, 'main.py': 'import requests\n' },
      /^main\.py: makes HTTP requests/,
    ],
    [
      'with credentials in it',
      { ...python, 'main.py': '\nproxy = "socks5://user:pass@proxy.example.com:1080"' },
      /^main\.py: line 2 contains proxy credentials/,
    ],
  ])('%s', async (_title, files, message) => {
    const warnings = await warningsOf(files);
    expect(warnings).toEqual([expect.stringMatching(message)]);
    expect(warnings.join(' ')).not.toContain('user:pass');
  });

  test('for each missing SDK dependency if it declares none', async () => {
    expect(await warningsOf(without(node, 'package.json'))).toHaveLength(2);
  });

  test('not for dependencies that every Python worker gets', async () => {
    expect(await warningsOf(without(python, 'requirements.txt'))).toEqual([]);
    expect(await warningsOf({ ...python, 'requirements.txt': 'grpcio\n' })).toEqual([]);
  });

  test('only for dependencies that its SDK needs', async () => {
    expect(
      await warningsOf({
        ...without(node, 'sdk_pb.js'),
        'package.json': { dependencies: { '@grpc/grpc-js': '1' } },
      }),
    ).toEqual([]);
  });
});

describe('an SDK file that the program imports', () => {
  const nodeDownload = 'add the SDK for Node, which GET /api/v2/worker-sdks/node/package downloads';
  const pythonDownload = 'add the SDK for Python, which GET /api/v2/worker-sdks/python/package downloads';

  test.each<[string, Files, string]>([
    ['of Node', without(node, 'sdk.js'), `sdk.js: is missing, but "main.js" imports it: ${nodeDownload}`],
    [
      'of Node in a folder',
      {
        ...without(node, 'sdk.js'),
        'main.js': "require('./lib/a')",
        'lib/a.js': "require('../core/sdk.js')",
      },
      `core/sdk.js: is missing, but "lib/a.js" imports it: ${nodeDownload}`,
    ],
    [
      'of TypeScript',
      { ...shared, 'main.ts': "import sdk, { pushData } from './sdk.js';\n" },
      `sdk.js: is missing, but "main.ts" imports it: ${nodeDownload}`,
    ],
    [
      'that another one needs',
      { ...node, 'sdk.js': "require('./sdk_grpc_pb');" },
      `sdk_grpc_pb.js: is missing, but "sdk.js" imports it: ${nodeDownload}`,
    ],
    [
      'of Python',
      without(python, 'sdk.py'),
      `sdk.py: is missing, but "main.py" imports it: ${pythonDownload}`,
    ],
    [
      'of Python that another one needs',
      { ...python, 'sdk.py': 'import grpc\nimport sdk_pb2 as pb2\n' },
      `sdk_pb2.py: is missing, but "sdk.py" imports it: ${pythonDownload}`,
    ],
  ])('%s and that is missing blocks the upload', async (_title, files, message) => {
    await expect(check(files)).rejects.toMatchObject({ key: 'INVALID_ARGUMENT', details: [message] });
  });

  test('is reported together with the other errors', async () => {
    const files = { ...without(node, 'sdk.js'), 'input_schema.json': '{' };
    await expect(check(files)).rejects.toMatchObject({
      details: [expect.stringMatching(/^input_schema\.json: /), expect.stringMatching(/^sdk\.js: /)],
    });
  });

  test.each<[string, Files]>([
    ['stands in a folder of that name', { ...without(node, 'sdk.js'), 'sdk/index.js': '' }],
    ['stands beside the file that imports it', { ...python, 'sdk.py': '', 'lib/sdk_pb2.py': '' }],
    [
      'is imported only by a test',
      { ...without(node, 'sdk.js'), 'main.js': '', 'test/a.js': "require('../sdk')" },
    ],
    [
      'is optional',
      { ...without(node, 'sdk.js'), 'main.js': "try { sdk = require('./sdk'); } catch { sdk = null; }" },
    ],
    [
      'is optional in Python',
      {
        ...without(python, 'sdk.py'),
        'main.py': 'try:\n    import sdk\nexcept ImportError:\n    sdk = None\n',
      },
    ],
    [
      'is in a text',
      { ...without(python, 'sdk.py'), 'main.py': '"""\nUse:\n    import sdk\n"""\nprint(1)\n' },
    ],
    ['comes with a dependency', { ...without(python, 'sdk.py'), 'requirements.txt': 'shop-sdk==1\n' }],
    ['is outside the package', { ...without(node, 'sdk.js'), 'main.js': "require('../sdk')" }],
  ])('and that %s does not', async (_title, files) => {
    await expect(check(files)).resolves.toBeDefined();
  });
});

describe('the dependencies of a Python package', () => {
  test.each<[string, Files]>([
    [
      'in any spelling',
      { 'requirements.txt': 'GRPCIO[protobuf]==1.2 ; python_version > "3"\r\nProtobuf~=6.0 # pinned\r\n' },
    ],
    [
      'in an included file',
      { 'requirements.txt': '-r base.txt\ngrpcio', 'base.txt': 'protobuf\n-r requirements.txt' },
    ],
    [
      'as PowerShell writes them',
      { 'requirements.txt': Buffer.from('\uFEFFgrpcio\r\nprotobuf\r\n', 'utf16le') },
    ],
    ['with a byte order mark', { 'requirements.txt': '\uFEFFgrpcio\nprotobuf' }],
  ])('are found %s', async (_title, files) => {
    const report = await check({ ...python, ...files });
    expect(report.warnings).toEqual([]);
    expect(report.declaredDependencies).toBe(true);
  });

  test('are none if the list has only comments and options', async () => {
    const files = { ...python, 'requirements.txt': '# none\n\n--no-index\n-r ../../etc/passwd\n' };
    expect((await check(files)).declaredDependencies).toBe(false);
  });
});

describe('the upsert key', () => {
  test.each<[string, Files, string[]]>([
    [
      'in Python',
      { ...python, 'main.py': "CoreSDK.Result.upsert_data({'a': f(1, ')'), 'b': [1, 2]}, 'a')" },
      ['a'],
    ],
    [
      'over several lines',
      { ...python, 'main.py': 'sdk.upsert_data(\n  {\n    # a "row"\n    "x": 1,\n  },\n  "x",\n)' },
      ['x'],
    ],
    ['by keyword', { ...python, 'main.py': 'sdk.upsert_data(row, unique_key="k")' }, ['k']],
    ['in Node', { ...node, 'main.js': "await result.upsertData({ ...row, a: 'it\\'s' }, 'k')" }, ['k']],
    ['inside the row', { ...node, 'main.js': "push({ '__coreclaw_upsert_key__': 'k' })" }, ['k']],
    ['in the sources of a Go worker', { ...go, 'main.go': 'sdk.Result.UpsertData(ctx, row, "k")' }, ['k']],
    ['that is a column', { ...python, 'main.py': 'sdk.upsert_data(row, "id")' }, []],
    ['that is a variable', { ...python, 'main.py': 'sdk.upsert_data(row, key)' }, []],
    ['that is computed', { ...node, 'main.js': 'r.upsertData(row, `${a}`)' }, []],
    ['of a definition', { ...python, 'main.py': 'def upsert_data(self, row, key):\n  pass' }, []],
    ['in a call that never ends', { ...python, 'main.py': `upsert_data(${'('.repeat(50_000)}` }, []],
    ['in a comment', { ...python, 'main.py': '# upsert_data(row, "k")' }, []],
    [
      'without an output schema',
      { ...without(python, 'output_schema.json'), 'main.py': 'upsert_data(row, "k")' },
      [],
    ],
  ])('%s', async (_title, files, keys) => {
    const warnings = (await warningsOf(files)).filter((warning) => warning.includes('upserts'));
    expect(warnings.map((warning) => /key "(.*)"/.exec(warning)?.[1])).toEqual(keys);
  });
});

describe('HTTP that bypasses the proxy is', () => {
  test.each<[string, Files]>([
    ["require('axios')", { ...node, 'main.js': "const axios = require('axios')" }],
    ["from 'got'", { ...node, 'main.js': 'import got from "got";' }],
    ["import('undici')", { ...node, 'main.js': 'const { request } = await import("undici")' }],
    ['node:https', { ...node, 'lib/get.js': "require('node:https').get(url)" }],
    ['fetch()', { ...node, 'main.js': 'await fetch(url)' }],
    ['import requests', { ...python, 'main.py': 'import os, requests\n' }],
    ['from requests.adapters', { ...python, 'main.py': '  from requests.adapters import HTTPAdapter\n' }],
    ['urllib.request', { ...python, 'main.py': 'import urllib.request\n' }],
    ['from urllib import request', { ...python, 'main.py': 'from urllib import parse, request\n' }],
    ['httpx under another name', { ...python, 'main.py': 'import httpx as h\n' }],
    ['net/http', { ...go, 'main.go': 'import (\n\t"fmt"\n\t"net/http"\n)\n' }],
  ])('found: %s', async (_title, files) => {
    expect(await warningsOf(files)).toEqual([expect.stringContaining('makes HTTP requests')]);
  });

  test.each<[string, Files]>([
    ['the proxy is read', { ...node, 'main.js': "require('axios'); process.env.PROXY_AUTH" }],
    [
      'the proxy is read in another file',
      { ...python, 'main.py': 'import requests\n', 'net.py': 'os.environ["PROXY_DOMAIN"]' },
    ],
    [
      'URLs are only parsed',
      { ...python, 'main.py': 'import urllib.parse\nfrom urllib.parse import urljoin\n' },
    ],
    ['a method is called fetch', { ...node, 'main.js': 'await page.fetch(url)' }],
    ['it is a comment', { ...python, 'main.py': '# import requests\n' }],
    ['it is a dependency', { ...node, 'node_modules/x/index.js': "require('http')" }],
    ['it is the SDK', { ...node, 'sdk.js': "require('http')" }],
    ['it is not source code', { ...node, 'notes.txt': "require('http')" }],
  ])('not found if %s', async (_title, files) => {
    expect((await warningsOf(files)).filter((warning) => warning.includes('HTTP'))).toEqual([]);
  });

  test('found if only a comment uses the proxy', async () => {
    const files = { ...python, 'main.py': 'import requests\n# PROXY_AUTH and PROXY_DOMAIN\n' };
    expect(await warningsOf(files)).toHaveLength(1);
  });
});

describe('hard-coded proxy credentials are', () => {
  test.each([
    'url = "socks5h://u1:p2@host:1080"',
    "proxies = {'http': 'http://u1:p2@host:8080'}",
    'ws = "ws://u1:p2@chrome"',
    'PROXY_AUTH = "u1:p2"',
    "auth = os.environ.get('PROXY_AUTH', 'u1:p2')",
    'auth = os.getenv("PROXY_AUTH") or "u1:p2"',
    'proxy = {"server": host,\n  "username": "u1",\n  "password": "p2"}',
    'proxies: { all: { password: secret, auth: { password: "p2" } } };',
  ])('found: %s', async (line) => {
    const warnings = await warningsOf({ ...python, 'main.py': `import os\n${line}\n` });
    expect(warnings).toEqual([expect.stringContaining('main.py: line 2 contains proxy credentials')]);
  });

  test('found in a fallback value in Node', async () => {
    const files = { ...node, 'main.js': "const auth = process.env.PROXY_AUTH || 'u1:p2';" };
    expect(await warningsOf(files)).toEqual([expect.stringContaining('line 1 contains proxy credentials')]);
  });

  test.each([
    'url = f"socks5://{auth}@{domain}"',
    'url = "socks5://%s:%s@%s" % (user, password, host)',
    'url = "socks5://" + user + ":" + password + "@" + host',
    'url = "https://example.com:8080/a@b"',
    'auth = os.environ["PROXY_AUTH"]',
    'proxyAuth = "socks5://" + auth',
    'proxy = {"username": user, "password": password}',
    'proxy = { host };\nconst account = { password: "p2" }',
    `proxy = { host${' '.repeat(200)}, password: "p2" }`,
    '# socks5://user:pass@host:1080',
  ])('not found in %s', async (line) => {
    const warnings = await warningsOf({ ...python, 'main.py': `${line}\n` });
    expect(warnings.filter((warning) => warning.includes('contains proxy credentials'))).toEqual([]);
  });

  test('found in linear time, like all patterns: this test ends within its time limit', async () => {
    const repeated = [
      'password="a" ',
      'http://',
      'proxy={',
      'proxy={ password="',
      'proxy_auth="a:{',
      'upsert_data(x,',
      'import a,\n',
      'from a import b\n',
    ];
    const padded = [
      'proxy_auth',
      'require',
      'import',
      '__coreclaw_upsert_key__',
      'upsert_data',
      'proxy',
      'fetch',
    ];
    const hostile = [
      ...repeated.map((part) => part.repeat(50_000 / part.length)),
      ...padded.map((part) => part + ' '.repeat(50_000)),
    ].join('\n');
    for (const language of ['node', 'python', 'go'] as const) importedModules(hostile, language);
    expect(await warningsOf({ ...python, 'main.py': hostile })).toEqual([]);
  });

  test('looked for in tests and examples only if the program imports them', async () => {
    const secret = 'PROXY_AUTH = "user:password"\n';
    const unused = {
      ...python,
      'main.py': 'import lib.page\nfrom sdk import CoreSDK\n',
      'lib/page.py': 'x = 1\n',
      'tests/conftest.py': secret,
      'test_page.py': secret,
      'examples/run.py': secret,
    };
    expect(await warningsOf(unused)).toEqual([]);
    const used = { ...unused, 'lib/page.py': 'from tests import conftest\n' };
    expect(await warningsOf(used)).toEqual([expect.stringMatching(/^tests\/conftest\.py: line 1/)]);
    const spec = { 'lib/page.spec.js': "const proxyAuth = 'user:password';", 'main.js': "require('./sdk');" };
    expect(await warningsOf({ ...node, ...spec })).toEqual([]);
    const required = { ...spec, 'main.js': "require('./sdk'); require('./lib/page.spec');" };
    expect(await warningsOf({ ...node, ...required })).toEqual([
      expect.stringMatching(/^lib\/page\.spec\.js: line 1/),
    ]);
  });
});

describe('the README', () => {
  test('may have a name in any case', async () => {
    expect((await check({ ...without(node, 'README.md'), 'Readme.MD': 'Hi' })).readme).toBe('Hi');
  });

  test('is stored without characters that the database cannot keep', async () => {
    expect((await check({ ...node, 'README.md': Buffer.from([0x61, 0, 0xff, 0x62]) })).readme).toBe(
      'a\uFFFD\uFFFDb',
    );
  });
});

describe('network.json', () => {
  test('proposes hosts, in one spelling', async () => {
    const hosts = ['Example.com.', 'example.com', '*.shop.example:443', '10.0.0.0/8'];
    const { declaredHosts, warnings } = await check({ ...node, 'network.json': { hosts } });
    expect(declaredHosts).toEqual(['example.com', '*.shop.example:443', '10.0.0.0/8']);
    expect(warnings).toEqual([]);
    expect((await check(node)).declaredHosts).toBeUndefined();
    expect((await check({ ...node, 'network.json': { hosts: [] } })).declaredHosts).toEqual([]);
  });

  test.each<[unknown, RegExp, string[] | undefined]>([
    ['{', /is not valid JSON .* write \{"hosts": /, undefined],
    [Buffer.from([0xff, 0xfe, 0x7b]), /is not valid JSON/, undefined],
    [['example.com'], /is an array, so it proposes no hosts/, undefined],
    [{ allow: ['example.com'] }, /this field is not read/, undefined],
    [{ hosts: 'example.com' }, /has hosts that are a string/, undefined],
    [
      { hosts: Array.from({ length: 501 }, (_, n) => `h${n}.example`) },
      /has 501 hosts, but may have 500/,
      undefined,
    ],
    [
      { hosts: ['https://example.com', 7, 'b.example'] },
      /"https:\/\/example.com" is not a host: write/,
      ['b.example'],
    ],
    [' '.repeat(2 ** 18 + 1), /is larger than 262144 bytes/, undefined],
  ])('that is wrong causes a warning: %#', async (content, warning, proposed) => {
    const { declaredHosts, warnings } = await check({ ...node, 'network.json': content });
    expect(warnings[0]).toMatchObject({ file: 'network.json', message: expect.stringMatching(warning) });
    expect(declaredHosts).toEqual(proposed);
  });
});
