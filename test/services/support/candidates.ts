/** Every service of the platform, with checks that it works and that it leaves nothing behind. */
import { randomBytes, randomInt } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { Client } from 'pg';
import { expect, vi } from 'vitest';
import { Accounts } from '../../../src/accounts/accounts.ts';
import { channels, Notifications } from '../../../src/database/database.ts';
import { EmbeddedPostgres } from '../../../src/database/embedded-postgres.ts';
import { HostLimiter } from '../../../src/egress/egress.ts';
import { ScratchFolder } from '../../../src/host/scratch-folder.ts';
import { Jobs, type JobKind } from '../../../src/jobs/jobs.ts';
import { makeApiServer } from '../../../src/platform/api-part.ts';
import { makeRunnerPart, sandboxService } from '../../../src/platform/runner-part.ts';
import { Exports } from '../../../src/results/exports.ts';
import { Retention } from '../../../src/retention/retention.ts';
import { CachePruner } from '../../../src/runner/cache/cache-pruner.ts';
import { CacheUse } from '../../../src/runner/cache/cache-use.ts';
import { Cgroups } from '../../../src/runner/cgroups/cgroups.ts';
import { Watchman } from '../../../src/runner/watchman.ts';
import { BubblewrapSandbox } from '../../../src/runner/sandboxes/bubblewrap.ts';
import { RunCountKeeper } from '../../../src/runs/runs.ts';
import type { Service } from '../../../src/services/service.ts';
import { RunCounter } from '../../../src/statistics/statistics.ts';
import { Readiness } from '../../../src/system/readiness.ts';
import { SpaceWatch } from '../../../src/system/space-watch.ts';
import { FolderStorage } from '../../../src/storage/storages/folder.ts';
import { Watchdog } from '../../../src/watchdog/watchdog.ts';
import { eventually } from '../../platform/support/eventually.ts';
import { descendantsOf } from '../../platform/support/processes.ts';
import { cgroupsOf } from '../../runner/cgroup-folders.ts';
import { firstUserId, openWorker } from '../../runner/worker-package.ts';
import { logger, type Surroundings } from './surroundings.ts';

export interface Candidate {
  /** Not yet started. */
  readonly service: Service;
  /** Resolves when the started service has done its work once. */
  readonly works: () => Promise<void>;
  /** Names the resources that it still holds. The test counts intervals and notification listeners itself. */
  readonly left: () => Promise<string[]>;
}

const second = 1000;
const hour = 3600 * second;
const longAgo = new Date(0);

function some(count: number, what: string): string[] {
  return count === 0 ? [] : [`${count} ${what}`];
}

async function nothing(): Promise<string[]> {
  return [];
}

/** Advances the fake clock in steps until the condition is met. */
async function whileTimePasses(milliseconds: number, isDone: () => Promise<boolean>): Promise<void> {
  await eventually(async () => {
    await vi.advanceTimersByTimeAsync(milliseconds);
    return (await isDone()) ? true : undefined;
  });
}

/** Advances the fake clock until a query returns no rows. */
async function untilGone(around: Surroundings, milliseconds: number, statement: string): Promise<void> {
  await whileTimePasses(milliseconds, async () => (await around.query(statement)).length === 0);
}

type MakeCandidate = (around: Surroundings) => Candidate | Promise<Candidate>;

const listensToNotifications: MakeCandidate = (around) => {
  const service = new Notifications({
    url: around.databaseUrl,
    connections: around.domain.database.connections,
    logger,
  });
  return {
    service,
    works: async () => {
      const heard = Promise.withResolvers<string>();
      const leave = service.on(channels.runFinished, heard.resolve);
      await around.query(`SELECT pg_notify($1, 'told')`, [channels.runFinished]);
      expect(await heard.promise).toBe('told');
      leave();
    },
    // One connection belongs to the surroundings.
    left: async () => some((await around.connections('chela listen')) - 1, 'connections'),
  };
};

const keepsAccounts: MakeCandidate = (around) => {
  const { notifications, config, domain } = around;
  const { database, events } = domain;
  const service = new Accounts({ database, notifications, config, events }).upkeep();
  return {
    service,
    works: async () => {
      await around.query(
        `INSERT INTO session (account_id, token_hash, expires_at) VALUES ($1, $2, now() - interval '1 s')`,
        [await around.accountId(), randomBytes(32)],
      );
      await untilGone(around, hour, 'SELECT FROM session');
      expect(notifications.listeners).toBe(2);
    },
    left: nothing,
  };
};

const appliesRetention: MakeCandidate = (around) => {
  const { database, removal, events } = around.domain;
  const service = new Retention({ database, policy: { days: 30 }, removal, events });
  return {
    service,
    works: async () => {
      const { id } = await around.storeRun({ status: 'succeeded', day: '2000-01-01' });
      await untilGone(around, hour, `SELECT FROM run WHERE id = ${id}`);
    },
    left: nothing,
  };
};

const limitsHosts: MakeCandidate = (around) => {
  const config = { hostConnectionLimit: 1, hostConnectionsPerSecond: 0, hostConnectionWaitSeconds: 60 };
  return {
    service: new HostLimiter({ ...around.domain, config }),
    works: async () => {
      await around.query(`INSERT INTO host_turn VALUES ($1, 'idle.example', '-infinity')`, [
        await around.accountId(),
      ]);
      await untilGone(around, 60 * second, 'SELECT FROM host_turn');
    },
    left: nothing,
  };
};

const countsRuns: MakeCandidate = (around) => {
  const { database, events } = around.domain;
  return {
    service: new RunCounter({ database, retentionDays: 100, events }),
    works: async () => {
      const { id } = await around.storeRun({ status: 'succeeded' });
      await around.query('INSERT INTO ended_run VALUES ($1)', [id]);
      await untilGone(around, 20 * second, 'SELECT FROM ended_run');
    },
    left: nothing,
  };
};

const keepsRunCounts: MakeCandidate = (around) => {
  const { database, events } = around.domain;
  return {
    service: new RunCountKeeper(database, events),
    works: async () => {
      await around.storeRun({ status: 'succeeded' });
      await untilGone(around, 10 * second, 'SELECT FROM run_count_change');
    },
    left: nothing,
  };
};

const watchesSpace: MakeCandidate = (around) => {
  const { database, events } = around.domain;
  const config = { ...around.config, databaseLimitBytes: 0 };
  const service = new SpaceWatch({ database, config, events });
  const isShort = (): boolean => service.refusal !== undefined;
  return {
    service,
    works: async () => {
      const wasShort = isShort();
      config.databaseLimitBytes = wasShort ? 0 : 1;
      await whileTimePasses(5 * second, async () => isShort() !== wasShort);
    },
    left: nothing,
  };
};

const endsLostSubtasks: MakeCandidate = (around) => {
  const { database, callbacks, accounts, events } = around.domain;
  const services = { database, callbacks, usage: accounts.usage, events };
  return {
    service: new Watchman({ services, config: around.config, ownRunner: () => undefined }),
    works: async () => {
      const { id } = await around.storeRun({ status: 'running', runnerId: 999_999 });
      await untilGone(around, 5 * second, `SELECT FROM run WHERE id = ${id} AND status = 'running'`);
    },
    left: nothing,
  };
};

/** Threads of this process with a name. */
async function threads(name: string): Promise<number> {
  const ids = await readdir('/proc/self/task');
  const names = ids.map(async (id) => readFile(`/proc/self/task/${id}/comm`, 'utf8').catch(() => ''));
  return (await Promise.all(names)).filter((found) => found.trim() === name).length;
}

const looksForHangs: MakeCandidate = () => ({
  service: new Watchdog({ limitSeconds: 600, limitName: 'the limit', logger }),
  works: async () => {
    await eventually(async () => ((await threads('watchdog')) === 1 ? true : undefined));
  },
  left: async () => some(await threads('watchdog'), 'threads'),
});

/** Number of active timers that keep the process running. */
function timers(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
}

const doesJobs: MakeCandidate = (around) => {
  // Without timers for idle connections, all counted timers belong to the service.
  around.domain.database.pool.options.idleTimeoutMillis = 0;
  const before = timers();
  const service = new Jobs(around.databaseUrl, around.domain.events);
  const kind: JobKind<{ n: number }> = { name: 'test-service', queue: { retryLimit: 0 } };
  const done = new EventEmitter();
  service.work(kind, 1, async ({ data }) => {
    done.emit(String(data.n));
  });
  return {
    service,
    works: async () => {
      const n = randomInt(2 ** 40);
      const isDone = once(done, String(n));
      await service.send(kind, { n });
      await isDone;
      // Its timer is set to a time that no test reaches.
      await service.send(kind, { n: 0 }, { startAfterSeconds: 10 });
    },
    left: async () => [
      ...some(await around.connections('chela jobs'), 'connections'),
      ...some(Math.max(0, timers() - before), 'timers'),
    ],
  };
};

const makesExports: MakeCandidate = async (around) => {
  const { databaseUrl, config, notifications } = around;
  const { database, results, runs, events } = around.domain;
  const jobs = new Jobs(databaseUrl, events);
  const storage = new FolderStorage(path.join(config.dataDir, 'exports'));
  const parts = { database, notifications, jobs, storage, results, databaseUrl, config, events };
  const service = new Exports({ ...parts, makes: true });
  return {
    service,
    works: async () => {
      const accountId = await around.accountId();
      const { slug } = await around.storeRun({ status: 'succeeded' });
      const run = await runs.read.bySlug(accountId, slug);
      if (run === undefined) throw new Error('the stored run does not exist');
      await jobs.start();
      try {
        const wish = {
          accountId,
          format: 'csv',
          keys: undefined,
          csv: { defusesFormulas: true, hasByteOrderMark: false },
          runUrl: 'http://localhost',
        } as const;
        const { slug: asked } = await service.ask(run, wish);
        expect(await service.wait(asked, 30_000, new AbortController().signal)).toMatchObject({
          state: 'ready',
        });
      } finally {
        await jobs.stop();
      }
    },
    left: nothing,
  };
};

const servesApi: MakeCandidate = (around) => {
  const service = makeApiServer(
    around.config,
    around.domain,
    { readiness: new Readiness(), metrics: undefined, tracing: undefined },
    logger,
  );
  let address: string | undefined;
  /** @returns undefined if no server listens at the address */
  const status = async (): Promise<number | undefined> =>
    address === undefined
      ? undefined
      : fetch(`${address}/health`).then(
          (response) => response.status,
          () => undefined,
        );
  return {
    service,
    works: async () => {
      ({ address } = service);
      expect(await status()).toBe(200);
    },
    left: async () => ((await status()) === undefined ? [] : [`a server at ${address}`]),
  };
};

const makesFolders: MakeCandidate = async (around) => {
  const cacheDir = await mkdtemp(path.join(around.config.dataDir, 'scratch-'));
  const service = new ScratchFolder(cacheDir);
  return {
    service,
    works: async () => {
      const folder = await service.create();
      expect((await stat(folder)).isDirectory()).toBe(true);
    },
    left: async () => readdir(path.join(cacheDir, 'scratch')).catch(() => []),
  };
};

const makesCgroups: MakeCandidate = (around) => {
  const service = new Cgroups({ isEnabled: true, events: around.domain.events });
  return {
    service,
    works: async () => {
      const cgroup = await service.create({ memoryBytes: 2 ** 26, cpus: 1, processes: 10 });
      // Some machines do not allow cgroups.
      if (cgroup === undefined) return;
      expect(await cgroupsOf(process.pid)).not.toEqual([]);
      await cgroup.remove();
    },
    left: async () => cgroupsOf(process.pid),
  };
};

const renewsUse: MakeCandidate = async (around) => {
  const service = new CacheUse();
  const folder = await mkdtemp(path.join(around.config.dataDir, 'used-'));
  return {
    service,
    works: async () => {
      const release = await service.hold([folder]);
      await utimes(folder, longAgo, longAgo);
      await whileTimePasses(60 * second, async () => (await stat(folder)).mtimeMs > 0);
      release();
    },
    left: nothing,
  };
};

const prunesCache: MakeCandidate = async (around) => {
  const cacheDir = await mkdtemp(path.join(around.config.dataDir, 'pruned-'));
  const folder = path.join(cacheDir, 'packages', 'old');
  const { events } = around.domain;
  const service = new CachePruner({ cacheDir, retentionDays: 1, limitBytes: 0, use: new CacheUse(), events });
  return {
    service,
    works: async () => {
      await mkdir(folder, { recursive: true });
      await utimes(folder, longAgo, longAgo);
      await whileTimePasses(hour, async () =>
        stat(folder).then(
          () => false,
          () => true,
        ),
      );
    },
    left: nothing,
  };
};

const installs: MakeCandidate = (around) => {
  const { installations } = makeRunnerPart(around.config, around.domain, logger);
  return {
    service: installations,
    // A version that does not exist has nothing to install.
    works: async () => {
      installations.runAs(0);
      await installations.install(0);
    },
    left: async () =>
      installations.install(0).then(
        () => ['installs'],
        () => [],
      ),
  };
};

const keepsSandboxes: MakeCandidate = async (around) => {
  const sandbox = new BubblewrapSandbox({
    cacheDir: around.config.cacheDir,
    sandboxUserId: firstUserId + 2_000_000,
    runnerSlots: 200_000,
    warmSandboxes: 1,
    warmSandboxMemoryBytes: 2 ** 29,
  });
  return {
    service: sandboxService(sandbox, { workerNetwork: 'proxy' }, logger),
    works: async () => {
      await (await openWorker(sandbox, { 'main.js': '' })).close();
      await eventually(async () => (sandbox.warmSandboxes === 1 ? true : undefined));
    },
    left: async () => {
      const processes = descendantsOf(process.pid).filter(({ command }) => command.includes('bwrap'));
      return [...some(sandbox.warmSandboxes, 'sandboxes'), ...some(processes.length, 'processes')];
    },
  };
};

const executesSubtasks: MakeCandidate = (around) => {
  const { config, notifications, domain } = around;
  const { runner } = makeRunnerPart(config, { ...domain, notifications }, logger);
  return {
    service: runner,
    works: async () => {
      const { id } = await around.storeRun({ status: 'ready' });
      // Its package is not stored, so the execution fails.
      await untilGone(around, 5 * second, `SELECT FROM run WHERE id = ${id} AND status <> 'failed'`);
      expect(notifications.listeners).toBe(3);
    },
    left: async () => some((await around.query('SELECT FROM runner')).length, 'leases'),
  };
};

const runsPostgres: MakeCandidate = async (around) => {
  const folder = await mkdtemp(path.join(around.config.dataDir, 'server-'));
  const service = new EmbeddedPostgres({ dataDir: path.join(folder, 'postgres'), logger });
  const processes = async (): Promise<number> =>
    descendantsOf(process.pid).filter(({ command }) => command.includes(folder)).length;
  return {
    service,
    works: async () => {
      const client = new Client({ connectionString: service.url() });
      await client.connect();
      await client.query('SELECT');
      await client.end();
      expect(await processes()).toBeGreaterThan(0);
    },
    left: async () => some(await processes(), 'processes'),
  };
};

export const candidates: readonly [string, MakeCandidate][] = [
  ['notifications', listensToNotifications],
  ['accounts', keepsAccounts],
  ['retention', appliesRetention],
  ['host limits', limitsHosts],
  ['statistics', countsRuns],
  ['run counts', keepsRunCounts],
  ['space watch', watchesSpace],
  ['watchman', endsLostSubtasks],
  ['watchdog', looksForHangs],
  ['jobs', doesJobs],
  ['exports', makesExports],
  ['api', servesApi],
  ['scratch folder', makesFolders],
  ['cgroups', makesCgroups],
  ['cache use', renewsUse],
  ['cache pruner', prunesCache],
  ['installations', installs],
  ['bubblewrap sandbox', keepsSandboxes],
  ['runner', executesSubtasks],
  ['embedded PostgreSQL', runsPostgres],
];
