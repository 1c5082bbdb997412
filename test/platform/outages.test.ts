/** Running subtasks are unaffected while PostgreSQL or the whole machine is away, or a clock steps. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EmbeddedPostgres } from '../../src/database/embedded-postgres.ts';
import { startChela, type StartedChela } from './support/chela-process.ts';
import { eventually } from './support/eventually.ts';
import { descendantsOf } from './support/processes.ts';
import { publishScriptedWorker, runForever } from './support/scripted-worker.ts';

const leaseSeconds = 3;
/** How long an outage lasts: much longer than a lease. */
const faultMilliseconds = 2 * leaseSeconds * 1000;
/** More heartbeats than fit into a lease and two looks of a watchman. */
const heartbeatsPerLease = 8;
const items = ['one'];

let folder: string;
let server: EmbeddedPostgres;
let chela: StartedChela;
/** Runs nothing itself, and has no reason to spare the other's runner. */
let watcher: StartedChela;
let worker: string;
let running: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'chela-test-outages-'));
  server = new EmbeddedPostgres({
    dataDir: path.join(folder, 'postgres'),
    logger: pino({ level: 'silent' }),
    parameters: { fsync: 'off' },
  });
  await server.start();
  await installSteppableClock();
  const settings = {
    CHELA_DATA_DIR: path.join(folder, 'data'),
    DATABASE_URL: server.url(),
    CHELA_RUNNER_LEASE_SECONDS: String(leaseSeconds),
    CHELA_RUNNER_SLOTS: '3',
  };
  chela = await startChela(settings);
  watcher = await startChela(settings, ['api']);
  worker = await publishScriptedWorker(chela.client, 'Scripted');
  running = await chela.client.runAsync(worker, {
    script: `await sdk.result.pushData({ n: 0 }); ${runForever}`,
    items,
  });
  // The first run installs the worker's dependencies.
  await eventually(async () => ((await chela.client.run(running)).results === 1 ? true : undefined), 90_000);
});

afterAll(async () => {
  await Promise.all([chela.process.kill(), watcher.process.kill()]);
  await server.stop();
  await rm(folder, { recursive: true, force: true, maxRetries: 20 });
});

async function query<Row extends object>(statement: string): Promise<Row[]> {
  const client = new Client({ connectionString: server.url() });
  await client.connect();
  try {
    return (await client.query<Row>(statement)).rows;
  } finally {
    await client.end();
  }
}

/** Makes every `now()` of this database return the value in the table instead of the machine's clock. */
async function installSteppableClock(): Promise<void> {
  await query(`CREATE TABLE public.clock (step interval NOT NULL)`);
  await query(`INSERT INTO public.clock VALUES ('0')`);
  await query(
    `CREATE FUNCTION public.now() RETURNS timestamptz STABLE LANGUAGE sql
     AS 'SELECT pg_catalog.now() + step FROM public.clock'`,
  );
  await query(`ALTER DATABASE chela SET search_path = public, pg_catalog`);
}

async function runner(): Promise<{ id: string; heartbeat: string } | undefined> {
  const rows = await query<{ id: string; heartbeat: string }>(
    'SELECT id, heartbeat_at::text AS heartbeat FROM runner',
  );
  expect(rows.length).toBeLessThan(2);
  return rows[0];
}

/** Resolves once the runner has renewed its lease for so long that an impatient watchman would have ended it. */
async function runnerAfterManyHeartbeats(): Promise<string | undefined> {
  const seen = new Set<string>();
  return eventually(async () => {
    const found = await runner();
    if (found !== undefined) seen.add(found.heartbeat);
    return seen.size > heartbeatsPerLease ? found?.id : undefined;
  });
}

function postgresProcesses(): number[] {
  const own = descendantsOf(process.pid).filter(({ command }) => command.includes(`${folder}/postgres`));
  return own.flatMap(({ pid }) => [pid, ...descendantsOf(pid).map((child) => child.pid)]);
}

async function freeze(pids: readonly number[]): Promise<void> {
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  await delay(faultMilliseconds);
  for (const pid of pids.toReversed()) process.kill(pid, 'SIGCONT');
}

const faults: Record<string, () => Promise<void>> = {
  'PostgreSQL was stopped for longer than a lease': async () => {
    await server.stop();
    await delay(faultMilliseconds);
    await server.start();
  },
  'PostgreSQL was frozen for longer than a lease': async () => freeze(postgresProcesses()),
  'the whole machine was suspended for longer than a lease': async () => {
    const roots = [chela.process.pid, watcher.process.pid];
    const own = roots.flatMap((pid) => [pid, ...descendantsOf(pid).map((child) => child.pid)]);
    await freeze([...own, ...postgresProcesses()]);
  },
  'the clock of PostgreSQL jumped an hour forward': async () => {
    await query(`UPDATE clock SET step = '1 hour'`);
  },
  'the clock of PostgreSQL jumped an hour back': async () => {
    await query(`UPDATE clock SET step = '0'`);
  },
};

test.each(Object.entries(faults))(
  'a running subtask continues and its runner claims more after %s',
  async (_name, fault) => {
    const before = await runner();
    await fault();
    const fresh = await eventually(async () =>
      chela.client.runAsync(worker, { script: `await sdk.result.pushData({ n: 1 })`, items }),
    );
    expect(await runnerAfterManyHeartbeats()).toBe(before?.id);
    expect(await chela.client.run(running)).toMatchObject({ status: 'running', err_msg: '' });
    const ended = await eventually(async () => {
      const run = await chela.client.run(fresh);
      return run.finished_at > 0 ? run : undefined;
    });
    expect(ended).toMatchObject({ status: 'succeeded', results: 1, err_msg: '' });
  },
);

test('a lost runner is noticed although its last heartbeat is an hour in the future', async () => {
  await chela.process.kill();
  await query(`UPDATE runner SET heartbeat_at = now() + interval '1 hour'`);
  const run = await eventually(async () => {
    const seen = await watcher.client.run(running);
    return seen.finished_at > 0 ? seen : undefined;
  });
  expect(run).toMatchObject({
    status: 'failed',
    results: 1,
    err_msg: 'the runner of the subtask was lost; run it again',
  });
  expect(await runner()).toBeUndefined();
});
