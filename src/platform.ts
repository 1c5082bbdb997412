/** The composition root: configuration in, running services out, and the way back. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { Accounts } from './accounts/accounts.ts';
import { Callbacks } from './callbacks/callbacks.ts';
import type { Config } from './configuration/configuration.ts';
import { Database, Notifications, migrate, untilReachable } from './database/database.ts';
import { EmbeddedPostgres } from './database/embedded-postgres.ts';
import { signingSecret } from './database/installation.ts';
import { EventCounts } from './events/event-counts.ts';
import { logEvents } from './events/event-log.ts';
import { Events } from './events/events.ts';
import { GitImports } from './git/git-import.ts';
import { type ApiApp, SignedLinks, buildApp } from './http/app.ts';
import { Jobs } from './jobs/jobs.ts';
import { componentLogger } from './logging/logger.ts';
import { Logs } from './logs/logs.ts';
import { Exports } from './results/exports.ts';
import { Results } from './results/results.ts';
import { Retention } from './retention/retention.ts';
import { BrowserGateway } from './runner/browser/browser-gateway.ts';
import { CacheUse } from './runner/cache/cache-use.ts';
import { Installations } from './runner/dependencies/installations.ts';
import { Cgroups } from './runner/cgroups/cgroups.ts';
import { EgressProxy } from './runner/proxy/egress-proxy.ts';
import { type OrphanedSubtask, Runner, Watchman } from './runner/runner.ts';
import { MessageBudget } from './runner/sdk/message-budget.ts';
import { ScratchFolder } from './host/scratch-folder.ts';
import { BubblewrapSandbox, createSandbox } from './runner/sandboxes/sandboxes.ts';
import { QueueItems } from './runs/queue-items.ts';
import { Runs } from './runs/runs.ts';
import { RunCounter, Statistics } from './statistics/statistics.ts';
import { FolderStorage } from './storage/storages/folder.ts';
import { System } from './system/system.ts';
import { Tasks, wakeScheduler } from './tasks/tasks.ts';
import { version } from './version.ts';
import { PackageCache, Workers, installDependencies } from './workers/workers.ts';

const idleCheckMilliseconds = 50;
/** After uploads; what runs wait for comes besides. */
const installsAtOnce = 2;
/** Time that a transfer under way gets at a stop, beyond the grace. */
const lastAnswerMilliseconds = 2000;

export interface PlatformParts {
  /** Serve the API. */
  readonly api: boolean;
  /** Execute subtasks. */
  readonly runner: boolean;
}

interface PlatformOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly parts: PlatformParts;
  /** Told of each step of the start, in a few words. */
  readonly onProgress?: (step: string) => void;
}

export class Platform {
  readonly config: Config;
  readonly accounts: Accounts;
  readonly workers: Workers;
  readonly packages: PackageCache;
  readonly runs: Runs;
  readonly tasks: Tasks;
  readonly database: Database;
  readonly jobs: Jobs;
  readonly callbacks: Callbacks;
  readonly exports: Exports;
  readonly events: Events;
  readonly #logger: Logger;
  readonly #notifications: Notifications;
  readonly #app: ApiApp | undefined;
  readonly #runner: Runner | undefined;
  readonly #watchman: Watchman;
  readonly #retention: Retention;
  readonly #runCounter: RunCounter;
  readonly #closing: AbortController;
  #starting: Promise<unknown> = Promise.resolve();

  /** Use `Platform.open`. */
  constructor(services: {
    config: Config;
    logger: Logger;
    database: Database;
    notifications: Notifications;
    jobs: Jobs;
    callbacks: Callbacks;
    exports: Exports;
    events: Events;
    accounts: Accounts;
    workers: Workers;
    packages: PackageCache;
    runs: Runs;
    tasks: Tasks;
    app: ApiApp | undefined;
    runner: Runner | undefined;
    closing: AbortController;
  }) {
    this.config = services.config;
    this.database = services.database;
    this.accounts = services.accounts;
    this.workers = services.workers;
    this.packages = services.packages;
    this.runs = services.runs;
    this.tasks = services.tasks;
    this.jobs = services.jobs;
    this.callbacks = services.callbacks;
    this.exports = services.exports;
    this.events = services.events;
    this.#logger = componentLogger(services.logger, 'platform');
    this.#notifications = services.notifications;
    this.#app = services.app;
    this.#runner = services.runner;
    this.#closing = services.closing;
    const { database, callbacks, accounts } = services;
    this.#watchman = new Watchman({
      services: { database, callbacks, usage: accounts.usage, events: this.events },
      config: services.config,
      ownRunner: () => this.#runner?.id,
    });
    this.#retention = new Retention(
      services.database,
      services.config.retentionDays,
      (now) => this.exports.removeOld(now),
      services.events,
    );
    this.#runCounter = new RunCounter(
      services.database,
      services.config.statisticsRetentionDays,
      services.events,
    );
  }

  /** Makes the services on a migrated database; nothing is started yet. */
  static async open(
    { config, logger, parts }: Omit<PlatformOptions, 'onProgress'>,
    databaseUrl: string,
  ): Promise<Platform> {
    await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
    await mkdir(config.cacheDir, { recursive: true });
    const events = new Events(logger);
    logEvents(events, logger);
    const eventCounts = new EventCounts(events);
    const databaseLog = componentLogger(logger, 'database');
    const database = new Database({
      url: databaseUrl,
      poolSize: config.databasePoolSize,
      logger: databaseLog,
    });
    const notifications = new Notifications({ url: databaseUrl, logger: databaseLog });
    const jobs = new Jobs(databaseUrl, events);
    const accounts = new Accounts({ database, notifications, config, events });
    const limits = { unpackedBytes: config.unpackedLimitBytes, files: config.packageFileLimit };
    const storage = new FolderStorage(path.join(config.dataDir, 'storage'));
    const packages = new PackageCache(storage, config.cacheDir, limits);
    const workers = new Workers({ database, packages, storage, jobs, limits });
    const callbacks = new Callbacks({ database, jobs, config, version, events });
    const runs = new Runs({ database, notifications, accounts, workers, callbacks, config, events });
    const tasks = new Tasks({ database, jobs, workers, runs, config, events });
    jobs.work(wakeScheduler, 1, () => tasks.scheduler.fireDue());
    const results = new Results(database);
    const exports = new Exports({
      database,
      notifications,
      jobs,
      storage,
      results,
      databaseUrl,
      config,
      makes: parts.api,
      events,
    });
    const closing = new AbortController();
    const app = parts.api
      ? await buildApp(
          {
            config,
            version,
            accounts,
            workers,
            gitImports: new GitImports({ workers, packages, config }),
            packages,
            runs,
            queueItems: new QueueItems({ database, runs, config }),
            tasks,
            callbacks,
            results,
            exports,
            logs: new Logs(database),
            statistics: new Statistics(database),
            system: new System({ database, jobs, eventCounts, config }),
            links: new SignedLinks(await signingSecret(database), config.linkLifetimeSeconds),
            closing: closing.signal,
            baseUrl: (request) => config.publicUrl || requestBaseUrl(request),
            checkHealth: async () => {
              await database.pool.query('SELECT');
            },
          },
          componentLogger(logger, 'http'),
        )
      : undefined;
    const installations = parts.runner
      ? Installations.open(config, {
          installs: workers.installs,
          packages,
          events,
        })
      : undefined;
    if (installations === undefined) jobs.declare(installDependencies);
    else {
      jobs.work(installDependencies, installsAtOnce, (job) => installations.install(job.data.versionId));
    }
    const runner = installations
      ? new Runner({
          config,
          database,
          notifications,
          callbacks,
          usage: accounts.usage,
          packages,
          installations,
          sandbox: createSandbox(config),
          cgroups: new Cgroups({
            isEnabled: config.cgroups === 'auto',
            events,
          }),
          proxy: new EgressProxy(config),
          browsers: config.browsers
            ? new BrowserGateway(config, new BubblewrapSandbox({ ...config, warmSandboxes: 0 }))
            : undefined,
          scratch: new ScratchFolder(config.cacheDir),
          messages: new MessageBudget({
            messageLimitBytes: config.sdkMessageLimitBytes,
            sharedBytes: config.sdkSharedBytes,
          }),
          cacheUse: new CacheUse(),
          events,
          logger: componentLogger(logger, 'runner'),
        })
      : undefined;
    return new Platform({
      config,
      logger,
      database,
      notifications,
      jobs,
      callbacks,
      exports,
      events,
      accounts,
      workers,
      packages,
      runs,
      tasks,
      app,
      runner,
      closing,
    });
  }

  /** Starts every service. @returns the address the API listens on, if it does */
  start(): Promise<string | undefined> {
    const starting = this.#start();
    this.#starting = starting;
    return starting;
  }

  async #start(): Promise<string | undefined> {
    await this.#retention.start();
    await this.#notifications.start();
    await this.jobs.start();
    if (this.#runner !== undefined) await this.workers.installs.queueWaiting();
    await this.tasks.scheduler.start();
    this.accounts.start();
    await this.#watchman.start();
    this.#runCounter.start();
    const address = await this.#app?.listen({
      host: this.config.host,
      port: this.config.port,
      listenTextResolver: (at) => `the API listens at ${at}`,
    });
    await this.#runner?.start();
    return address;
  }

  /** Serves no new request, takes no new work, waits for what runs, then ends it. May be called twice. */
  async stop(graceMilliseconds: number): Promise<void> {
    this.#closing.abort();
    // What has been started only half cannot be stopped.
    await this.#starting.catch(() => undefined);
    await this.#stopStep('api', async () => {
      if (this.#app !== undefined) await closeApp(this.#app, graceMilliseconds);
    });
    await this.#stopStep('runner', async () => {
      const orphans = (await this.#runner?.stop(graceMilliseconds)) ?? [];
      if (orphans.length > 0)
        this.#logger.warn({ orphans: orphans.map(orphanName) }, 'ended subtasks that still ran');
    });
    await this.#stopStep('accounts', () => this.accounts.stop());
    await this.#stopStep('watchman', () => this.#watchman.stop());
    await this.#stopStep('statistics', () => this.#runCounter.stop());
    await this.#stopStep('retention', () => this.#retention.stop());
    await this.#stopStep('exports', async () => this.exports.stop());
    await this.#stopStep('jobs', () => this.jobs.stop());
    await this.#stopStep('notifications', () => this.#notifications.stop());
    await this.#stopStep('database', () => this.database.close());
  }

  /** Stops one service; one that cannot stop in order, as its database is away, keeps none of the others from it. */
  async #stopStep(service: string, stop: () => Promise<unknown>): Promise<void> {
    try {
      await stop();
    } catch (error) {
      this.#logger.warn({ service, err: error }, 'a service could not stop cleanly');
    }
  }
}

/** Answers what was asked before; clients that keep a connection for their next request do not hold up the end. */
async function closeApp(app: ApiApp, graceMilliseconds: number): Promise<void> {
  const closed = app.close();
  const idle = setInterval(() => app.server.closeIdleConnections(), idleCheckMilliseconds);
  const late = setTimeout(() => app.server.closeAllConnections(), graceMilliseconds + lastAnswerMilliseconds);
  try {
    await closed;
  } finally {
    clearInterval(idle);
    clearTimeout(late);
  }
}

function orphanName({ runSlug, number }: OrphanedSubtask): string {
  return `${runSlug} #${number}`;
}

function requestBaseUrl(request: FastifyRequest): string {
  return `${request.protocol}://${request.host}`;
}

interface OpenDatabaseOptions {
  /** Told of each step, in a few words. */
  readonly onProgress?: (step: string) => void;
  /** Told once why the given database cannot be connected to, where it has to be waited for. */
  readonly onWaiting?: (reason: string) => void;
}

/**
 * A database that is up to date: the given one, or an embedded one that `stop` ends.
 * @throws DatabaseUnreachableError where it does not answer for as long as the configuration waits
 */
export async function openDatabase(
  config: Config,
  logger: Logger,
  { onProgress, onWaiting }: OpenDatabaseOptions = {},
): Promise<{ url: string; stop: () => Promise<void> }> {
  if (config.databaseUrl !== '') {
    await untilReachable(config.databaseUrl, { limitSeconds: config.databaseWaitSeconds, onWaiting });
    onProgress?.('bringing the database up to date');
    await migrate(config.databaseUrl);
    return { url: config.databaseUrl, stop: async () => undefined };
  }
  onProgress?.('starting the embedded PostgreSQL');
  const server = new EmbeddedPostgres({
    dataDir: path.join(config.dataDir, 'postgres'),
    startLimitSeconds: config.databaseWaitSeconds,
    logger: componentLogger(logger, 'database'),
  });
  try {
    await server.start();
    await migrate(server.url());
  } catch (error) {
    await server.stop();
    throw error;
  }
  return { url: server.url(), stop: () => server.stop() };
}
