/** A platform whose blobs are moved from its data folder to a bucket, by `chela storage move`. */
import { access, readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { startS3Server, type S3Server } from '../storage/support/s3-server.ts';
import type { TestClient } from '../support/test-client.ts';
import { DataFolder, runChela, type Environment } from './support/chela-process.ts';

let server: S3Server;
let folder: DataFolder;
beforeAll(async () => {
  [server, folder] = await Promise.all([startS3Server(), DataFolder.make()]);
});
afterAll(async () => {
  await folder.remove();
  await server.stop();
});

async function storedFiles(): Promise<string[]> {
  const storage = path.join(folder.path, 'storage');
  const entries = await readdir(storage, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
}

async function exportLink(client: TestClient, slug: string): Promise<string> {
  const { data } = await client.call<{ download_url: string }>(
    `/worker-runs/${slug}/result/export?format=csv`,
  );
  return data.download_url;
}

test('the platform works before, during and after the move, and loses nothing', async () => {
  const bucket = await server.bucket('moved');
  const inBucket: Environment = {
    CHELA_STORAGE: 's3',
    CHELA_S3_BUCKET: bucket.s3Bucket,
    CHELA_S3_ENDPOINT: bucket.s3Endpoint,
    CHELA_S3_REGION: bucket.s3Region,
    CHELA_S3_ACCESS_KEY_ID: bucket.s3AccessKeyId,
    CHELA_S3_SECRET_ACCESS_KEY: bucket.s3SecretAccessKey,
    CHELA_S3_PATH_STYLE: '1',
  };
  const during = { ...inBucket, CHELA_STORAGE_PREVIOUS: 'folder' };

  const before = await folder.start();
  const { slug } = (await before.client.call<{ slug: string }>('/workers/chela~hello/runs/last')).data;
  await expect.poll(async () => (await before.client.run(slug)).status).toBe('succeeded');
  const csv = await (await fetch(await exportLink(before.client, slug))).text();
  expect(csv).toContain('Hello');
  expect((await storedFiles()).length).toBeGreaterThan(1);
  before.process.signal('SIGTERM');
  await before.process.ended;

  const { process: chela, client } = await folder.start(during);
  expect(await (await fetch(await exportLink(client, slug))).text(), 'from the folder').toBe(csv);
  const moved = await runChela(['storage', 'move'], { ...during, CHELA_DATA_DIR: folder.path });
  expect(moved).toMatchObject({
    exitCode: 0,
    output: expect.stringMatching(/^moved [2-9]\d* blobs, [\d.]+ MiB$/m) as string,
  });
  expect(await storedFiles()).toEqual([]);
  expect(await (await fetch(await exportLink(client, slug))).text(), 'from the bucket').toBe(csv);
  expect(await runChela(['storage', 'move'], { ...during, CHELA_DATA_DIR: folder.path })).toMatchObject({
    exitCode: 0,
    output: expect.stringMatching(/^moved 0 blobs/m) as string,
  });
  chela.signal('SIGTERM');
  await chela.ended;

  const after = await folder.start({ ...inBucket, CHELA_DOWNLOADS: 'storage' });
  const redirect = await fetch(await exportLink(after.client, slug), { redirect: 'manual' });
  expect(redirect.status).toBe(302);
  expect(redirect.headers.get('location')).toContain(bucket.s3Endpoint);
  expect(await (await fetch(redirect.headers.get('location') ?? '')).text()).toBe(csv);

  const { s3Bucket } = await server.bucket('backups');
  const backups = {
    ...inBucket,
    CHELA_BACKUP_TO: `s3://${s3Bucket}/of/chela`,
    CHELA_BACKUP_PASSWORD: 'a password',
  };
  const besideBlobs = { ...backups, CHELA_DATA_DIR: folder.path, CHELA_BACKUP_TO: 's3://moved/backups' };
  expect((await runChela(['backup'], besideBlobs)).output).toContain('is among the stored blobs');
  const made = await runChela(['backup'], { ...backups, CHELA_DATA_DIR: folder.path });
  expect(made).toMatchObject({
    exitCode: 0,
    output: expect.stringMatching(/^chela-\S+: \d+ rows, [2-9]\d* blobs \(.*\) in .*, encrypted$/m) as string,
  });
  expect(await runChela(['restore'], { ...backups, CHELA_DATA_DIR: folder.path })).toMatchObject({
    exitCode: 1,
    output: expect.stringContaining('Chela is already running in') as string,
  });
  after.process.signal('SIGTERM');
  await after.process.ended;

  // Another machine, which stores its blobs in a folder.
  const elsewhere = { ...backups, CHELA_STORAGE: 'folder' };
  const verified = await runChela(['backup', 'verify'], elsewhere);
  expect(verified.output).toMatch(/^chela-\S+ is complete: /m);
  const restored = await DataFolder.make();
  onTestFinished(async () => restored.remove());
  expect(await runChela(['restore'], { ...elsewhere, CHELA_DATA_DIR: restored.path })).toMatchObject({
    exitCode: 0,
    output: expect.stringMatching(/^restored \d+ rows, [2-9]\d* blobs/m) as string,
  });
  expect(await runChela(['restore'], { ...elsewhere, CHELA_DATA_DIR: restored.path })).toMatchObject({
    exitCode: 1,
    output: expect.stringMatching(/the database is not empty, it has 2 accounts, .* add --replace/) as string,
  });
  const { process: copy, client: copied } = await restored.start({ CHELA_STORAGE: 'folder' });
  expect(await (await fetch(await exportLink(copied, slug))).text(), 'on the other machine').toBe(csv);
  copy.signal('SIGTERM');
  await copy.ended;
});

test('the program does not start with a bucket that does not exist, and says so', async () => {
  const end = await runChela(['up'], {
    CHELA_DATA_DIR: path.join(folder.path, 'unused'),
    CHELA_STORAGE: 's3',
    CHELA_S3_BUCKET: 'nowhere',
    CHELA_S3_ENDPOINT: server.url,
    CHELA_S3_ACCESS_KEY_ID: 'test',
    CHELA_S3_SECRET_ACCESS_KEY: 'test',
    CHELA_S3_PATH_STYLE: '1',
  });
  expect(end.exitCode).toBe(1);
  expect(end.output).toContain(`the bucket nowhere at ${server.url} cannot be used: it does not exist`);
  await expect(access(path.join(folder.path, 'unused', 'postgres'))).rejects.toThrow('ENOENT');
});

test.each<[Environment, string]>([
  [{ CHELA_STORAGE: 's3' }, 'CHELA_S3_BUCKET must be set'],
  [{ CHELA_STORAGE_PREVIOUS: 'folder' }, 'CHELA_STORAGE_PREVIOUS must differ from CHELA_STORAGE'],
  [{ CHELA_DOWNLOADS: 'storage' }, 'CHELA_DOWNLOADS=storage needs CHELA_STORAGE=s3'],
  [{ CHELA_BACKUP_AT: '03:00' }, 'CHELA_BACKUP_TO must be set if CHELA_BACKUP_AT is'],
  [
    { CHELA_BACKUP_PASSWORD: 'x', CHELA_BACKUP_KEY_FILE: 'x' },
    'only one of CHELA_BACKUP_PASSWORD and CHELA_BACKUP_KEY_FILE may be set',
  ],
])('settings that contradict each other are refused: %o', async (environment, message) => {
  const end = await runChela(['storage', 'move'], environment);
  expect(end).toMatchObject({ exitCode: 1, output: expect.stringContaining(message) as string });
});
