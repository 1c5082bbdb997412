import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { Accounts } from '../../src/accounts/accounts.ts';
import { channels, Notifications } from '../../src/database/database.ts';
import { Platform } from '../../src/platform/platform.ts';
import { candidates, type Candidate } from '../services/support/candidates.ts';
import { logger, Surroundings } from '../services/support/surroundings.ts';
import { startTestPlatform, testConfig, type TestPlatform } from '../support/test-platform.ts';
import { eventually } from './support/eventually.ts';

/** `+` starts, `-` stops. Adjacent signs are called at the same time. Each sequence ends with a stop. */
const sequences: Record<string, string> = {
  'a stop without a start': '- -',
  'two starts and two stops': '+ + - -',
  'concurrent starts, then concurrent stops': '++ --',
  'a stop during the start, and another stop': '+- -',
  'a start after a stop': '+ - + -',
  'a start during the stop': '+ -+ -',
};

/** Shorter than the longest timer of a service, so that a timer which is not cleared fails the test. */
const settleMilliseconds = 8000;

/** Waits, because PostgreSQL still lists a connection for a moment after its end. */
async function nothingIsLeft({ left }: Candidate): Promise<void> {
  let seen: string[] = [];
  const isGone = async (): Promise<true | undefined> => {
    seen = await left();
    return seen.length === 0 ? true : undefined;
  };
  await eventually(isGone, settleMilliseconds).catch(() => expect(seen).toEqual([]));
}

/** Makes all calls at the same time. A start may be refused only if a stop follows it; no other call may fail. */
async function call({ service }: Candidate, calls: string): Promise<void> {
  const outcomes = await Promise.allSettled(
    calls.split('').map(async (sign) => (sign === '+' ? service.start() : service.stop())),
  );
  const failed = outcomes.filter(({ status }, index) => {
    const isOvertaken = calls[index] === '+' && calls.includes('-', index);
    return status === 'rejected' && !isOvertaken;
  });
  expect(failed).toEqual([]);
}

/** Checks after each step that the started candidate works, or that the stopped one has left nothing. */
async function follow(around: Surroundings, candidate: Candidate, sequence: string): Promise<void> {
  const counts = (): object => ({
    intervals: vi.getTimerCount(),
    listeners: around.notifications.listeners,
  });
  const none = { intervals: 0, listeners: 0 };
  let started: object | undefined;
  for (const calls of sequence.split(' ')) {
    await call(candidate, calls);
    const isStarted = calls.endsWith('+');
    if (isStarted) started ??= counts();
    // A service that is started twice runs only once.
    expect(counts()).toEqual(isStarted ? started : none);
    await (isStarted ? candidate.works() : nothingIsLeft(candidate));
  }
}

describe.each(candidates)('service %s', (name, make) => {
  let around: Surroundings;
  beforeAll(async () => {
    around = await Surroundings.make();
  });
  afterAll(async () => around.dispose());

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
  });

  test.each(Object.entries(sequences))(
    'works while started and leaves nothing when stopped: %s',
    async (_, sequence) => {
      const candidate = await make(around);
      onTestFinished(async () => candidate.service.stop());
      expect(candidate.service.name).toBe(name);
      await follow(around, candidate, sequence);
    },
  );
});

/** Not started as a whole; the tests use its parts. */
let platform: TestPlatform;
beforeAll(async () => {
  platform = await startTestPlatform({}, { api: false, runner: false });
});
afterAll(async () => platform.close());

async function countRows(statement: string): Promise<number> {
  return (await platform.platform.database.pool.query(statement)).rowCount ?? 0;
}

describe('notifications', () => {
  test('resume after a lost connection, and listeners learn of the reconnection', async () => {
    const notifications = new Notifications({
      url: platform.databaseUrl,
      connections: platform.platform.database.connections,
      logger,
    });
    onTestFinished(async () => notifications.stop());
    const { pool } = platform.platform.database;
    await notifications.start();
    for (let round = 1; round <= 3; round += 1) {
      const reconnected = new Promise<void>((resolve) => {
        const off = notifications.onReconnect(() => {
          off();
          resolve();
        });
      });
      await pool.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE application_name = 'chela listen' AND datname = current_database()`,
      );
      await reconnected;
      const heard = new Promise((resolve) => {
        const off = notifications.on(channels.runFinished, (payload) => {
          off();
          resolve(payload);
        });
      });
      await pool.query(`SELECT pg_notify('${channels.runFinished}', $1)`, [String(round)]);
      expect(await heard).toBe(String(round));
    }
    const listening = `SELECT FROM pg_stat_activity WHERE application_name = 'chela listen' AND datname = current_database()`;
    // The second connection belongs to the platform.
    await eventually(async () => ((await countRows(listening)) === 2 ? true : undefined));
  });
});

describe('accounts', () => {
  test('refuse a key immediately after another process has revoked it', async () => {
    const { database, config, events } = platform.platform;
    const notifications = new Notifications({
      url: platform.databaseUrl,
      connections: platform.platform.database.connections,
      logger,
    });
    const here = new Accounts({ database, notifications, config, events });
    const there = new Accounts(platform.platform);
    await notifications.start();
    const upkeep = here.upkeep();
    await upkeep.start();
    onTestFinished(async () => {
      await upkeep.stop();
      await notifications.stop();
    });
    const { id } = await here.ensure('somebody');
    const key = await here.createKey(id, 'short-lived');
    expect(await here.authenticate(key)).toMatchObject({ accountId: id });
    const told = new Promise((resolve) => {
      notifications.on(channels.apiKeyRevoked, resolve);
    });
    expect(await there.revokeKey(key)).toBe(true);
    await told;
    expect(await here.authenticate(key)).toBeUndefined();
    expect(await there.revokeKey(key)).toBe(false);
  });
});

async function open(): Promise<Platform> {
  const config = testConfig(platform.platform.config.dataDir, { databasePoolSize: 4 });
  return Platform.open({ config, logger, parts: { api: true, runner: true } }, platform.databaseUrl);
}

async function connections(): Promise<number> {
  return countRows(
    `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'chela%'`,
  );
}

describe('a platform', () => {
  const ends: Record<string, (opened: Platform) => Promise<unknown>> = {
    'stopped before it was started': async (opened) => opened.stop(0),
    'stopped twice': async (opened) => {
      await opened.start();
      await opened.stop(0);
      await opened.stop(0);
    },
    'stopped twice at the same time': async (opened) => {
      await opened.start();
      await Promise.all([opened.stop(0), opened.stop(0)]);
    },
    'stopped during the start': async (opened) => {
      const [start, stop] = await Promise.allSettled([opened.start(), opened.stop(0)]);
      expect(start).toMatchObject({ status: 'rejected', reason: { message: 'platform is stopped' } });
      expect(stop.status).toBe('fulfilled');
    },
  };
  test.each(Object.entries(ends))('%s leaves no connection and no runner', async (_name, end) => {
    const before = await connections();
    await end(await open());
    // The other platform's pool closes its idle connections only after 10 s.
    await eventually(async () => ((await connections()) <= before ? true : undefined));
    expect(await countRows('SELECT FROM runner')).toBe(0);
  });

  /** Steps of the start that leave nothing running. */
  const steps = ['scheduler', 'waiting installations'];

  test('has only services that this suite tests', async () => {
    const opened = await open();
    await opened.stop(0);
    const names = candidates.map(([name]) => name);
    expect(opened.serviceNames.filter((name) => !names.includes(name))).toEqual(
      expect.arrayContaining(steps),
    );
    expect(opened.serviceNames.filter((name) => ![...names, ...steps].includes(name))).toEqual([]);
  });

  test('started and stopped together with others leaves nothing behind', async () => {
    const all = await Promise.all(Array.from({ length: 3 }, open));
    const addresses = await Promise.all(all.map(async (opened) => opened.start()));
    expect(new Set(addresses).size).toBe(3);
    await Promise.all(all.map(async (opened) => opened.stop(0)));
    const client = new Client({ connectionString: platform.databaseUrl });
    await client.connect();
    expect((await client.query('SELECT FROM runner')).rowCount).toBe(0);
    await client.end();
  });
});
