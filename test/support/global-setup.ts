/** One PostgreSQL for the whole test run, with a migrated database that every test file clones. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import type { TestProject } from 'vitest/node';
import { EmbeddedPostgres } from '../../src/database/embedded-postgres.ts';
import { migrate } from '../../src/database/migrations.ts';
import { buildConsole } from '../../scripts/build-console.mjs';

declare module 'vitest' {
  interface ProvidedContext {
    /** Connection URL of the template database. */
    templateUrl: string;
    /** Folder that all test platforms cache packages and dependencies in; sandboxes can reach it. */
    cacheDir: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  if (!buildConsole()) throw new Error('the console could not be built');
  const folder = await mkdtemp(path.join(tmpdir(), 'chela-test-'));
  const cacheDir = await mkdtemp(path.join(tmpdir(), 'chela-test-cache-'));
  await chmod(cacheDir, 0o755);
  const server = new EmbeddedPostgres({
    dataDir: path.join(folder, 'postgres'),
    logger: pino({ level: 'error' }),
    // What tests store is gone with the run.
    parameters: { fsync: 'off', max_connections: '500' },
  });
  await server.start();
  await migrate(server.url());
  project.provide('templateUrl', server.url());
  project.provide('cacheDir', cacheDir);
  return async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
    await rm(cacheDir, { recursive: true, force: true });
  };
}
