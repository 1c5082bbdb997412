import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { claimSubtasks, releaseStrays } from '../../src/runner/claimer.ts';
import type { ClaimedSubtask } from '../../src/runner/execution/claimed-subtask.ts';
import { processIdentity } from '../../src/host/process-identity.ts';
import { endLease, registerRunner } from '../../src/runner/lease.ts';
import { recoverLostSubtasks, Watchman } from '../../src/runner/watchman.ts';
import { Platform } from '../../src/platform/platform.ts';
import { startTestPlatform, testConfig, type TestPlatform } from '../support/test-platform.ts';
import { makePublic } from '../http/packages.ts';
import { TestClient } from '../support/test-client.ts';
import { eventually } from '../platform/support/eventually.ts';
import { publishScriptedWorker } from '../platform/support/scripted-worker.ts';

const logger = pino({ level: 'silent' });
const tenSlots = { runnerSlots: 10, sandbox: 'bubblewrap' } as const;
const numbers = (count: number) => Array.from({ length: count }, (_, index) => String(index + 1));

let platform: TestPlatform;
let worker: string;
beforeEach(async () => {
  // With such a lease, its own watchman does not look while a test runs.
  platform = await startTestPlatform({ runnerLeaseSeconds: 3600 }, { api: true, runner: false });
  worker = await publishScriptedWorker(platform, 'Scripted');
});
afterEach(async () => platform.close());

async function submit(count: number): Promise<string> {
  return platform.runAsync(worker, { script: '', items: numbers(count) });
}

async function claim(runnerId: number, count: number): Promise<ClaimedSubtask[]> {
  return claimSubtasks(platform.platform, runnerId, count);
}

/** Starts runs of a new account. @returns the account's name by the slug of each run */
async function submitAs(name: string, counts: readonly number[]): Promise<[string, string][]> {
  const { key } = await platform.otherAccount(name);
  const client = new TestClient(platform.url, key);
  await makePublic(platform, worker);
  const runs: [string, string][] = [];
  for (const count of counts) {
    const slug = await client.runAsync(worker, { script: '', items: numbers(count) });
    runs.push([slug, name]);
  }
  return runs;
}

describe('claiming', () => {
  test('gives each subtask to exactly one of many runners that claim at once', async () => {
    const slugs = [await submit(150), await submit(100)];
    const { database } = platform.platform;
    const runners = await Promise.all(numbers(6).map(async () => registerRunner(database, tenSlots)));
    const claimed = await Promise.all(
      runners.map(async (runnerId) => {
        const own: ClaimedSubtask[] = [];
        for (;;) {
          const batch = await claim(runnerId, 7);
          if (batch.length === 0) return own;
          expect(batch.length).toBeLessThanOrEqual(7);
          own.push(...batch);
        }
      }),
    );
    expect(new Set(claimed.flat().map(({ id }) => id)).size).toBe(250);
    expect(claimed.flat()).toHaveLength(250);
    for (const slug of slugs) expect((await platform.run(slug)).status).toBe('running');
    const { rows } = await database.pool.query('SELECT DISTINCT status, attempt FROM subtask');
    expect(rows).toEqual([{ status: 'running', attempt: 1 }]);
  });

  test('lets runs take turns: the first subtasks of all runs come before the second ones of any', async () => {
    const [big, small] = [await submit(20), await submit(2)];
    const runnerId = await registerRunner(platform.platform.database, tenSlots);
    const order = (await claim(runnerId, 4)).map(({ run_slug: slug, number }) => ({ slug, number }));
    expect(
      order.toSorted((one, other) => one.number - other.number || (one.slug < other.slug ? -1 : 1)),
    ).toEqual([1, 2].flatMap((number) => [big, small].toSorted().map((slug) => ({ slug, number }))));
  });

  test('has a run that arrives later join the current turn, so that neither it nor earlier runs wait', async () => {
    const first = await submit(10);
    const runnerId = await registerRunner(platform.platform.database, tenSlots);
    await claim(runnerId, 6);
    const second = await submit(10);
    const order: string[] = [];
    for (let turn = 0; turn < 6; turn += 1) {
      const [claimed] = await claim(runnerId, 1);
      order.push(claimed?.run_slug ?? '');
    }
    expect(order).toEqual([first, second, first, second, first, second]);
  });

  describe('between accounts', () => {
    test('the one with fewer running subtasks comes first, however many the others have waiting', async () => {
      const owners = new Map([
        ...(await submitAs('big', [1000, ...Array.from({ length: 20 }, () => 1)])),
        ...(await submitAs('late', [3])),
      ]);
      const runnerId = await registerRunner(platform.platform.database, tenSlots);
      const order: (string | undefined)[] = [];
      for (let turn = 0; turn < 7; turn += 1) {
        const [claimed] = await claim(runnerId, 1);
        order.push(owners.get(claimed?.run_slug ?? ''));
      }
      expect(order).toEqual(['big', 'late', 'big', 'late', 'big', 'late', 'big']);
    });

    test('free slots are shared equally', async () => {
      const owners = new Map([...(await submitAs('first', [50])), ...(await submitAs('second', [50]))]);
      const runnerId = await registerRunner(platform.platform.database, tenSlots);
      const claimed = (await claim(runnerId, 6)).map(({ run_slug: slug }) => owners.get(slug));
      expect(claimed.filter((name) => name === 'first')).toHaveLength(3);
      expect(claimed.filter((name) => name === 'second')).toHaveLength(3);
    });
  });

  test('puts back what a runner owns but does not execute', async () => {
    await submit(3);
    const { database } = platform.platform;
    const [runnerId, other] = [
      await registerRunner(database, tenSlots),
      await registerRunner(database, tenSlots),
    ];
    const [first] = await claim(runnerId, 2);
    await claim(other, 1);
    await releaseStrays(database, runnerId, [first?.id ?? 0]);
    const { rows } = await database.pool.query(
      'SELECT number, status, runner_id FROM subtask ORDER BY number',
    );
    expect(rows).toEqual([
      { number: 1, status: 'running', runner_id: runnerId },
      { number: 2, status: 'ready', runner_id: null },
      { number: 3, status: 'running', runner_id: other },
    ]);
  });

  test('gives nothing to a runner whose lease has ended', async () => {
    const { database } = platform.platform;
    const slug = await submit(2);
    const runnerId = await registerRunner(database, tenSlots);
    expect(await claim(runnerId, 1)).toHaveLength(1);
    await endLease(database, runnerId);
    expect(await claim(runnerId, 1)).toEqual([]);
    expect((await platform.run(slug)).finished_at).toBe(0);
    expect(await claim(await registerRunner(database, tenSlots), 2)).toHaveLength(1);
  });

  test('waits for a lease that is being ended, then gives nothing', async () => {
    const { database } = platform.platform;
    await submit(1);
    const runnerId = await registerRunner(database, tenSlots);
    let claiming: Promise<ClaimedSubtask[]> = Promise.resolve([]);
    await database.transaction(async (client) => {
      await client.query('DELETE FROM runner WHERE id = $1', [runnerId]);
      claiming = claim(runnerId, 1);
      await eventually(async () => {
        const { rowCount } = await database.pool.query(
          `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        );
        return rowCount === 1 ? true : undefined;
      });
    });
    expect(await claiming).toEqual([]);
  });
});

/** Claims for a runner whose lease is ended next. */
async function claimAndEndLease(count: number): Promise<ClaimedSubtask[]> {
  const { database } = platform.platform;
  const runnerId = await registerRunner(database, tenSlots);
  const claimed = await claim(runnerId, count);
  await endLease(database, runnerId);
  return claimed;
}

async function recover(lostSubtasks: 'fail' | 'retry'): Promise<number> {
  const { database, callbacks, accounts, events } = platform.platform;
  const services = { database, callbacks, usage: accounts.usage, events };
  return recoverLostSubtasks(services, { lostSubtasks });
}

describe('the watchman', () => {
  test('ends the subtasks of a runner whose lease has ended, and no others', async () => {
    const slug = await submit(2);
    const alive = await registerRunner(platform.platform.database, tenSlots);
    await claim(alive, 1);
    await claimAndEndLease(1);
    expect(await Promise.all([recover('fail'), recover('fail')])).toContain(1);
    expect(await recover('fail')).toBe(0);
    const { rows } = await platform.platform.database.pool.query(
      'SELECT number, status, err_msg FROM subtask ORDER BY 1',
    );
    expect(rows).toEqual([
      { number: 1, status: 'running', err_msg: '' },
      { number: 2, status: 'failed', err_msg: 'the runner of the subtask was lost; run it again' },
    ]);
    expect((await platform.run(slug)).status).toBe('running');
  });

  test('ends the subtasks of a dead process of its machine at once, and spares all others', async () => {
    const { database, callbacks, accounts, events } = platform.platform;
    const [dying, stopped] = [spawn('sleep', ['600']), spawn('sleep', ['600'])];
    onTestFinished(() => void stopped.kill('SIGKILL'));
    const slug = await submit(5);
    /** @param changed columns that differ from those of a runner in this process */
    const runWith = async (changed: { machine?: string; process?: string | undefined }): Promise<void> => {
      const id = await registerRunner(database, tenSlots);
      await database.pool.query(
        'UPDATE runner SET machine = coalesce($2, machine), process = coalesce($3, process) WHERE id = $1',
        [id, changed.machine, changed.process],
      );
      await claim(id, 1);
    };
    const dead = (await processIdentity(dying.pid ?? 0)) ?? '';
    await runWith({ process: dead });
    await runWith({ process: await processIdentity(stopped.pid ?? 0) });
    await runWith({ process: dead, machine: 'another' });
    await runWith({ process: dead, machine: '' });
    await runWith({ process: '' });
    stopped.kill('SIGSTOP');
    dying.kill('SIGKILL');
    await once(dying, 'exit');
    const watchman = new Watchman({
      services: { database, callbacks, usage: accounts.usage, events },
      config: { runnerLeaseSeconds: 3600, lostSubtasks: 'fail' },
      ownRunner: () => undefined,
    });
    await watchman.start();
    await watchman.stop(0);
    const { rows } = await database.pool.query<{ number: number }>(
      `SELECT number FROM subtask JOIN run ON run.id = run_id WHERE slug = $1 AND subtask.end_reason = 'lost'`,
      [slug],
    );
    expect(rows).toEqual([{ number: 1 }]);
  });

  test('notices a lost runner while an earlier one, frozen in a transaction, holds locks', async () => {
    const { database, callbacks, accounts, events } = platform.platform;
    const slug = await submit(1);
    await claimAndEndLease(1);
    const thaw = Promise.withResolvers<void>();
    const frozen = database.transaction(async (client) => {
      await client.query('SELECT FROM run WHERE slug = $1 FOR SHARE', [slug]);
      await thaw.promise;
    });
    const lost = await registerRunner(database, tenSlots);
    const watchman = new Watchman({
      services: { database, callbacks, usage: accounts.usage, events },
      config: { runnerLeaseSeconds: 4, lostSubtasks: 'fail' },
      ownRunner: () => undefined,
    });
    const started = watchman.start();
    const noticed = eventually(async () => {
      const { rowCount } = await database.pool.query('SELECT FROM runner WHERE id = $1', [lost]);
      return rowCount === 0 ? true : undefined;
    }).finally(thaw.resolve);
    expect(await noticed).toBe(true);
    expect(await platform.finished(slug)).toMatchObject({ status: 'failed', end_reason: 'lost' });
    await Promise.allSettled([frozen, started]);
    await watchman.stop(0);
  });

  test('requeues them if the operator chose that, for three attempts in all', async () => {
    const slug = await submit(1);
    const attempts: number[] = [];
    for (;;) {
      const claimed = await claimAndEndLease(1);
      if (claimed.length === 0) break;
      attempts.push(attempts.length + 1);
      await recover('retry');
    }
    expect(attempts).toEqual([1, 2, 3]);
    expect((await platform.run(slug)).status).toBe('failed');
  });

  test('ends those of a run that is being aborted, whatever the operator chose', async () => {
    const slug = await submit(1);
    await claimAndEndLease(1);
    await platform.call(`/worker-runs/${slug}/abort`, { method: 'POST' });
    expect((await platform.run(slug)).status).toBe('aborting');
    await recover('retry');
    expect(await platform.run(slug)).toMatchObject({ status: 'failed', err_msg: 'run aborted by user' });
  });
});

describe('two runners on one database', () => {
  test('share a run, and execute each subtask once', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'chela-test-worker-'));
    onTestFinished(async () => rm(folder, { recursive: true, force: true }));
    // No SDK: the platform's own lines show what was executed.
    const quick = await publishScriptedWorker(platform, 'Quick', {
      'main.js': '',
      'package.json': '{}',
      'package-lock.json': '{"lockfileVersion": 3, "packages": {}}',
    });
    const config = testConfig(platform.platform.config.dataDir, { runnerSlots: 2 });
    const runners = await Promise.all(
      numbers(2).map(async () =>
        Platform.open({ config, logger, parts: { api: false, runner: true } }, platform.databaseUrl),
      ),
    );
    const { pool } = platform.platform.database;
    const slug = await platform.runAsync(quick, { script: '', items: numbers(30) });
    const owners = new Set<number>();
    await Promise.all(runners.map(async (runner) => runner.start()));
    await eventually(async () => {
      const { rows } = await pool.query<{ runner_id: number }>(
        'SELECT runner_id FROM subtask WHERE runner_id IS NOT NULL',
      );
      for (const row of rows) owners.add(row.runner_id);
      return (await platform.run(slug)).finished_at > 0 || undefined;
    });
    await Promise.all(runners.map(async (runner) => runner.stop(0)));
    expect(await platform.run(slug)).toMatchObject({ status: 'succeeded', err_msg: '' });
    expect(owners.size).toBe(2);
    const { rows } = await pool.query(
      `SELECT count(*) AS lines, count(DISTINCT subtask) AS subtasks FROM log_line WHERE content = 'SYSTEM: running'`,
    );
    expect(rows).toEqual([{ lines: 30, subtasks: 30 }]);
    expect((await pool.query('SELECT FROM runner')).rowCount).toBe(0);
  });
});
