/** A whole platform for a test file: real database, real sandboxes, listening on a free port of loopback. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino, type Logger } from 'pino';
import { inject } from 'vitest';
import { readConfig, type Config } from '../../src/configuration/configuration.ts';
import { Platform, type PlatformParts } from '../../src/platform/platform.ts';
import { TestClient, type RunShape } from './test-client.ts';
import { createTestDatabase } from './test-database.ts';

export type { Answer, FinishedRunShape, RunShape } from './test-client.ts';

export class TestPlatform extends TestClient {
  readonly platform: Platform;
  readonly databaseUrl: string;
  readonly #dispose: () => Promise<void>;

  constructor(parts: {
    platform: Platform;
    url: string;
    key: string;
    databaseUrl: string;
    dispose: () => Promise<void>;
  }) {
    super(parts.url, parts.key);
    this.platform = parts.platform;
    this.databaseUrl = parts.databaseUrl;
    this.#dispose = parts.dispose;
  }

  /** Resolves once the run has ended. */
  async finished(slug: string, limitMilliseconds = 240_000): Promise<RunShape> {
    const { rows } = await this.platform.database.pool.query<{ id: number }>(
      'SELECT id FROM run WHERE slug = $1',
      [slug],
    );
    const ended = await this.platform.runs.wait.untilFinished(rows[0]?.id ?? 0, limitMilliseconds);
    if (!ended) throw new Error(`run ${slug} did not end`);
    return this.run(slug);
  }

  /** Resolves once a line of the run's log contains the text. */
  async logged(slug: string, text: string): Promise<void> {
    const deadline = Date.now() + 120_000;
    for (;;) {
      const { rowCount } = await this.platform.database.pool.query(
        `SELECT FROM log_line JOIN run ON run.id = log_line.run_id WHERE run.slug = $1 AND strpos(content, $2) > 0`,
        [slug, text],
      );
      if (rowCount) return;
      if (Date.now() > deadline) throw new Error(`run ${slug} never logged ${text}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Another account and its key. */
  async otherAccount(name: string): Promise<{ id: number; key: string }> {
    const { accounts } = this.platform;
    const { id } = await accounts.ensure(name);
    return { id, key: await accounts.createKey(id, 'test') };
  }

  async close(): Promise<void> {
    await this.#dispose();
  }
}

/** Settings of a test platform: quiet, on a free port, with caches shared by all tests. */
export function testConfig(dataDir: string, overrides: Partial<Config> = {}): Config {
  return {
    ...readConfig({}),
    dataDir,
    cacheDir: inject('cacheDir'),
    port: 0,
    logLevel: 'silent',
    stopGraceSeconds: 0,
    databasePoolSize: 8,
    ...overrides,
  };
}

/** @param logger a silent one by default */
export async function startTestPlatform(
  overrides: Partial<Config> = {},
  parts: PlatformParts = { api: true, runner: true },
  logger?: Logger,
): Promise<TestPlatform> {
  const database = await createTestDatabase();
  const dataDir = await mkdtemp(path.join(tmpdir(), 'chela-test-data-'));
  const config = testConfig(dataDir, overrides);
  const platform = await Platform.open(
    { config, logger: logger ?? pino({ level: config.logLevel }), parts },
    database.url,
  );
  const address = await platform.start();
  const account = await platform.accounts.ensure('tester');
  return new TestPlatform({
    platform,
    url: address ?? '',
    key: await platform.accounts.createKey(account.id, 'test'),
    databaseUrl: database.url,
    dispose: async () => {
      await platform.stop(0);
      await database.drop();
      await rm(dataDir, { recursive: true, force: true });
    },
  });
}
