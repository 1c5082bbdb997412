import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { VersionChanges, VersionFile, VersionFileList } from '../../src/answers/version-files.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { hostileZip } from '../workers/hostile-zip.ts';
import { ask, errorOf } from './checked-answer.ts';
import { makePublic, packageZip, plainSchema, uploadForm } from './packages.ts';

const picture = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0xff]);
/** Byte 1 MiB of it is within a character. */
const long = `a${'é'.repeat(600_000)}${Array.from({ length: 1_250_000 }, (_, line) => `${line}\n`).join('')}`;
const longBytes = Buffer.byteLength(long);

let platform: TestPlatform;
/** A worker with a text of 10 MB, a picture and an executable file. */
let worker: string;

beforeAll(async () => {
  platform = await startTestPlatform({}, { api: true, runner: false });
  const zip = hostileZip([
    { name: 'main.js', data: "console.log('one');\n" },
    { name: 'input_schema.json', data: JSON.stringify(plainSchema) },
    { name: 'README.md', data: '# A worker\n' },
    { name: 'lib/über.js', data: '// text\n' },
    { name: 'long.txt', data: long },
    { name: 'logo.png', data: picture },
    { name: 'run.sh', data: '#!/bin/sh\n', mode: 0o100755 },
  ]);
  worker = await published(uploadForm(zip, { title: 'Files' }));
});
afterAll(async () => platform.close());

async function published(body: FormData): Promise<string> {
  const answer = await ask<{ slug: string }>(platform, '/workers', { body });
  expect(answer.message).toBe('success');
  return answer.data.slug;
}

async function filesOf(workerId: string, version = 'latest'): Promise<VersionFileList> {
  return (await ask<VersionFileList>(platform, `/workers/${workerId}/versions/${version}/files`)).data;
}

async function textOf(file: string, workerId = worker, version = 'latest') {
  const query = `path=${encodeURIComponent(file)}`;
  return ask<VersionFile>(platform, `/workers/${workerId}/versions/${version}/files/text?${query}`);
}

interface Edit {
  readonly base_version?: string;
  readonly newest_version?: string;
  readonly package_hash?: string;
  readonly files: readonly { readonly path: string; readonly content: string }[];
  readonly removed?: readonly string[];
  readonly renamed?: readonly { readonly from: string; readonly to: string }[];
}

async function edit(workerId: string, body: Edit, key?: string) {
  return ask<{ version: string; path: string; is_current: boolean }>(
    platform,
    `/workers/${workerId}/versions/files`,
    { body: { base_version: 'latest', ...body }, key },
  );
}

async function newWorker(title: string, files: Edit['files'] = []) {
  const schema = { path: 'input_schema.json', content: JSON.stringify(plainSchema) };
  const all = [{ path: 'main.js', content: 'console.log(1);\n' }, schema, ...files];
  return ask<{ slug: string; version: string; warnings: unknown[] }>(platform, '/workers/files', {
    body: { title, files: all },
  });
}

describe('the files of a version', () => {
  test('are listed with their sizes', async () => {
    const listed = await filesOf(worker);
    expect(listed).toMatchObject({ count: 7, version: 'v1.0.1', newest_version: 'v1.0.1' });
    expect(listed.list).toContainEqual({ path: 'run.sh', bytes: 10, is_executable: true });
    expect(listed.list).toContainEqual({ path: 'long.txt', bytes: longBytes, is_executable: false });
  });

  test('are read as text', async () => {
    expect((await textOf('lib/über.js')).data).toEqual({
      path: 'lib/über.js',
      bytes: 8,
      is_text: true,
      content: '// text\n',
      is_truncated: false,
    });
  });

  test('are cut after 1 MiB, and never within a character', async () => {
    const { data } = await textOf('long.txt');
    expect(data).toMatchObject({ bytes: longBytes, is_text: true, is_truncated: true });
    expect(data.content === `a${'é'.repeat(524_287)}`).toBe(true);
  });

  test('have no content if they are not text', async () => {
    const { data } = await textOf('logo.png');
    expect(data).toMatchObject({ bytes: 6, is_text: false, content: '', is_truncated: false });
  });

  test.each(['../main.js', '/etc/passwd', 'lib', './main.js', 'lib/../main.js', 'LIB/über.js', '\uFFFD'])(
    'have exact paths: %s is 404',
    async (file) => {
      expect(errorOf(await textOf(file))).toEqual({ status: 404, code: 11004 });
    },
  );

  test('with half a character in its name is refused', async () => {
    const url = `/workers/${worker}/versions/latest/files/text?path=%ED%A0%80.js`;
    expect((await ask(platform, url)).status).toBeGreaterThanOrEqual(400);
    expect((await ask(platform, url)).status).toBeLessThan(500);
  });

  test('of another account are 404, even of a public worker', async () => {
    const { key } = await platform.otherAccount('reader');
    await makePublic(platform, worker);
    for (const path of ['files', 'files/text?path=main.js', 'changes?since=v1.0.1']) {
      const answer = await ask(platform, `/workers/${worker}/versions/latest/${path}`, { key });
      expect(errorOf(answer)).toEqual({ status: 404, code: 11004 });
    }
    const own = await edit(worker, { files: [{ path: 'main.js', content: '' }] }, key);
    expect(errorOf(own)).toEqual({ status: 404, code: 11004 });
  });
});

describe('two versions', () => {
  test('are compared by files, dependencies and input fields', async () => {
    const before = packageZip({
      'package.json': JSON.stringify({ dependencies: { a: '1', b: '^1' }, optionalDependencies: { c: '1' } }),
      'old.js': '1',
      'same.js': '1',
    });
    const slug = await published(uploadForm(before, { title: 'Compared' }));
    const field = { ...plainSchema.properties[0], title: 'Other', required: true };
    const after = packageZip({
      'package.json': JSON.stringify({ dependencies: { a: '2', d: '1' }, optionalDependencies: { c: '1' } }),
      'input_schema.json': JSON.stringify({ properties: [field] }),
      'new.js': '12',
      'same.js': '1',
    });
    await ask(platform, `/workers/${slug}/versions`, { body: uploadForm(after) });
    const { data } = await ask<VersionChanges>(
      platform,
      `/workers/${slug}/versions/v1.0.2/changes?since=v1.0.1`,
    );
    expect(data).toMatchObject({ base: 'v1.0.1', version: 'v1.0.2', count: 4 });
    expect(data.files.map(({ path, change }) => [path, change])).toEqual([
      ['input_schema.json', 'changed'],
      ['new.js', 'added'],
      ['old.js', 'removed'],
      ['package.json', 'changed'],
    ]);
    expect(data.files[1]).toMatchObject({ before_bytes: 0, after_bytes: 2 });
    expect(data.dependencies).toEqual([
      { name: 'a', change: 'changed', before: '1', after: '2' },
      { name: 'b', change: 'removed', before: '^1', after: '' },
      { name: 'd', change: 'added', before: '', after: '1' },
    ]);
    expect(data.input_fields).toEqual([
      {
        name: 'word',
        change: 'changed',
        before: JSON.stringify(plainSchema.properties[0]),
        after: JSON.stringify(field),
      },
    ]);
  });

  test('of Python are compared by their requirements', async () => {
    const python = { 'main.js': undefined, 'main.py': 'print(1)\n' };
    const before = packageZip({ ...python, 'requirements.txt': 'Requests>=2 # http\nsix\n' });
    const slug = await published(uploadForm(before, { title: 'Compared Python' }));
    const body = uploadForm(packageZip({ ...python, 'requirements.txt': 'requests >=2.32\n' }));
    await ask(platform, `/workers/${slug}/versions`, { body });
    const url = `/workers/${slug}/versions/v1.0.2/changes?since=v1.0.1`;
    expect((await ask<VersionChanges>(platform, url)).data.dependencies).toEqual([
      { name: 'requests', change: 'changed', before: '>=2', after: '>=2.32' },
      { name: 'six', change: 'removed', before: '', after: '' },
    ]);
  });

  test('that do not both exist are refused', async () => {
    const answer = await ask(platform, `/workers/${worker}/versions/latest/changes?since=v9.9.9`);
    expect(errorOf(answer)).toEqual({ status: 400, code: 50003 });
  });
});

describe('a worker made of text files', () => {
  test('is published with the checks of an upload', async () => {
    const { data } = await newWorker('Written', [{ path: 'lib/ä b.js', content: '// ✓\n' }]);
    expect(data).toMatchObject({ version: 'v1.0.1', warnings: expect.arrayContaining([]) });
    expect((await textOf('lib/ä b.js', data.slug)).data.content).toBe('// ✓\n');
    const broken = await newWorker('Broken', [{ path: 'package.json', content: '{' }]);
    expect(errorOf(broken)).toEqual({ status: 400, code: 11000 });
    expect(broken.details).toEqual([expect.stringMatching(/^package\.json: is not valid JSON/)]);
  });

  test.each([
    ['../out.js', /out\.js/],
    ['/etc/x', /x/],
    [String.raw`a\b.js`, /b\.js/],
    ['lib/', /lib/],
    ['MAIN.js', /MAIN\.js|main\.js/],
    ['main.js', /main\.js/],
    ['main.js/x', /main\.js/],
    ['\uD800.js', /not valid text/],
  ])('with the file name %j is refused', async (path, message) => {
    const answer = await newWorker('Hostile', [{ path, content: 'x' }]);
    expect(errorOf(answer)).toEqual({ status: 400, code: 11000 });
    expect(`${answer.message} ${(answer.details ?? []).join(' ')}`).toMatch(message);
  });

  test('with half a character in a file is refused, and names the file', async () => {
    const answer = await newWorker('Half', [{ path: 'a.js', content: '\uDC00' }]);
    expect(errorOf(answer)).toEqual({ status: 400, code: 11000 });
    expect(answer.message).toContain('"a.js" contains half of a character');
  });
});

describe('an edited version', () => {
  test('keeps the files that were not edited, with their bytes and modes', async () => {
    const { version } = (
      await edit(worker, {
        newest_version: 'v1.0.1',
        files: [
          { path: 'main.js', content: "console.log('two');\n" },
          { path: 'added.js', content: '' },
          { path: 'run.sh', content: '#!/bin/sh\nls\n' },
        ],
        removed: ['lib/über.js', 'absent'],
      })
    ).data;
    expect(version).toBe('v1.0.2');
    const url = `/workers/${worker}/versions/v1.0.2/changes?since=v1.0.1`;
    const { data } = await ask<VersionChanges>(platform, url);
    expect(data.files.map(({ path, change }) => `${change} ${path}`)).toEqual([
      'added added.js',
      'removed lib/über.js',
      'changed main.js',
      'changed run.sh',
    ]);
    expect((await filesOf(worker)).list.filter((file) => file.is_executable)).toMatchObject([
      { path: 'run.sh' },
    ]);
  });

  test('gives files another path, whatever they contain', async () => {
    const renamed = [{ from: 'logo.png', to: 'assets/logo.png' }];
    // The path of a renamed file is free.
    const { version } = (await edit(worker, { files: [{ path: 'logo.png', content: 'text' }], renamed }))
      .data;
    const { list } = await filesOf(worker, version);
    expect(list.filter((file) => file.path.endsWith('logo.png'))).toMatchObject([
      { path: 'assets/logo.png', bytes: picture.length },
      { path: 'logo.png', bytes: 4 },
    ]);
    const { data } = await ask<{ list: { version: string; source: string }[] }>(
      platform,
      `/workers/${worker}/versions`,
    );
    expect(data.list.find((listed) => listed.version === version)?.source).toBe('editor');
  });

  test.each([
    [
      'to a path that another file has',
      { from: 'long.txt', to: 'main.js' },
      'two files would have the path "main.js"',
    ],
    ['from a path that no file has', { from: 'absent', to: 'new' }, 'there is no file "absent" to rename'],
    ['to a path outside', { from: 'long.txt', to: '../x' }, 'the file name "../x" is not allowed'],
    ['to a path with half a character', { from: 'long.txt', to: 'a\uD800' }, 'is not valid text'],
  ])('is refused if a file is renamed %s', async (_, renamed, message) => {
    expect((await edit(worker, { files: [], renamed: [renamed] })).message).toContain(message);
  });

  test('is refused if somebody published a newer one meanwhile', async () => {
    const { slug } = (await newWorker('Shared')).data;
    const save = async (content: string) =>
      edit(slug, { newest_version: 'v1.0.1', files: [{ path: 'main.js', content }] });
    const answers = await Promise.all(['a', 'b', 'c'].map(save));
    expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([
      200, 412, 412,
    ]);
    const refused = answers.find(({ status }) => status === 412);
    expect(refused?.message).toMatch(/^v1\.0\.2 was published meanwhile/);
    expect(await filesOf(slug)).toMatchObject({ version: 'v1.0.2', newest_version: 'v1.0.2' });
  });

  test('is refused if its base was replaced meanwhile', async () => {
    const { slug } = (await newWorker('Replaced')).data;
    const { package_hash: hash } = await filesOf(slug);
    const body = uploadForm(packageZip({ 'main.js': 'console.log(2);\n' }));
    await ask(platform, `/workers/${slug}/versions/v1.0.1`, { method: 'PUT', body });
    const answer = await edit(slug, { package_hash: hash, files: [{ path: 'main.js', content: '3' }] });
    expect(answer).toMatchObject({ status: 412, code: 11000 });
  });

  test('that changes nothing is refused like an upload', async () => {
    const { slug } = (await newWorker('Unchanged')).data;
    const answer = await edit(slug, { files: [] });
    expect(answer).toMatchObject({ status: 400, message: 'Script package is unchanged' });
  });

  test('may have a file of 10 MB', async () => {
    const { slug } = (await newWorker('Large')).data;
    expect((await edit(slug, { files: [{ path: 'long.txt', content: long }] })).status).toBe(200);
    expect((await filesOf(slug)).list).toContainEqual({
      path: 'long.txt',
      bytes: longBytes,
      is_executable: false,
    });
  });
});
