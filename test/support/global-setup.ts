/** One PostgreSQL for the whole test run, with a migrated database that every test file clones. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import type { TestProject } from 'vitest/node';
import { migrate } from '../../src/database/migrations.ts';
import { Events } from '../../src/events/events.ts';
import { Jobs } from '../../src/jobs/jobs.ts';
import { buildConsole } from '../../scripts/build-console.mjs';
import { buildServer } from '../../scripts/build-server.mjs';
import { startDatabaseServer } from './database-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Connection URL of the template database. */
    templateUrl: string;
    /** The folder in which all test platforms cache packages and dependencies; sandboxes can reach it. */
    cacheDir: string;
  }
}

/** Creates the tables of pg-boss, which every platform would otherwise create in its clone. */
async function createJobQueue(url: string): Promise<void> {
  const jobs = new Jobs(url, new Events(pino({ level: 'error' })));
  await jobs.start();
  await jobs.stop();
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  if (!buildServer()) throw new Error('the program could not be built');
  if (!buildConsole()) throw new Error('the console could not be built');
  const cacheDir = await mkdtemp(path.join(tmpdir(), 'chela-test-cache-'));
  await chmod(cacheDir, 0o755);
  const server = await startDatabaseServer();
  await migrate(server.templateUrl);
  await createJobQueue(server.templateUrl);
  project.provide('templateUrl', server.templateUrl);
  project.provide('cacheDir', cacheDir);
  return async () => {
    await server.stop();
    await rm(cacheDir, { recursive: true, force: true });
  };
}
