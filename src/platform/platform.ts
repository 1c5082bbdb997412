/** The composition root: takes the configuration, and starts and stops the services in order. */
import type { Logger } from 'pino';
import { ScheduledBackups, configuredPlace, configuredSecret } from '../backup/backup.ts';
import type { Accounts } from '../accounts/accounts.ts';
import type { Callbacks } from '../callbacks/callbacks.ts';
import type { Config } from '../configuration/configuration.ts';
import type { Database } from '../database/database.ts';
import type { Events } from '../events/events.ts';
import type { Files } from '../files/files.ts';
import { makeFolder } from '../host/make-folder.ts';
import type { ApiServer } from '../http/app.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { MonitoringServer } from '../metrics/monitoring-server.ts';
import { componentLogger } from '../logging/logger.ts';
import type { Exports } from '../results/exports.ts';
import { Retention, retentionPolicy, type RunRemoval } from '../retention/retention.ts';
import { Watchman, type Runner } from '../runner/runner.ts';
import { RunCountKeeper, type Runs } from '../runs/runs.ts';
import { ServiceList } from '../services/service-list.ts';
import { serviceOf, type Service } from '../services/service.ts';
import { RunCounter } from '../statistics/statistics.ts';
import type { Stores } from '../stores/stores.ts';
import { Readiness } from '../system/readiness.ts';
import type { Tasks } from '../tasks/tasks.ts';
import { installDependencies, type PackageCache, type Workers } from '../workers/workers.ts';
import type { Tracing } from '../tracing/tracing.ts';
import { makeApiServer, type MonitoringParts } from './api-part.ts';
import { makeDomain, type Domain } from './domain.ts';
import { makeRunnerPart } from './runner-part.ts';

export { openDatabase } from './open-database.ts';

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
  /** State of the process; `open` and `stop` change it. */
  readonly readiness?: Readiness;
  /** A server that shows the metrics once there are some; the caller starts and stops it. */
  readonly monitoring?: MonitoringServer | undefined;
}

export class Platform {
  readonly config: Config;
  readonly accounts: Accounts;
  readonly workers: Workers;
  readonly packages: PackageCache;
  readonly runs: Runs;
  readonly removal: RunRemoval;
  readonly tasks: Tasks;
  readonly database: Database;
  readonly jobs: Jobs;
  readonly callbacks: Callbacks;
  readonly exports: Exports;
  readonly files: Files;
  readonly stores: Stores;
  readonly events: Events;
  readonly #api: ApiServer | undefined;
  readonly #services: ServiceList;
  readonly #readiness: Readiness;

  /** Creates the services on a migrated database without starting them. */
  static async open(options: PlatformOptions, databaseUrl: string): Promise<Platform> {
    const { config } = options;
    await makeFolder(config.dataDir, 0o700);
    await makeFolder(config.cacheDir);
    const { parts, logger } = options;
    const tracing = await makeTracing(config);
    const beginTrace = tracing && (() => tracing.beginRun());
    const domain = makeDomain({ config, databaseUrl, makesExports: parts.api, beginTrace, logger });
    tracing?.follow(domain);
    const metrics = await makeMetrics(config, domain);
    if (metrics !== undefined) options.monitoring?.show(metrics);
    return new Platform(options, domain, { metrics, tracing });
  }

  private constructor(
    { config, logger, parts, readiness = new Readiness() }: PlatformOptions,
    domain: Domain,
    { metrics, tracing }: Pick<MonitoringParts, 'metrics' | 'tracing'>,
  ) {
    readiness.needs(domain.database);
    this.#readiness = readiness;
    this.config = config;
    this.accounts = domain.accounts;
    this.workers = domain.workers;
    this.packages = domain.packages;
    this.runs = domain.runs;
    this.removal = domain.removal;
    this.tasks = domain.tasks;
    this.database = domain.database;
    this.jobs = domain.jobs;
    this.callbacks = domain.callbacks;
    this.exports = domain.exports;
    this.files = domain.files;
    this.stores = domain.stores;
    this.events = domain.events;
    this.#api = parts.api
      ? makeApiServer(config, domain, { readiness, metrics, tracing }, logger)
      : undefined;
    const runnerPart = parts.runner ? makeRunnerPart(config, domain, logger) : undefined;
    if (runnerPart === undefined) domain.jobs.declare(installDependencies);
    this.#services = new ServiceList({
      name: 'platform',
      services: [
        // Stopped last, when no more spans are made.
        ...(tracing === undefined ? [] : [serviceOf('traces', { stop: () => tracing.stop() })]),
        ...(runnerPart?.bases ?? []),
        ...domainServices(config, domain, runnerPart?.runner),
        ...(parts.api ? scheduledBackups(config, domain) : []),
        // The API starts first, so that a port in use is noticed before any subtask is claimed.
        ...present(this.#api),
        ...(runnerPart === undefined ? [] : [waitingInstallations(domain), runnerPart.runner]),
      ],
      // New requests are refused first, while everything that they use is still running.
      stoppedFirst: [...present(this.#api), ...present(runnerPart?.installations)],
      logger: componentLogger(logger, 'platform'),
    });
  }

  /** Names of the services, in the order they start. */
  get serviceNames(): readonly string[] {
    return this.#services.serviceNames;
  }

  /** Starts all services. @returns the URL that the API listens on, if there is an API */
  async start(): Promise<string | undefined> {
    await this.#services.start();
    this.#readiness.enter('started');
    return this.#api?.address;
  }

  /** Refuses new requests and new work, waits for running work, then aborts the rest. Final; may be called twice. */
  async stop(graceMilliseconds: number): Promise<void> {
    this.#readiness.enter('stopping');
    await this.#services.stop(graceMilliseconds);
    await this.database.close();
  }
}

/** Loads the library of the metrics only if somebody may read them. */
async function makeMetrics(config: Config, domain: Domain): Promise<Metrics | undefined> {
  if (config.metricsPort === undefined && config.metricsToken === '') return undefined;
  const { Metrics: Loaded } = await import('../metrics/metrics.ts');
  return new Loaded({ ...domain, config });
}

/** Loads the libraries of OpenTelemetry only if traces are enabled. */
async function makeTracing(config: Config): Promise<Tracing | undefined> {
  if (config.tracesUrl === '') return undefined;
  const { Tracing: Loaded } = await import('../tracing/tracing.ts');
  return new Loaded(config);
}

function present<Item>(item: Item | undefined): Item[] {
  return item === undefined ? [] : [item];
}

/** Queues the installations that are missing because no runner was there when their versions were published. */
function waitingInstallations({ workers }: Domain): Service {
  return serviceOf('waiting installations', { start: () => workers.installs.queueWaiting() });
}

function scheduledBackups(config: Config, domain: Domain): ScheduledBackups[] {
  if (config.backupAt.length === 0) return [];
  const { database, databaseUrl, storage, events } = domain;
  const [place, secret] = [configuredPlace(config), configuredSecret(config)];
  return [new ScheduledBackups({ database, databaseUrl, storage, place, secret, config, events })];
}

/** Services of every platform, with an API or a runner. */
function domainServices(config: Config, domain: Domain, runner: Runner | undefined): readonly Service[] {
  const { database, notifications, jobs, accounts, callbacks, tasks, exports, removal, events } = domain;
  return [
    // Before the API accepts runs.
    domain.space,
    new Retention({ database, policy: retentionPolicy(config), removal, events }),
    notifications,
    jobs,
    exports,
    serviceOf('scheduler', { start: () => tasks.scheduler.catchUp() }),
    accounts.upkeep(),
    new Watchman({
      services: { database, callbacks, usage: accounts.usage, events },
      config,
      ownRunner: () => runner?.id,
    }),
    new RunCountKeeper(database, events),
    new RunCounter({ database, retentionDays: config.statisticsRetentionDays, events }),
  ];
}
