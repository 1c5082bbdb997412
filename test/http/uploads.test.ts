import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { hostileZip } from '../workers/hostile-zip.ts';
import { ask, errorOf } from './checked-answer.ts';
import { packageZip, plainSchema, publishWorker, uploadForm } from './packages.ts';

const packageLimitBytes = 200_000;
const schemaText = JSON.stringify(plainSchema);

interface Published {
  slug: string;
  path: string;
  version: string;
  warnings: { file: string; message: string }[];
}

let platform: TestPlatform;

beforeAll(async () => {
  platform = await startTestPlatform(
    { packageLimitBytes, unpackedLimitBytes: 1_000_000, packageFileLimit: 50 },
    { api: true, runner: false },
  );
  await publishWorker(platform, 'Existing');
});
afterAll(async () => platform.close());

async function create(form: FormData) {
  return ask<Published>(platform, '/workers', { body: form });
}

async function workerCount(): Promise<number> {
  return (await ask<{ count: number }>(platform, '/workers')).data.count;
}

describe('a new worker', () => {
  test('is published as v1.0.1 under the name made from its title', async () => {
    const answer = await create(
      uploadForm(packageZip(), { title: ' Größe & Preis ', description: 'Misst.', categories: '7' }),
    );
    expect(answer.data).toMatchObject({
      slug: expect.stringMatching(/^[0-9A-HJKMNP-TV-Z]{26}$/),
      path: 'tester~grosse-preis',
      version: 'v1.0.1',
    });
    expect(answer.data.warnings).toContainEqual(expect.objectContaining({ file: 'output_schema.json' }));
  });

  test('accepts its own name, and uses that as the title by default', async () => {
    const { data } = await create(uploadForm(packageZip(), { name: 'own-name' }));
    expect(data.path).toBe('tester~own-name');
    const { data: page } = await ask<{ list: { title: string }[] }>(platform, '/workers?keyword=own-name');
    expect(page.list).toEqual([expect.objectContaining({ title: 'own-name' })]);
  });

  test('without an input schema is a worker without fields', async () => {
    const { data } = await create(
      uploadForm(packageZip({ 'input_schema.json': undefined }), { title: 'No fields' }),
    );
    expect(data.warnings).toContainEqual(expect.objectContaining({ file: 'input_schema.json' }));
    const answer = await ask<{ input_schema: unknown }>(platform, `/workers/${data.slug}/input-schema`);
    expect(answer.data.input_schema).toEqual({ properties: [] });
  });
});

describe('these uploads are refused, with nothing published and nothing left on disk:', () => {
  test.each<[string, () => FormData, number, RegExp]>([
    [
      'no file',
      () => uploadForm(undefined, { title: 'T' }),
      422,
      /^the form has no file named scraper_file: send the zip in that field$/,
    ],
    ['an empty form', () => new FormData(), 422, /no file named scraper_file/],
    [
      'the file as text',
      () => uploadForm(undefined, { title: 'T', scraper_file: 'PK' }),
      422,
      /no file named scraper_file/,
    ],
    [
      'two files',
      () => {
        const form = uploadForm(packageZip(), { title: 'T' });
        form.append('scraper_file', new Blob(['second']), 'second.zip');
        return form;
      },
      422,
      /^the form has more than one scraper_file: send exactly one$/,
    ],
    ['no title and no name', () => uploadForm(packageZip()), 400, /^title is required: /],
    ['a blank title', () => uploadForm(packageZip(), { title: '  ' }), 400, /^title is required: /],
    [
      'a title that is too long',
      () => uploadForm(packageZip(), { title: 'x'.repeat(201) }),
      422,
      /^title must not be longer than 200 characters$/,
    ],
    [
      'a description that is too long',
      () => uploadForm(packageZip(), { title: 'T', description: 'x'.repeat(100_000) }),
      422,
      /^description must not be longer than 5000 characters$/,
    ],
    [
      'U+0000 in the title',
      () => uploadForm(packageZip(), { title: 'a\0b' }),
      422,
      /^title must not contain the character U\+0000$/,
    ],
    [
      'a category that is not a number',
      () => uploadForm(packageZip(), { title: 'T', categories: '1,2' }),
      422,
      /^categories must be one whole number$/,
    ],
    [
      'a category beyond any integer',
      () => uploadForm(packageZip(), { title: 'T', categories: '9'.repeat(15) }),
      422,
      /^categories must be one whole number$/,
    ],
    [
      'a name with a slash',
      () => uploadForm(packageZip(), { name: 'a/b' }),
      400,
      /^a worker name must have 1 to 64 /,
    ],
    [
      'a name with a tilde',
      () => uploadForm(packageZip(), { name: 'a~b' }),
      400,
      /^a worker name must have 1 to 64 /,
    ],
    [
      'a name in capitals',
      () => uploadForm(packageZip(), { name: 'Name' }),
      400,
      /^a worker name must have 1 to 64 /,
    ],
    [
      'a name that is taken',
      () => uploadForm(packageZip(), { title: 'Existing' }),
      400,
      /^worker tester~existing already exists: upload a new version of it/,
    ],
    [
      'too many form fields',
      () =>
        uploadForm(
          packageZip(),
          Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`f${index}`, ''])),
        ),
      422,
      /./,
    ],
    ['no bytes', () => uploadForm(Buffer.alloc(0), { title: 'T' }), 400, /not a readable zip/],
    ['not a zip', () => uploadForm(Buffer.from('#!/bin/sh\n'), { title: 'T' }), 400, /not a readable zip/],
    [
      'a truncated zip',
      () => uploadForm(packageZip().subarray(0, 300), { title: 'T' }),
      400,
      /not a readable zip/,
    ],
    ['a zip without files', () => uploadForm(hostileZip([]), { title: 'T' }), 400, /has no files/],
    [
      'a zip with a damaged entry',
      () => uploadForm(hostileZip([{ name: 'main.js', data: 'a', crc: 1 }]), { title: 'T' }),
      400,
      /is damaged: its checksum is wrong/,
    ],
    [
      'a path outside the root',
      () => uploadForm(hostileZip([{ name: '../../evil.js', data: 'a' }]), { title: 'T' }),
      400,
      /evil\.js/,
    ],
    [
      'an absolute path',
      () => uploadForm(hostileZip([{ name: '/etc/evil', data: 'a' }]), { title: 'T' }),
      400,
      /evil/,
    ],
    [
      'a symbolic link',
      () =>
        uploadForm(hostileZip([{ name: 'main.js', data: '/etc/passwd', mode: 0o120777 }]), { title: 'T' }),
      400,
      /is a symbolic link/,
    ],
    [
      'a zip bomb',
      () => uploadForm(hostileZip([{ name: 'main.js', data: '\0'.repeat(50_000_000) }]), { title: 'T' }),
      400,
      /larger than 1000000 bytes together/,
    ],
    [
      'more files than allowed',
      () =>
        uploadForm(hostileZip(Array.from({ length: 60 }, (_, index) => ({ name: `f${index}` }))), {
          title: 'T',
        }),
      400,
      /more than 50 files/,
    ],
    [
      'no entry file',
      () => uploadForm(packageZip({ 'main.js': undefined }), { title: 'T' }),
      400,
      /has no entry file/,
    ],
    [
      'an output schema that is nested too deeply to be serialized',
      () => {
        const description = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
        const schema = `[{"name": "a", "type": "string", "description": ${description}}]`;
        return uploadForm(packageZip({ 'output_schema.json': schema }), { title: 'T' });
      },
      400,
      /^output_schema\.json: is not valid JSON: it is nested deeper than 200 levels$/,
    ],
    [
      'two entry files',
      () => uploadForm(packageZip({ 'main.py': '' }), { title: 'T' }),
      400,
      /has more than one entry file/,
    ],
    [
      'an input schema that is not JSON',
      () => uploadForm(packageZip({ 'input_schema.json': schemaText.slice(1) }), { title: 'T' }),
      400,
      /input_schema\.json/,
    ],
    [
      'an input schema with U+0000',
      () => uploadForm(packageZip({ 'input_schema.json': `\0${schemaText}` }), { title: 'T' }),
      400,
      /input_schema\.json/,
    ],
  ])('%s', async (_name, form, status, message) => {
    const before = await workerCount();
    const answer = await create(form());
    expect({ ...errorOf(answer), message: answer.message }).toEqual({
      status,
      code: 11000,
      message: expect.stringMatching(message),
    });
    expect(await workerCount()).toBe(before);
  });

  test('a package over the limit is 413', async () => {
    for (const size of [packageLimitBytes + 1, 30_000_000]) {
      const answer = await create(uploadForm(randomBytes(size), { title: 'T' }));
      expect(errorOf(answer)).toEqual({ status: 413, code: 11000 });
      expect(answer.message).toBe(`the package is larger than the limit of ${packageLimitBytes} bytes`);
    }
  });

  test.each([
    ['no boundary', 'multipart/form-data', 'text'],
    ['no part at all', 'multipart/form-data; boundary=x', 'text'],
    [
      'a truncated file',
      'multipart/form-data; boundary=x',
      '--x\r\ncontent-disposition: form-data; name="scraper_file"; filename="a.zip"\r\n\r\nPK',
    ],
    [
      'a truncated field',
      'multipart/form-data; boundary=x',
      '--x\r\ncontent-disposition: form-data; name="title"\r\n\r\nT',
    ],
    ['a truncated header', 'multipart/form-data; boundary=x', '--x\r\ncontent-dispo'],
    [
      'a field named __proto__',
      'multipart/form-data; boundary=x',
      '--x\r\ncontent-disposition: form-data; name="__proto__"\r\n\r\nT\r\n--x--\r\n',
    ],
  ])('a broken form is 400: %s', async (_name, type, body) => {
    const answer = await ask(platform, '/workers', { body, headers: { 'content-type': type } });
    expect(errorOf(answer)).toEqual({ status: 400, code: 11000 });
  });

  test.each([
    ['application/json', '{}'],
    ['text/plain', 'x'],
    ['application/zip', 'PK'],
  ])('a body that is not a form is 415: %s', async (type, body) => {
    const answer = await ask(platform, '/workers', { body, headers: { 'content-type': type } });
    expect(errorOf(answer)).toEqual({ status: 415, code: 11000 });
    expect(answer.message).toContain('multipart/form-data');
  });

  test('a hostile zip writes no file outside its folder', async () => {
    const form = uploadForm(hostileZip([{ name: 'a.js' }, { name: '../../evil.js', data: 'a' }]), {
      title: 'T',
    });
    expect((await create(form)).status).toBe(400);
    const names = await readdir(platform.platform.config.cacheDir, { recursive: true });
    expect(names.filter((name) => path.basename(name) === 'evil.js')).toEqual([]);
  });
});
