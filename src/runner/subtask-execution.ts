/** One subtask from claim to outcome, as a pipeline of named steps. Settling the outcome is the runner's. */
import path from 'node:path';
import type { Logger } from 'pino';
import type { Usage } from '../accounts/usage.ts';
import type { Config } from '../config.ts';
import { isDatabaseError } from '../database/database.ts';
import { logType } from '../logs/log-line.ts';
import { parseRow } from '../results/row.ts';
import type { SubtaskOutcome } from '../runs/finish.ts';
import { abortedMessage } from '../runs/statuses.ts';
import type { PackageCache } from '../workers/package-cache.ts';
import type { ClaimedSubtask } from './claimer.ts';
import { watchDisk } from './disk-watch.ts';
import type { CacheUse } from './cache/cache-use.ts';
import type { Installations } from './installations.ts';
import type { Preparation } from './launch.ts';
import {
  credentialsText,
  proxyAddress,
  randomCredentials,
  secretsOf,
  type EgressProxy,
  type ProxySession,
} from './proxy/egress-proxy.ts';
import type { RunWriter } from './run-writers.ts';
import { sdkAddress } from './sandbox.ts';
import type { Sandbox, SandboxedProcess, WorkerExit } from './sandbox.ts';
import type { ScratchFolder } from './scratch-folder.ts';
import { SdkGateway } from './sdk-gateway.ts';
import { SecretMask } from './secret-mask.ts';
import { SubtaskLog } from './subtask-log.ts';

/** From SIGTERM to SIGKILL. Well below the 5 s in which an abort has to be over. */
const terminateGraceMilliseconds = 2000;
const memoryCheckMilliseconds = 250;
const chargeCheckMilliseconds = 500;
/** Timers count in 31 bits: a subtask of 24 days has worked long enough. */
const longestTimerMilliseconds = 2 ** 31 - 1;
const mebibyte = 1024 * 1024;

export interface ExecutionServices {
  readonly config: Config;
  readonly usage: Usage;
  readonly packages: PackageCache;
  readonly installations: Installations;
  readonly sandbox: Sandbox;
  readonly proxy: EgressProxy;
  readonly scratch: ScratchFolder;
  readonly cacheUse: CacheUse;
  readonly logger: Logger;
}

/** Why the platform ended a subtask before it ended by itself. */
export type StopReason =
  | { readonly kind: 'abort' }
  | { readonly kind: 'limit'; readonly errMsg: string }
  | { readonly kind: 'runner stopped' };

export class SubtaskExecution {
  readonly subtask: ClaimedSubtask;
  readonly #services: ExecutionServices;
  readonly #writer: RunWriter;
  readonly #log: SubtaskLog;
  readonly #slot: number;
  readonly #credentials = randomCredentials();
  readonly #stopped = new AbortController();
  #reason: StopReason | undefined;
  #process: SandboxedProcess | undefined;
  /** Why the database did not take a row, the first time. */
  #unstored: string | undefined;

  constructor(services: ExecutionServices, subtask: ClaimedSubtask, slot: number, writer: RunWriter) {
    this.subtask = subtask;
    this.#services = services;
    this.#slot = slot;
    this.#writer = writer;
    const { config, logger } = services;
    this.#log = new SubtaskLog({
      ingest: writer.logs,
      subtask: subtask.number,
      lineLimitBytes: config.outputLineLimitBytes,
      lineLimit: config.logLineLimit,
      mask: new SecretMask(secretsOf(this.#credentials)),
      logger,
    });
  }

  /** Why the platform stopped it, if it did. */
  get stopReason(): StopReason | undefined {
    return this.#reason;
  }

  /** Ends the subtask early: the whole process tree, within seconds. The first reason stands. */
  stop(reason: StopReason): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#stopped.abort();
    void this.#process?.terminate(terminateGraceMilliseconds);
  }

  /** Executes the subtask. Never rejects: what goes wrong is the outcome. */
  async run(): Promise<SubtaskOutcome> {
    let scratchDir: string | undefined;
    let release: (() => void) | undefined;
    const { traffic } = this.#writer;
    const unsubscribe = traffic.onExceeded(() => this.stop({ kind: 'limit', errMsg: traffic.limitMessage }));
    try {
      if (this.subtask.run_status === 'aborting') this.stop({ kind: 'abort' });
      this.#announce();
      await this.#step(traffic.known());
      await this.#step(this.#checkCharge());
      const packageDir = await this.#step(this.#services.packages.unpacked(this.subtask.package_hash));
      const preparation = await this.#prepareLaunch(packageDir);
      release = await this.#services.cacheUse.hold(usedFolders(packageDir, preparation));
      scratchDir = await this.#services.scratch.create();
      this.#process = await this.#openSandbox(scratchDir, packageDir, preparation);
      const exit = await this.#work(this.#process, scratchDir);
      return this.#outcome(exit);
    } catch (error) {
      return this.#failedBeforeEnd(error);
    } finally {
      unsubscribe();
      await this.#process?.close();
      release?.();
      if (scratchDir !== undefined) await this.#services.scratch.remove(scratchDir);
      await Promise.all([this.#writer.results.settled(), this.#writer.logs.settled(), traffic.settled()]);
    }
  }

  #announce(): void {
    const { number, subtask_count: count, version } = this.subtask;
    this.#log.system(
      `preparing the environment of version ${version}, ${count === 1 ? '1 subtask' : `subtask ${number} of ${count}`}`,
    );
    this.#stopped.signal.throwIfAborted();
  }

  /** A step that a stop need not wait for. */
  async #step<T>(step: Promise<T>): Promise<T> {
    const result = await step;
    this.#stopped.signal.throwIfAborted();
    return result;
  }

  async #prepareLaunch(packageDir: string): Promise<Preparation> {
    const { version_id: id, package_hash, language } = this.subtask;
    const onLine = (line: string): void => this.#log.system(line);
    const version = { id, package_hash, language };
    return this.#step(
      this.#services.installations.prepare(version, packageDir, onLine, this.#stopped.signal),
    );
  }

  async #openSandbox(
    scratchDir: string,
    packageDir: string,
    preparation: Preparation,
  ): Promise<SandboxedProcess> {
    const { config, sandbox } = this.#services;
    return sandbox.open({
      packageDir,
      ...preparation,
      scratchDir,
      entry: this.subtask.entry,
      environment: {
        PROXY_AUTH: credentialsText(this.#credentials),
        PROXY_DOMAIN: `${proxyAddress.host}:${proxyAddress.port}`,
      },
      ports: [sdkAddress.port, proxyAddress.port],
      slot: this.#slot,
      limits: {
        processes: config.sandboxProcessLimit,
        openFiles: config.sandboxOpenFileLimit,
        fileSizeBytes: config.sandboxFileSizeBytes,
        tmpBytes: config.sandboxTmpBytes,
      },
    });
  }

  /** Serves the SDK, starts the worker, watches its limits and waits for its end and the last of its output. */
  async #work(worker: SandboxedProcess, scratchDir: string): Promise<WorkerExit> {
    if (this.#stopped.signal.aborted) void worker.terminate(0);
    const gateway = this.#serveSdk(worker);
    const proxy = this.#serveProxy(worker);
    // At once, whatever the worker does with its time to end.
    const unsubscribe = this.#writer.traffic.onExceeded(() => proxy.close());
    const output = Promise.all([
      this.#log.capture(worker.stdout, logType.info),
      this.#log.capture(worker.stderr, logType.error),
    ]);
    const stopWatching = this.#watch(worker);
    const stopWatchingDisk = this.#watchDisk(scratchDir);
    try {
      this.#log.system('running');
      // Where the database is away the worker begins all the same, and its memory is not charged.
      await this.#services.usage.begin(this.subtask.id).catch(() => undefined);
      worker.run();
      const exit = await worker.exited;
      await output;
      return exit;
    } finally {
      stopWatching();
      stopWatchingDisk();
      unsubscribe();
      proxy.close();
      await gateway.close();
    }
  }

  #serveSdk(worker: SandboxedProcess): SdkGateway {
    const { number, input } = this.subtask;
    const { results } = this.#writer;
    const log = this.#log;
    const gateway = new SdkGateway(
      {
        input: () => input,
        pushRow: async (jsonText) => {
          try {
            await results.push(number, parseRow(jsonText));
          } catch (error) {
            if (isDatabaseError(error)) this.#unstored ??= (error as Error).message;
            log.system(`a row was refused: ${(error as Error).message}`, logType.error);
            throw error;
          }
        },
        setHeaders: (headers) => results.setHeaders(number, headers),
        log: (type, text) => log.write(type, text),
        rejected: (message) => log.system(message, logType.error),
      },
      { messageLimitBytes: this.#services.config.sdkMessageLimitBytes },
    );
    gateway.serve(worker.listener(sdkAddress.port));
    return gateway;
  }

  #serveProxy(worker: SandboxedProcess): ProxySession {
    const { traffic } = this.#writer;
    return this.#services.proxy.serve({
      listener: worker.listener(proxyAddress.port),
      credentials: this.#credentials,
      region: this.subtask.limits.proxy_region,
      onTraffic: (bytes) => traffic.add(bytes),
      onNotice: (message) => this.#log.system(`proxy: ${message}`, logType.warn),
    });
  }

  /** Ends the worker at its time or memory limit. @returns the way to stop watching */
  #watch(worker: SandboxedProcess): () => void {
    const { execute_limit_time_seconds: seconds, memory } = this.subtask.limits;
    const time = setTimeout(
      () => {
        this.stop({
          kind: 'limit',
          errMsg: `stopped at the time limit of ${seconds} s (execute_limit_time_seconds)`,
        });
      },
      Math.min(seconds * 1000, longestTimerMilliseconds),
    );
    let checking = false;
    const checkMemory = async (): Promise<void> => {
      if (checking) return;
      checking = true;
      const limitBytes = memory * mebibyte;
      const usedBytes = await worker.memoryBytes(limitBytes).catch(() => 0);
      checking = false;
      if (usedBytes > limitBytes) {
        this.stop({ kind: 'limit', errMsg: `stopped at the memory limit of ${memory} MB (memory)` });
      }
    };
    const memoryTimer = setInterval(() => void checkMemory(), memoryCheckMilliseconds);
    const stopWatchingCharge = this.#watchCharge();
    return () => {
      clearTimeout(time);
      clearInterval(memoryTimer);
      stopWatchingCharge();
    };
  }

  /** @returns the way to stop watching */
  #watchDisk(scratchDir: string): () => void {
    const { sandboxDiskBytes: bytes, sandboxDiskFileLimit: files } = this.#services.config;
    return watchDisk(scratchDir, { bytes, files }, (excess) => {
      const limit =
        excess === 'bytes'
          ? `disk limit of ${bytes} bytes (CHELA_SANDBOX_DISK_BYTES)`
          : `disk limit of ${files} files (CHELA_SANDBOX_DISK_FILE_LIMIT)`;
      this.stop({ kind: 'limit', errMsg: `stopped at the ${limit}` });
    });
  }

  get #hasChargeLimit(): boolean {
    return this.subtask.limits.max_total_charge > 0 && !this.#services.usage.isFree;
  }

  /** Stops the subtask where all subtasks of the run together have come to its charge limit. */
  async #checkCharge(): Promise<void> {
    if (!this.#hasChargeLimit) return;
    const { run_id: runId, limits } = this.subtask;
    const { max_total_charge: limit } = limits;
    // While the database is away nothing is charged either; the next look tells.
    const isReached = await this.#services.usage.reached(runId, limit).catch(() => false);
    if (isReached) {
      this.stop({ kind: 'limit', errMsg: `stopped at the charge limit of ${limit} (max_total_charge)` });
    }
  }

  /** @returns the way to stop watching */
  #watchCharge(): () => void {
    if (!this.#hasChargeLimit) return () => undefined;
    let checking: Promise<void> | undefined;
    const timer = setInterval(() => {
      checking ??= this.#checkCharge().finally(() => {
        checking = undefined;
      });
    }, chargeCheckMilliseconds);
    return () => clearInterval(timer);
  }

  #outcome(exit: WorkerExit): SubtaskOutcome {
    if (this.#reason !== undefined) return this.#stoppedOutcome(this.#reason);
    const { exitCode, signal } = exit;
    if (exitCode === 0) {
      this.#log.system('finished with exit code 0');
      return { status: 'succeeded', exitCode, errMsg: '' };
    }
    const end = signal === null ? `exit code ${exitCode}` : `signal ${signal}`;
    this.#log.system(`finished with ${end}`, logType.error);
    const before =
      this.#unstored === undefined ? '' : `; before that a row could not be stored: ${this.#unstored}`;
    return {
      status: 'failed',
      exitCode: exitCode ?? undefined,
      errMsg: `the worker ended with ${end}${before}`,
    };
  }

  #stoppedOutcome(reason: StopReason): SubtaskOutcome {
    const errMsg = stopMessage(reason);
    this.#log.system(errMsg, logType.warn);
    return { status: 'failed', errMsg };
  }

  #failedBeforeEnd(error: unknown): SubtaskOutcome {
    if (this.#reason !== undefined) return this.#stoppedOutcome(this.#reason);
    const { message } = error as Error;
    this.#services.logger.warn(
      { subtask: this.subtask.id, error: message },
      'a subtask could not be executed',
    );
    this.#log.system(`could not be executed: ${message}`, logType.error);
    return { status: 'failed', errMsg: `could not be executed: ${message}` };
  }
}

/** Entries of the cache that a subtask runs from. */
function usedFolders(packageDir: string, { nodeModulesDir, launch }: Preparation): string[] {
  const dependencies = [nodeModulesDir, ...Object.values(launch?.mounts ?? {})];
  // An entry is the folder that holds what is mounted.
  const entries = dependencies.filter((folder) => folder !== undefined).map((folder) => path.dirname(folder));
  return [packageDir, ...entries];
}

function stopMessage(reason: StopReason): string {
  switch (reason.kind) {
    case 'abort':
      return abortedMessage;
    case 'limit':
      return reason.errMsg;
    case 'runner stopped':
      return 'the runner was stopped while it executed the subtask';
    default:
      return reason satisfies never;
  }
}
