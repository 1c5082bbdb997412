/** Packages that take more time or memory to read than the configuration allows: in an API, and in a runner. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Config } from '../../src/configuration/configuration.ts';
import { Platform } from '../../src/platform/platform.ts';
import { packageZip, publishWorker, uploadForm } from '../http/packages.ts';
import { startTestPlatform, testConfig, type TestPlatform } from '../support/test-platform.ts';

/** No machine writes that many files in less time. */
const tooShortSeconds = 0.001;
const manyFiles = Object.fromEntries(Array.from({ length: 300 }, (_, number) => [`data/${number}.txt`, '.']));

let cacheDir: string;
let api: TestPlatform;
beforeAll(async () => {
  cacheDir = await mkdtemp(path.join(tmpdir(), 'chela-test-limits-'));
  api = await startTestPlatform({ cacheDir }, { api: true, runner: false });
});
afterAll(async () => {
  await api.close();
  await rm(cacheDir, { recursive: true, force: true });
});

test.each<[string, Partial<Config>, string]>([
  [
    'time',
    { packageTimeLimitSeconds: tooShortSeconds },
    `reading the package took longer than ${tooShortSeconds} s (CHELA_PACKAGE_TIME_LIMIT_SECONDS): remove files that the worker does not need`,
  ],
  [
    'memory',
    { packageMemoryMegabytes: 1 },
    'reading the package used more memory than 1 MB (CHELA_PACKAGE_MEMORY_MB): remove files that the worker does not need',
  ],
])('an upload over the limit of %s is refused and leaves nothing behind', async (limit, config, message) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'chela-test-limits-'));
  const strict = await startTestPlatform({ cacheDir: folder, ...config }, { api: true, runner: false });
  onTestFinished(async () => {
    await strict.close();
    await rm(folder, { recursive: true, force: true });
  });
  const body = uploadForm(packageZip(manyFiles), { title: `Many files, little ${limit}` });
  const answer = await strict.call('/workers', { body });
  expect(answer).toMatchObject({ status: 400, code: 11000, message });
  expect(await readdir(path.join(folder, 'packages'))).toEqual([]);
  expect((await api.call('/workers', { body })).code).toBe(0);
});

test("a run whose dependencies take too long to read fails with that limit, which the version's installation records", async () => {
  const resolved = Array.from({ length: 100_000 }, (_, number) => [
    `node_modules/package-${number}`,
    { version: '1.0.0' },
  ]);
  const workerId = await publishWorker(api, 'Long lock', {
    files: {
      'package.json': JSON.stringify({ dependencies: { 'package-1': '1.0.0' } }),
      'package-lock.json': JSON.stringify({ lockfileVersion: 3, packages: Object.fromEntries(resolved) }),
    },
  });
  const { dataDir } = api.platform.config;
  const config = testConfig(dataDir, { cacheDir, packageTimeLimitSeconds: tooShortSeconds });
  const logger = pino({ level: 'silent' });
  const runner = await Platform.open(
    { config, logger, parts: { api: false, runner: true } },
    api.databaseUrl,
  );
  onTestFinished(async () => runner.stop(0));
  await runner.start();
  const reason = `reading the dependencies of the package took longer than ${tooShortSeconds} s (CHELA_PACKAGE_TIME_LIMIT_SECONDS)`;
  expect(await api.installed(workerId)).toMatchObject({ status: 'failed', err_msg: reason });
  const run = await api.finished(await api.runAsync(workerId, {}));
  expect(run).toMatchObject({ status: 'failed', err_msg: `could not be executed: ${reason}` });
});
