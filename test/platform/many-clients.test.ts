import { afterAll, beforeAll, expect, test } from 'vitest';
import { mixClients } from '../support/client-mix.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { publishWorker } from '../http/packages.ts';

/** CHELA_SOAK_SECONDS=60 keeps the clients working for a minute; without it each takes a few steps. */
const soakSeconds = Number(process.env['CHELA_SOAK_SECONDS'] ?? 0);
const stepsPerClient = 6;

let platform: TestPlatform;
let worker: string;

beforeAll(async () => {
  platform = await startTestPlatform({ databasePoolSize: 20 });
  worker = await publishWorker(platform, 'Everybody’s');
});
afterAll(async () => platform.close());

async function number(query: string): Promise<number> {
  const { rows } = await platform.platform.database.pool.query<{ value: number }>(
    `SELECT (${query})::bigint AS value`,
  );
  return rows[0]?.value ?? Number.NaN;
}

test(
  '64 clients that do everything at once get no 500 and no deadlock, and every run ends',
  { timeout: (soakSeconds + 240) * 1000 },
  async () => {
    const end = Date.now() + soakSeconds * 1000;
    const goesOn = (steps: number): boolean => (soakSeconds > 0 ? Date.now() < end : steps < stepsPerClient);
    const statuses = await mixClients(platform, worker, { clients: 64, goesOn });
    expect([...statuses.keys()].filter((status) => status >= 500)).toEqual([]);
    expect(statuses.get(200)).toBeGreaterThan(64);

    const { rows } = await platform.platform.database.pool.query<{ slug: string }>('SELECT slug FROM run');
    for (const { slug } of rows) {
      expect(['succeeded', 'failed']).toContain((await platform.finished(slug, 120_000)).status);
    }
    expect(await number('SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()')).toBe(0);
    expect(await number("SELECT count(*) FROM subtask WHERE status IN ('ready', 'running')")).toBe(0);
    expect(
      await number(
        'SELECT count(*) FROM run WHERE subtasks_finished <> subtask_count OR finished_at IS NULL',
      ),
    ).toBe(0);
    expect(
      await number(`SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND state LIKE 'idle in transaction%'`),
    ).toBe(0);
  },
);
