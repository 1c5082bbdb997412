import { execFileSync } from 'node:child_process';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { WorkerTemplate, WorkerTemplateDetail } from '../../src/answers/worker-templates.ts';
import { templateKinds, templateNames } from '../../src/templates/template-names.ts';
import { templateFiles, templates } from '../../src/templates/templates.ts';
import { unpackZip } from '../../src/workers/archive.ts';
import { checkPackage } from '../../src/workers/package-check.ts';
import { zipFiles } from '../../src/workers/workers.ts';
import { runChela } from '../platform/support/chela-process.ts';
import { ask, errorOf } from '../http/checked-answer.ts';
import { uploadForm } from '../http/packages.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { temporaryFolder } from '../workers/folders.ts';

const root = path.resolve(import.meta.dirname, '../..');
const limits = { unpackedBytes: 10_000_000, files: 100 };

let platform: TestPlatform;
beforeAll(async () => {
  platform = await startTestPlatform({}, { api: true, runner: false });
});
afterAll(async () => platform.close());

async function download(address: string): Promise<{ zip: Buffer; headers: Headers }> {
  const response = await fetch(`${platform.url}/api/v2${address}`);
  expect(response.status).toBe(200);
  return { zip: Buffer.from(await response.arrayBuffer()), headers: response.headers };
}

async function unpacked(zip: Buffer): Promise<string> {
  const folder = await temporaryFolder();
  await writeFile(path.join(folder, 'package.zip'), zip);
  await unpackZip(path.join(folder, 'package.zip'), path.join(folder, 'files'), limits);
  return path.join(folder, 'files');
}

describe.each(templates)('the template $name', (template) => {
  test('passes the upload checks without warnings', async () => {
    const folder = await unpacked(await buffer(zipFiles(await templateFiles(template))));
    const { warnings, language } = await checkPackage(folder);
    expect(warnings).toEqual([]);
    expect(language).toBe(template.language === 'python' ? 'python' : 'node');
  });
});

const nodeTemplates = templates.filter(({ language }) => language !== 'python');

test.each(nodeTemplates)('the template $name declares the dependencies of the SDK', async (template) => {
  const manifest = path.join(root, 'templates', template.language, template.kind, 'package.json');
  const sdk = JSON.parse(await readFile(path.join(root, 'sdk/node/package.json'), 'utf8')) as object;
  expect(JSON.parse(await readFile(manifest, 'utf8'))).toMatchObject({
    dependencies: (sdk as { dependencies: object }).dependencies,
  });
});

test('the templates of Python are Python programs', () => {
  const files = templateKinds.map((kind) => path.join(root, 'templates/python', kind, 'main.py'));
  const script = 'import sys\nfor name in sys.argv[1:]: compile(open(name).read(), name, "exec")';
  expect(() => execFileSync('python3', ['-c', script, ...files])).not.toThrow();
});

describe('the API', () => {
  test('lists the templates without a credential', async () => {
    const { data } = await ask<{ list: WorkerTemplate[] }>(platform, '/worker-templates', { key: '' });
    expect(data.list.map(({ name }) => name)).toEqual(templateNames);
  });

  test('returns the files of a template with the SDK', async () => {
    const { data } = await ask<WorkerTemplateDetail>(platform, '/worker-templates/python-http', { key: '' });
    expect(data).toMatchObject({ name: 'python-http', language: 'python', kind: 'http' });
    expect(data.files.map((file) => file.path)).toEqual([
      'README.md',
      'input_schema.json',
      'main.py',
      'output_schema.json',
      'requirements.txt',
      'sdk.py',
      'sdk_pb2.py',
      'sdk_pb2_grpc.py',
      'sdk_storage.py',
    ]);
    const sdk = data.files.find((file) => file.path === 'sdk.py');
    expect(sdk?.content).toBe(await readFile(path.join(root, 'sdk/python/sdk.py'), 'utf8'));
  });

  test('offers a template as a zip that can be uploaded', async () => {
    const { zip, headers } = await download('/worker-templates/typescript-plain/package');
    expect(headers.get('content-disposition')).toBe('attachment; filename="worker-typescript-plain.zip"');
    const body = uploadForm(zip, { title: 'From a template' });
    const { data } = await ask<{ warnings: unknown[] }>(platform, '/workers', { body });
    expect(data).toMatchObject({ version: 'v1.0.1', warnings: [] });
  });

  test('offers the SDK, with which a package that lacks it is complete', async () => {
    const { zip, headers } = await download('/worker-sdks/node/package');
    expect(headers.get('content-type')).toBe('application/zip');
    const files = await unpacked(zip);
    expect((await readdir(files)).toSorted()).toEqual([
      'sdk.js',
      'sdk_grpc_pb.js',
      'sdk_pb.js',
      'sdk_storage.js',
    ]);
    const folder = await temporaryFolder();
    for (const name of ['main.js', 'package.json'])
      await cp(path.join(root, 'templates/node/plain', name), path.join(folder, name));
    await expect(checkPackage(folder)).rejects.toThrow(/^sdk\.js: is missing/);
    await cp(files, folder, { recursive: true });
    await expect(checkPackage(folder)).resolves.toBeDefined();
    const go = await unpacked((await download('/worker-sdks/go/package')).zip);
    expect(await readdir(go)).toEqual(expect.arrayContaining(['go.mod', 'sdk.go']));
  });

  test.each(['/worker-templates/ruby', '/worker-templates/..%2Fsdk/package', '/worker-sdks/ruby/package'])(
    '%s is refused',
    async (address) => {
      expect(errorOf(await ask(platform, address))).toEqual({ status: 422, code: 11000 });
    },
  );
});

describe('chela init', () => {
  test('creates the folder of a worker, with the template Node if none is chosen', async () => {
    const folder = path.join(await temporaryFolder(), 'shops/prices');
    const { exitCode, output } = await runChela(['init', folder], {});
    expect(output).toContain(`Publish it: npx chela push ${folder}`);
    expect(exitCode).toBe(0);
    expect(await checkPackage(folder)).toMatchObject({ entry: 'main.js', warnings: [] });
  });

  test('says why a folder cannot be created, also below one where none can be', async () => {
    const { exitCode, output } = await runChela(['init', '/proc/chela/worker'], {});
    expect({ exitCode, output }).toEqual({
      exitCode: 1,
      output: expect.stringMatching(/^chela: \/proc\/chela\/worker cannot be created: ENOENT/) as string,
    });
  });

  test('refuses a folder that is not empty, and a template that does not exist', async () => {
    const folder = await temporaryFolder();
    await mkdir(path.join(folder, '.git'));
    const wrong = await runChela(['init', folder, '--template', 'ruby'], {});
    expect(wrong).toMatchObject({ exitCode: 1 });
    expect(wrong.output).toContain('there is no template "ruby"; choose one of node-plain, ');
    expect((await runChela(['init', folder, '--template', 'python-http'], {})).exitCode).toBe(0);
    const again = await runChela(['init', folder, '--template', 'python-http'], {});
    expect(again).toMatchObject({ exitCode: 1 });
    expect(again.output).toContain(`${folder} is not empty`);
  });
});
