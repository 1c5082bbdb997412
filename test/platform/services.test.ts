import { Client } from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { Accounts } from '../../src/accounts/accounts.ts';
import { channels, Notifications } from '../../src/database/notifications.ts';
import { Events } from '../../src/events/events.ts';
import { Platform } from '../../src/platform/platform.ts';
import { Retention } from '../../src/retention/retention.ts';
import { Cgroups } from '../../src/runner/cgroups/cgroups.ts';
import { CacheUse } from '../../src/runner/cache/cache-use.ts';
import { EgressProxy } from '../../src/runner/proxy/egress-proxy.ts';
import { Installations } from '../../src/runner/dependencies/installations.ts';
import { MessageBudget } from '../../src/runner/sdk/message-budget.ts';
import { Runner } from '../../src/runner/runner.ts';
import { createSandbox } from '../../src/runner/sandboxes/sandboxes.ts';
import { ScratchFolder } from '../../src/host/scratch-folder.ts';
import { Watchman } from '../../src/runner/watchman.ts';
import { RunCounter } from '../../src/statistics/run-counter.ts';
import { startTestPlatform, testConfig, type TestPlatform } from '../support/test-platform.ts';
import { Watchdog } from '../../src/watchdog/watchdog.ts';
import { eventually } from './support/eventually.ts';

interface Service {
  start(): unknown;
  stop(): unknown;
}

const logger = pino({ level: 'silent' });
const events = new Events(logger);

/** Its parts serve; it runs nothing itself. */
let platform: TestPlatform;
beforeAll(async () => {
  platform = await startTestPlatform({}, { api: false, runner: false });
});
afterAll(async () => platform.close());

async function countRows(statement: string): Promise<number> {
  return (await platform.platform.database.pool.query(statement)).rowCount ?? 0;
}

/** Connections that listen, less the platform's own. */
async function listeners(): Promise<number> {
  const statement = `SELECT FROM pg_stat_activity WHERE application_name = 'chela listen' AND datname = current_database()`;
  return (await countRows(statement)) - 1;
}

const services: Record<string, { make: () => Service; signs: () => Promise<number> }> = {
  Notifications: {
    make: () => new Notifications({ url: platform.databaseUrl, logger }),
    signs: listeners,
  },
  Accounts: {
    make: () => {
      return new Accounts(platform.platform).upkeep();
    },
    signs: async () => vi.getTimerCount(),
  },
  Retention: {
    make: () => {
      const { database } = platform.platform;
      return new Retention({ database, days: 30, removeExports: async () => undefined, events });
    },
    signs: async () => vi.getTimerCount(),
  },
  RunCounter: {
    make: () => {
      const { database } = platform.platform;
      return new RunCounter({ database, retentionDays: 100, events });
    },
    signs: async () => vi.getTimerCount(),
  },
  Watchdog: {
    make: () => new Watchdog({ limitSeconds: 60, limitName: 'the limit', logger }),
    signs: async () => vi.getTimerCount(),
  },
  Watchman: {
    make: () => {
      const { database, callbacks, accounts, config } = platform.platform;
      const parts = { database, callbacks, usage: accounts.usage, events };
      return new Watchman({ services: parts, config, ownRunner: () => undefined });
    },
    signs: async () => vi.getTimerCount(),
  },
  Runner: {
    make: () => {
      const { accounts, database, callbacks, packages, workers, config } = platform.platform;
      const runner = new Runner({
        config,
        database,
        callbacks,
        usage: accounts.usage,
        packages,
        notifications: new Notifications({ url: platform.databaseUrl, logger }),
        installations: Installations.open(config, { installs: workers.installs, packages, events }),
        sandbox: createSandbox(config),
        proxy: new EgressProxy(config),
        browsers: undefined,
        scratch: new ScratchFolder(config.cacheDir),
        messages: new MessageBudget({ messageLimitBytes: config.sdkMessageLimitBytes, sharedBytes: 0 }),
        cacheUse: new CacheUse(),
        events,
        cgroups: new Cgroups({ isEnabled: true, events }),
      });
      return { start: async () => runner.start(), stop: async () => runner.stop(0) };
    },
    signs: async () => vi.getTimerCount() + (await countRows('SELECT FROM runner')),
  },
};

/** `+` starts, `-` stops, what stands together is called at once; each ends in a stop. */
const sequences = ['-', '+ -', '+ + -', '++ -', '+ - -', '+ --', '+- -', '+-', '- + -', '+ - + -', '+ -+ -'];

describe.each(Object.entries(services))('service %s', (_, { make, signs }) => {
  beforeEach(() => {
    // Only intervals: what a service leaves running is one, or a row or connection in the database.
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
  });

  test.each(sequences)('leaves nothing running after %s', async (sequence) => {
    const service = make();
    for (const step of sequence.split(' ')) {
      const calls = step.split('');
      await Promise.all(calls.map(async (call) => (call === '+' ? service.start() : service.stop())));
    }
    const left = await eventually(async () => ((await signs()) === 0 ? 'nothing' : undefined), 5000);
    expect(left).toBe('nothing');
  });

  test('runs once after it was started twice', async () => {
    const [once, twice] = [make(), make()];
    await once.start();
    const expected = await signs();
    await once.stop();
    await Promise.all([twice.start(), twice.start()]);
    expect(await signs()).toBe(expected);
    await twice.stop();
  });
});

describe('notifications', () => {
  test('come again after the connection was lost, and those who missed some are told', async () => {
    const notifications = new Notifications({ url: platform.databaseUrl, logger });
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
    await eventually(async () => ((await listeners()) === 1 ? true : undefined), 5000);
  });
});

describe('accounts', () => {
  test('refuse a key at once that another process has revoked', async () => {
    const { database, config } = platform.platform;
    const notifications = new Notifications({ url: platform.databaseUrl, logger });
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
    'stopped twice at once': async (opened) => {
      await opened.start();
      await Promise.all([opened.stop(0), opened.stop(0)]);
    },
    'stopped while it starts': async (opened) => {
      const [start, stop] = await Promise.allSettled([opened.start(), opened.stop(0)]);
      expect(start).toMatchObject({ status: 'rejected', reason: { message: 'platform is stopped' } });
      expect(stop.status).toBe('fulfilled');
    },
  };
  test.each(Object.entries(ends))('%s leaves no connection and no runner', async (_name, end) => {
    const before = await connections();
    await end(await open());
    // The other platform's pool closes after 10 s what its own services needed meanwhile.
    await eventually(async () => ((await connections()) <= before ? true : undefined));
    expect(await countRows('SELECT FROM runner')).toBe(0);
  });

  test('of which many start and stop at once leaves nothing behind', async () => {
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
