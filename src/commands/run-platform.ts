/** Starts the platform, or only the API or the runner, and stops it in order at a signal. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { flagOf, settings, type Config } from '../configuration/configuration.ts';
import { isDatabaseUnavailable } from '../database/database.ts';
import { lockDataFolder, makeDataFolder } from '../host/data-folder.ts';
import { componentLogger, openLog } from '../logging/logger.ts';
import { withholdInheritedDescriptors } from '../host/inherited-descriptors.ts';
import { MonitoringServer } from '../metrics/monitoring-server.ts';
import { openDatabase, Platform, type PlatformParts } from '../platform/platform.ts';
import { endLeasesOfProcess } from '../runner/runner.ts';
import { createSandbox } from '../runner/sandboxes/sandboxes.ts';
import { openStorage } from '../storage/open-storage.ts';
import { Readiness } from '../system/readiness.ts';
import { Watchdog } from '../watchdog/watchdog.ts';
import { CommandError } from './command-error.ts';
import { explainDatabase } from './explain-database.ts';
import { say } from './printing.ts';
import { stopOnSignals } from './shutdown.ts';

/** Pause before a start that was interrupted by the database is repeated. */
const restartMilliseconds = 500;

interface RunPlatformOptions {
  readonly config: Config;
  readonly parts: PlatformParts;
  readonly onProgress: (step: string) => void;
  /** Called after the services are created and before they start. */
  readonly prepare?: (platform: Platform) => Promise<void>;
  readonly onReady: (platform: Platform, address: string | undefined) => Promise<void>;
}

/** Resolves once the platform is running. It keeps running until a signal arrives. */
export async function runPlatform(options: RunPlatformOptions): Promise<void> {
  withholdInheritedDescriptors();
  const { config, parts } = options;
  const logger = openLog(config.logLevel);
  logLastError(componentLogger(logger, 'platform'));
  if (parts.runner) await checkSandbox(config);
  // Everything is in it, so its problems are the reason of others.
  if (config.databaseUrl === '') await makeDataFolder(config.dataDir);
  await checkStorage(config);
  const readiness = new Readiness();
  const ways: (() => Promise<void>)[] = [];
  let undoing: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    readiness.enter('stopping');
    return (undoing ??= undoAll(ways));
  };
  stopOnSignals(stop);
  const watchdog = new Watchdog({
    limitSeconds: config.hangLimitSeconds,
    limitName: settings.hangLimitSeconds.environment,
    logger: componentLogger(logger, 'watchdog'),
  });
  await watchdog.start();
  ways.push(() => watchdog.stop());
  try {
    const monitoring = await startMonitoring(config, readiness);
    if (monitoring !== undefined) ways.push(() => monitoring.stop());
    // `api` and `runner` share the operator's folder and database. With an embedded database, `up` must own both.
    const lock = config.databaseUrl === '' ? await lockDataFolder(config.dataDir) : undefined;
    if (lock !== undefined) ways.push(lock.release);
    const started = await untilDatabaseStays(config, async () => {
      const opened: (() => Promise<void>)[] = [];
      ways.push(() => undoAll(opened));
      try {
        return await openPlatform(options, {
          logger,
          readiness,
          monitoring,
          ways: opened,
          diedProcess: lock?.diedProcess,
        });
      } catch (error) {
        if (undoing === undefined) await undoAll(opened);
        // A signal may have come meanwhile.
        if (undoing === undefined) readiness.startOver();
        throw error;
      }
    });
    await options.onReady(started.platform, started.address);
  } catch (error) {
    // A signal during the start stops the half-started platform; errors caused by that are not reported.
    if (undoing !== undefined) return;
    await stop();
    throw error;
  }
}

/** Takes and calls the last one, until none is left. */
async function undoAll(ways: (() => Promise<void>)[]): Promise<void> {
  for (let way = ways.pop(); way !== undefined; way = ways.pop()) await way();
}

interface Start {
  readonly logger: Logger;
  readonly readiness: Readiness;
  readonly monitoring: MonitoringServer | undefined;
  /** Gets what undoes each step. */
  readonly ways: (() => Promise<void>)[];
  /** The process that held the lock of the data folder and died. */
  readonly diedProcess: string | undefined;
}

/** @returns the running platform, and the address of its API if it has one */
async function openPlatform(
  { config, parts, onProgress, prepare }: RunPlatformOptions,
  { logger, readiness, monitoring, ways, diedProcess }: Start,
): Promise<{ platform: Platform; address: string | undefined }> {
  const database = await openDatabase(config, logger, {
    onProgress,
    onWaiting: printWaiting,
    onMigrating: () => readiness.enter('migrating'),
  });
  ways.push(database.stop);
  const platform = await Platform.open({ config, logger, parts, readiness, monitoring }, database.url);
  ways.push(() => platform.stop(config.stopGraceSeconds * 1000));
  if (diedProcess !== undefined) await endLeasesOfProcess(platform.database, diedProcess);
  await prepare?.(platform);
  onProgress('starting the services');
  const address = await platform.start().catch(explainTakenPort(config, 'port', 'host'));
  return { platform, address };
}

/**
 * Starts over if the database goes away during the start: `start` waits for it again. Limited by the time to wait for a
 * database. @throws CommandError that says so
 */
async function untilDatabaseStays<Started>(config: Config, start: () => Promise<Started>): Promise<Started> {
  const startedAt = performance.now();
  for (;;) {
    try {
      return await start();
    } catch (error) {
      const isLate = performance.now() - startedAt > config.databaseWaitSeconds * 1000;
      if (isLate || !isDatabaseUnavailable(error)) throw explainDatabase(error, config);
    }
    await delay(restartMilliseconds);
  }
}

/** Logs an error that ends the process. Node prints it in its own format as well. */
function logLastError(logger: Logger): void {
  process.once('uncaughtExceptionMonitor', (err) => {
    logger.fatal({ err }, 'uncaught error: this process exits');
  });
}

function printWaiting(reason: string): void {
  say(`chela: waiting for the database: ${reason}`);
}

async function checkSandbox(config: Config): Promise<void> {
  try {
    await createSandbox(config).check();
  } catch (error) {
    throw new CommandError((error as Error).message);
  }
}

async function checkStorage(config: Config): Promise<void> {
  try {
    await openStorage(config).check();
  } catch (error) {
    throw new CommandError((error as Error).message);
  }
}

/** The port for monitoring answers from here on, so that it shows the start. @returns undefined if none is set */
async function startMonitoring(config: Config, readiness: Readiness): Promise<MonitoringServer | undefined> {
  const { metricsPort: port, metricsHost: host, metricsToken: token } = config;
  if (port === undefined) return undefined;
  const server = new MonitoringServer({ host, port, token, readiness });
  await server.start().catch(explainTakenPort(config, 'metricsPort', 'metricsHost'));
  say(`chela: metrics are at ${server.address}/metrics`);
  return server;
}

function explainTakenPort(
  config: Config,
  portName: 'port' | 'metricsPort',
  hostName: 'host' | 'metricsHost',
): (error: NodeJS.ErrnoException) => never {
  return (error) => {
    const port = config[portName] ?? 0;
    const flag = flagOf(portName);
    const { environment } = settings[portName];
    if (error.code === 'EADDRINUSE') {
      throw new CommandError(
        `port ${port} is in use by another program: choose another port with ${flag} or ${environment}, for example ${environment}=${port + 1}`,
      );
    }
    if (error.code === 'EACCES') {
      throw new CommandError(
        `this user may not listen on port ${port}: choose a port of 1024 or above with ${flag} or ${environment}`,
      );
    }
    if (error.code === 'EADDRNOTAVAIL') {
      throw new CommandError(
        `${config[hostName]} is not an address of this machine: change ${flagOf(hostName)} or ${settings[hostName].environment}`,
      );
    }
    throw error;
  };
}
