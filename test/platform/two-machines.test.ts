/** An API and a runner that share only the database and a bucket, like two machines. */
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Platform } from '../../src/platform/platform.ts';
import { publishWorker } from '../http/packages.ts';
import { startS3Server, type S3Server } from '../storage/support/s3-server.ts';
import { startTestPlatform, testConfig, type TestPlatform } from '../support/test-platform.ts';

let server: S3Server;
let folder: string;
let api: TestPlatform;
let runner: Platform;
beforeAll(async () => {
  server = await startS3Server();
  const blobs = { storage: 's3', ...(await server.bucket('two-machines')), downloads: 'api' } as const;
  api = await startTestPlatform(blobs, { api: true, runner: false });
  // The sandbox's user must reach the cache.
  folder = await mkdtemp(path.join(tmpdir(), 'chela-test-machine-'));
  await chmod(folder, 0o755);
  const config = testConfig(path.join(folder, 'data'), { ...blobs, cacheDir: path.join(folder, 'cache') });
  const logger = pino({ level: 'silent' });
  runner = await Platform.open({ config, logger, parts: { api: false, runner: true } }, api.databaseUrl);
  await runner.start();
});
afterAll(async () => {
  await runner.stop(0);
  await api.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

const main = `
const keep = (name, body) => fetch(process.env.CHELA_FILES_URL + '/' + name, { method: 'PUT', body });
keep('page.txt', 'kept on the other machine').then((answer) => console.log(answer.status));
`;

test('a worker uploaded to the one runs on the other, and the file that it keeps is read from the first', async () => {
  const workerId = await publishWorker(api, 'Two machines', { files: { 'main.js': main } });
  const run = await api.finished(await api.runAsync(workerId, {}));
  expect(run.status).toBe('succeeded');
  const { data } = await api.call<{ list: { name: string; download_url: string }[] }>(
    `/worker-runs/${run.slug}/files`,
  );
  expect(data.list.map(({ name }) => name)).toEqual(['page.txt']);
  const [file] = data.list;
  expect(await (await fetch(file?.download_url ?? '')).text()).toBe('kept on the other machine');
  await expect(readdir(path.join(api.platform.config.dataDir, 'storage'))).rejects.toThrow('ENOENT');
  await expect(readdir(path.join(folder, 'data', 'storage'))).rejects.toThrow('ENOENT');
});
