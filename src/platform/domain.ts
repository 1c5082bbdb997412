/** Creates the domain rooms on one database, each with the rooms it depends on. Starts nothing. */
import type { Logger } from 'pino';
import { Accounts, PasswordRecovery } from '../accounts/accounts.ts';
import { Callbacks } from '../callbacks/callbacks.ts';
import type { Config } from '../configuration/configuration.ts';
import { Database, Notifications } from '../database/database.ts';
import { EventCounts } from '../events/event-counts.ts';
import { logEvents } from '../events/event-log.ts';
import { Events } from '../events/events.ts';
import { Files } from '../files/files.ts';
import { Jobs } from '../jobs/jobs.ts';
import { Exports } from '../results/exports.ts';
import { componentLogger } from '../logging/logger.ts';
import { Mail } from '../mail/mail.ts';
import { Results } from '../results/results.ts';
import { RunRemoval } from '../retention/retention.ts';
import { type BeginRunTrace, Runs } from '../runs/runs.ts';
import { Stores } from '../stores/stores.ts';
import { openStorage } from '../storage/open-storage.ts';
import { SpaceWatch } from '../system/space-watch.ts';
import { System } from '../system/system.ts';
import type { Storage } from '../storage/storage.ts';
import { Tasks, wakeScheduler } from '../tasks/tasks.ts';
import { version } from '../version.ts';
import { PackageCache, PackageReader, WorkerBlobs, Workers } from '../workers/workers.ts';

export interface Domain {
  readonly events: Events;
  readonly eventCounts: EventCounts;
  readonly database: Database;
  readonly notifications: Notifications;
  readonly jobs: Jobs;
  readonly accounts: Accounts;
  readonly recovery: PasswordRecovery;
  readonly packages: PackageCache;
  readonly workers: Workers;
  readonly callbacks: Callbacks;
  readonly runs: Runs;
  readonly tasks: Tasks;
  readonly results: Results;
  readonly exports: Exports;
  readonly files: Files;
  readonly removal: RunRemoval;
  readonly stores: Stores;
  readonly system: System;
  readonly space: SpaceWatch;
  readonly databaseUrl: string;
  /** The blobs. */
  readonly storage: Storage;
}

interface DomainOptions {
  readonly config: Config;
  readonly databaseUrl: string;
  /** Whether this process makes exports, or only requests them. */
  readonly makesExports: boolean;
  /** Places each submitted run in a trace, if runs are traced. */
  readonly beginTrace?: BeginRunTrace | undefined;
  readonly logger: Logger;
}

export function makeDomain({ config, databaseUrl, makesExports, beginTrace, logger }: DomainOptions): Domain {
  const events = new Events(logger);
  logEvents(events, logger);
  const eventCounts = new EventCounts(events);
  const databaseLog = componentLogger(logger, 'database');
  const database = new Database({ url: databaseUrl, poolSize: config.databasePoolSize, logger: databaseLog });
  const notifications = new Notifications({
    url: databaseUrl,
    connections: database.connections,
    logger: databaseLog,
  });
  const jobs = new Jobs(databaseUrl, events, { poolOptions: database.connections.poolOptions });
  const accounts = new Accounts({ database, notifications, config, events });
  const recovery = new PasswordRecovery({
    database,
    jobs,
    mail: new Mail(config),
    links: accounts.setupLinks,
    publicUrl: config.publicUrl,
    linkLifetimeSeconds: config.setupLinkLifetimeSeconds,
  });
  const reader = new PackageReader({
    unpackedBytes: config.unpackedLimitBytes,
    files: config.packageFileLimit,
    timeLimitSeconds: config.packageTimeLimitSeconds,
    memoryMegabytes: config.packageMemoryMegabytes,
  });
  const storage = openStorage(config);
  const blobs = new WorkerBlobs(database, storage);
  const packages = new PackageCache(storage, blobs, config.cacheDir, reader);
  const workers = new Workers({ database, packages, blobs, storage, jobs, reader });
  const callbacks = new Callbacks({ database, jobs, config, version, events });
  const space = new SpaceWatch({ database, config, events });
  const runs = new Runs({
    database,
    notifications,
    accounts,
    workers,
    callbacks,
    config,
    events,
    beginTrace,
    spaceRefusal: () => space.refusal,
  });
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
    makes: makesExports,
    events,
  });
  const files = new Files({ database, storage, limits: config, events });
  const removal = new RunRemoval({
    database,
    accounts,
    removeFiles: async (now) => {
      await exports.removeOld(now);
      await files.removeGarbage(now);
      await blobs.removeUnused(now);
    },
    events,
  });
  const stores = new Stores(database, config);
  return {
    events,
    eventCounts,
    database,
    notifications,
    jobs,
    accounts,
    recovery,
    packages,
    workers,
    callbacks,
    runs,
    tasks,
    results,
    exports,
    files,
    removal,
    stores,
    databaseUrl,
    space,
    system: new System({ database, jobs, eventCounts, config }),
    storage,
  };
}
