/** A platform whose blobs are moved from its data folder to a bucket, by `chela storage move`. */
import { access, readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
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
  after.process.signal('SIGTERM');
  await after.process.ended;
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
])('settings that contradict each other are refused: %o', async (environment, message) => {
  const end = await runChela(['storage', 'move'], environment);
  expect(end).toMatchObject({ exitCode: 1, output: expect.stringContaining(message) as string });
});
