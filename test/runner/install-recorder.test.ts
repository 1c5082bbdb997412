import { setImmediate } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { Database } from '../../src/database/database.ts';
import { InstallRecorder } from '../../src/runner/dependencies/install-recorder.ts';
import { DependencyInstalls } from '../../src/workers/dependency-installs.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';

let platform: TestPlatform;
beforeAll(async () => {
  platform = await startTestPlatform({}, { api: true, runner: false });
});
afterAll(async () => platform.close());

test('a failure to create the record ends neither the installation nor the process', async () => {
  const logger = pino({ level: 'silent' });
  // One connection, so statements run one after another.
  const database = new Database({ url: platform.databaseUrl, poolSize: 1, logger });
  onTestFinished(async () => database.close());
  const installs = new DependencyInstalls(database, platform.platform.jobs);
  // PostgreSQL refuses a number that no version can have.
  const versionId = Number.MAX_VALUE;
  const { events } = platform.platform;
  const recorder = new InstallRecorder({ installs, versionId, lineLimit: 10, events });
  const unhandled: unknown[] = [];
  const note = (error: unknown): void => void unhandled.push(error);
  process.on('unhandledRejection', note);
  recorder.print('a first line');
  // This statement is refused after the one that creates the record.
  await expect(installs.begin(versionId)).rejects.toThrow('invalid input syntax');
  await setImmediate();
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
  await recorder.end('installed');
});
