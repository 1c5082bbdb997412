/** Limits on connections of an account to a host, which several runners share. */
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { Database } from '../../src/database/database.ts';
import { HostLimiter, type HostGate } from '../../src/egress/egress.ts';
import { Events } from '../../src/events/events.ts';
import { removeIdleHosts } from '../../src/egress/host-grants.ts';
import { eventually } from '../platform/support/eventually.ts';
import { serveProxy } from '../runner/proxy/support/proxy.ts';
import { serveEcho } from '../runner/proxy/support/servers.ts';
import { askFor } from '../runner/proxy/support/socks-client.ts';
import { createTestDatabase } from '../support/test-database.ts';

let database: Database;
let drop: () => Promise<void>;
beforeAll(async () => {
  const created = await createTestDatabase();
  ({ drop } = created);
  database = new Database({ url: created.url, poolSize: 4, logger: pino({ level: 'silent' }) });
});
afterAll(async () => {
  await database.close();
  await drop();
});

const noSignal = new AbortController().signal;
let accounts = 0;

async function makeAccount(): Promise<number> {
  accounts += 1;
  const { rows } = await database.pool.query<{ id: number }>(
    'INSERT INTO account (name) VALUES ($1) RETURNING id',
    [`account-${accounts}`],
  );
  return rows[0]?.id ?? 0;
}

interface Limits {
  readonly perSecond?: number;
  readonly open?: number;
  readonly waitSeconds?: number;
}

interface TestRunner {
  readonly id: number;
  readonly limiter: HostLimiter;
}

async function startRunner({ perSecond = 0, open = 0, waitSeconds = 120 }: Limits): Promise<TestRunner> {
  const { rows } = await database.pool.query<{ id: number }>(
    `INSERT INTO runner (hostname, process_id, slots) VALUES ('host', 1, 1) RETURNING id`,
  );
  const id = rows[0]?.id ?? 0;
  const limiter = new HostLimiter({
    database,
    events: new Events(pino({ level: 'silent' })),
    config: {
      hostConnectionsPerSecond: perSecond,
      hostConnectionLimit: open,
      hostConnectionWaitSeconds: waitSeconds,
    },
  });
  await limiter.start();
  limiter.runAs(id);
  onTestFinished(async () => limiter.stop());
  return { id, limiter };
}

function gateOf({ limiter }: TestRunner, accountId: number): HostGate {
  const gate = limiter.gate(accountId);
  if (gate === undefined) throw new Error('there is no limit');
  return gate;
}

async function leased(accountId: number): Promise<number> {
  const { rows } = await database.pool.query<{ sum: number }>(
    'SELECT coalesce(sum(connections), 0)::bigint AS sum FROM host_lease WHERE account_id = $1',
    [accountId],
  );
  return rows[0]?.sum ?? 0;
}

test('without limits there is no gate', async () => {
  const runner = await startRunner({});
  expect(runner.limiter.gate(1)).toBeUndefined();
});

describe('open connections to a host', () => {
  test('are limited over all runners, and a closed one makes room on any of them', async () => {
    const account = await makeAccount();
    const runners = await Promise.all([startRunner({ open: 3 }), startRunner({ open: 3 })]);
    const gates = runners.map((runner) => gateOf(runner, account));
    let open = 0;
    let most = 0;
    let passed = 0;
    await Promise.all(
      Array.from({ length: 24 }, async (_, index) => {
        const release = await gates[index % 2]?.pass('Shop.example.', noSignal);
        open += 1;
        passed += 1;
        most = Math.max(most, open);
        await new Promise(setImmediate);
        open -= 1;
        release?.();
        release?.();
      }),
    );
    expect([passed, most <= 3]).toEqual([24, true]);
    await eventually(async () => ((await leased(account)) === 0 ? true : undefined));
  });

  test('do not count for other hosts and accounts', async () => {
    const [one, two] = [await makeAccount(), await makeAccount()];
    const runner = await startRunner({ open: 1 });
    await gateOf(runner, one).pass('a.example', noSignal);
    await gateOf(runner, one).pass('b.example', noSignal);
    await gateOf(runner, two).pass('a.example', noSignal);
    expect(await leased(one)).toBe(2);
  });

  test('of a runner that is lost end with its lease', async () => {
    const account = await makeAccount();
    const [lost, other] = [await startRunner({ open: 1 }), await startRunner({ open: 1 })];
    await gateOf(lost, account).pass('a.example', noSignal);
    const waiting = gateOf(other, account).pass('a.example', noSignal);
    await database.pool.query('DELETE FROM runner WHERE id = $1', [lost.id]);
    await waiting;
    expect(await leased(account)).toBe(1);
  });

  test('beyond the limit are refused after their time', async () => {
    const account = await makeAccount();
    const gate = gateOf(await startRunner({ open: 1 }), account);
    const impatient = gateOf(await startRunner({ open: 1, waitSeconds: 1 }), account);
    const release = await gate.pass('a.example', noSignal);
    await expect(impatient.pass('a.example', noSignal)).rejects.toMatchObject({ name: 'HostLimitError' });
    release();
    await gate.pass('a.example', noSignal);
  });

  test('that are no longer wanted leave their place', async () => {
    const account = await makeAccount();
    const gate = gateOf(await startRunner({ open: 1 }), account);
    const release = await gate.pass('a.example', noSignal);
    const gone = new AbortController();
    const left = gate.pass('a.example', gone.signal);
    const stays = gate.pass('a.example', noSignal);
    gone.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    release();
    await stays;
    expect(await leased(account)).toBe(1);
  });
});

describe('connections per second to a host', () => {
  test('are limited over all runners, and refused if their turn would be too late', async () => {
    const account = await makeAccount();
    const limits = { perSecond: 1, waitSeconds: 5 };
    const runners = await Promise.all([startRunner(limits), startRunner(limits)]);
    const gates = runners.map((runner) => gateOf(runner, account));
    const { rows } = await database.pool.query<{ now: Date }>('SELECT clock_timestamp() AS now');
    const all = await Promise.allSettled(
      Array.from({ length: 40 }, async (_, index) => gates[index % 2]?.pass('a.example', noSignal)),
    );
    const passed = all.filter(({ status }) => status === 'fulfilled').length;
    // Each turn is a second after the one before, however slowly this test runs.
    const { rows: turns } = await database.pool.query<{ turns: number }>(
      'SELECT round(extract(epoch FROM next_at - $2::timestamptz))::integer AS turns FROM host_turn WHERE account_id = $1',
      [account, rows[0]?.now],
    );
    expect(passed).toBeGreaterThanOrEqual(1);
    expect(passed).toBeLessThanOrEqual(turns[0]?.turns ?? 0);
    expect(passed).toBeLessThan(40);
  });
});

test('the proxy refuses a connection that gets no turn, and returns the turn of a closed one', async () => {
  const account = await makeAccount();
  const gate = gateOf(await startRunner({ open: 1, waitSeconds: 5 }), account);
  const [proxy, echo] = [await serveProxy({}, '', {}, gate), await serveEcho()];
  const first = await askFor(proxy, 'localhost', echo.port);
  const second = await askFor(proxy, 'localhost', echo.port);
  expect([first.code, second.code]).toEqual([0, 1]);
  expect(proxy.notices).toEqual([
    `localhost:${echo.port} was refused: the account has too many connections to this host (CHELA_HOST_CONNECTION_LIMIT, CHELA_HOST_CONNECTIONS_PER_SECOND)`,
  ]);
  expect(proxy.hosts()).toMatchObject([
    { host: 'localhost', outcome: 'connected', connections: 1 },
    { host: 'localhost', outcome: 'host_limit', connections: 1 },
  ]);
  first.socket.destroy();
  await eventually(async () => ((await askFor(proxy, 'localhost', echo.port)).code === 0 ? true : undefined));
  proxy.session.close();
  await eventually(async () => ((await leased(account)) === 0 ? true : undefined));
});

test('hosts without connections are forgotten', async () => {
  const account = await makeAccount();
  const gate = gateOf(await startRunner({ open: 2, perSecond: 1000 }), account);
  const release = await gate.pass('closed.example', noSignal);
  await gate.pass('open.example', noSignal);
  release();
  await eventually(async () => ((await leased(account)) === 1 ? true : undefined));
  await database.pool.query(
    `UPDATE host_turn SET next_at = now() - interval '2 hours' WHERE account_id = $1`,
    [account],
  );
  await removeIdleHosts(database);
  const { rows } = await database.pool.query('SELECT host FROM host_turn WHERE account_id = $1', [account]);
  expect(rows).toEqual([{ host: 'open.example' }]);
});
