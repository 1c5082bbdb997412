/** One subtask from claim to outcome, as a pipeline of named steps. The runner settles the outcome. */
import path from 'node:path';
import type { Usage } from '../../accounts/accounts.ts';
import { settings, type Config } from '../../configuration/configuration.ts';
import { waitOut } from '../../database/database.ts';
import { type LogType, SecretMask, logType } from '../../logs/logs.ts';
import type { ExecutionStep, InternalWork } from '../../events/events.ts';
import {
  type StopEnd,
  type SubtaskOutcome,
  abortedEnd,
  stoppedEnd,
  subtaskMessage,
  succeededEnd,
} from '../../runs/runs.ts';
import type { EgressLedger, OpenSubtask } from '../../egress/egress.ts';
import type { PackageCache } from '../../workers/workers.ts';
import type { Cgroup } from '../cgroup.ts';
import type { Cgroups } from '../cgroups/cgroups.ts';
import type { ClaimedSubtask } from './claimed-subtask.ts';
import type { CacheUse } from '../cache/cache-use.ts';
import { PackageManagerError, type Installations, type Preparation } from '../dependencies/installations.ts';
import { ErrorHeadline, headlineText } from './error-headline.ts';
import { NetworkHint } from './network-hint.ts';
import { untoldLimit } from './limit-signs.ts';
import { LimitWatch } from './limit-watch.ts';
import { credentialsText, proxyAddress, randomCredentials, secretsOf } from '../proxy/egress-proxy.ts';
import { networkPorts } from '../network/worker-network.ts';
import type { RunWriter } from './run-writers.ts';
import { sdkAddress } from '../sandbox.ts';
import type { Sandbox, SandboxedProcess, SandboxLimits, WorkerExit } from '../sandbox.ts';
import { storageAddress, storageEnvironment } from '../storage/storage-gateway.ts';
import { failedEnd, limitEnd, notExecutedEnd, notStoredEnd } from './subtask-ends.ts';
import { SubtaskLog } from './subtask-log.ts';
import { WorkerEndpoints, type EndpointServices } from './worker-endpoints.ts';

export type { ClaimedSubtask } from './claimed-subtask.ts';
export { RunWriters } from './run-writers.ts';

/** From SIGTERM to SIGKILL. Well below the 5 s that an abort may take. */
const terminateGraceMilliseconds = 2000;
const mebibyte = 1024 * 1024;

export interface ExecutionServices extends EndpointServices {
  readonly usage: Usage;
  readonly packages: PackageCache;
  readonly installations: Installations;
  readonly sandbox: Sandbox;
  readonly cgroups: Cgroups;
  readonly cacheUse: CacheUse;
  readonly ledger: EgressLedger;
}

export class SubtaskExecution {
  readonly subtask: ClaimedSubtask;
  readonly #services: ExecutionServices;
  readonly #writer: RunWriter;
  readonly #log: SubtaskLog;
  readonly #ledger: OpenSubtask;
  readonly #errorHeadline: ErrorHeadline;
  readonly #slot: number;
  readonly #credentials = randomCredentials();
  readonly #stopped = new AbortController();
  /** Aborted once the subtask may belong to another runner. */
  readonly #givenBack = new AbortController();
  readonly #limits: SandboxLimits;
  /** On the monotonic clock, as is the start of the worker. */
  readonly #claimedAt = performance.now();
  #workedFrom: number | undefined;
  readonly #limitWatch: LimitWatch;
  #stopEnd: StopEnd | undefined;
  #at: ExecutionStep = 'execution';
  /** Start of the step; undefined before the first one and after the last. */
  #stepBegan: number | undefined;
  #process: SandboxedProcess | undefined;
  #cgroup: Cgroup | undefined;
  #browserPorts: readonly number[] = [];
  /** Reads the worker's output for failed connections. */
  #networkHint: NetworkHint | undefined;
  /** The error of the first row that could not be stored. */
  #rowError: string | undefined;
  /** The error of the first row that the database refused. */
  #refusedRow: string | undefined;

  constructor(services: ExecutionServices, subtask: ClaimedSubtask, slot: number, writer: RunWriter) {
    this.subtask = subtask;
    this.#services = services;
    this.#slot = slot;
    this.#writer = writer;
    const { config, usage, events } = services;
    this.#limits = {
      processes: config.sandboxProcessLimit,
      openFiles: config.sandboxOpenFileLimit,
      fileSizeBytes: config.sandboxFileSizeBytes,
      tmpBytes: config.sandboxTmpBytes,
      memoryBytes: subtask.limits.memory * mebibyte,
      cpus: subtask.limits.cpus,
    };
    this.#limitWatch = new LimitWatch({
      subtask,
      config,
      usage,
      events,
      writer,
      sandbox: this.#limits,
      onExcess: (limit) => this.stop({ reason: 'limit', detail: limit }),
      onNotice: (notice) => this.#log.system(notice, logType.warn),
    });
    const secrets = secretsOf(this.#credentials);
    const mask = new SecretMask(secrets.whole, secrets.random);
    this.#errorHeadline = new ErrorHeadline(mask);
    this.#ledger = services.ledger.open({
      runId: subtask.run_id,
      runSlug: subtask.run_slug,
      claim: subtask,
      claims: writer.claims,
      mask: (text) => mask.apply(text),
    });
    this.#log = new SubtaskLog({
      ingest: writer.logs,
      run: subtask.run_slug,
      claim: subtask,
      lineLimitBytes: config.outputLineLimitBytes,
      lineLimit: config.logLineLimit,
      linesPerSecond: config.logLinesPerSecond,
      mask,
      events,
    });
    writer.claims.add(subtask, subtask.fence, () => this.stop(stoppedEnd));
  }

  /** The end that the platform caused, if it did. */
  get stopEnd(): StopEnd | undefined {
    return this.#stopEnd;
  }

  /** Ends the subtask early: its whole process tree, within seconds. The first reason counts. */
  stop(end: StopEnd): void {
    if (this.#stopEnd !== undefined) return;
    this.#stopEnd = end;
    this.#stopped.abort();
    if (end.reason === 'stopped') this.#givenBack.abort();
    void this.#process?.terminate(terminateGraceMilliseconds);
  }

  /** Executes the subtask. Never rejects: errors become the outcome. */
  async run(): Promise<SubtaskOutcome> {
    const unsubscribe = this.#limitWatch.subscribe();
    try {
      const outcome = await this.#execute();
      return {
        ...outcome,
        cpuSeconds: this.#limitWatch.cpuSeconds,
        claimedAtMilliseconds: this.#claimedAt,
        workedFromMilliseconds: this.#workedFrom,
      };
    } finally {
      unsubscribe();
    }
  }

  async #execute(): Promise<SubtaskOutcome> {
    let scratchDir: string | undefined;
    let release: (() => void) | undefined;
    const { traffic } = this.#writer;
    try {
      if (this.subtask.run_status === 'aborting') this.stop(abortedEnd);
      this.#announce();
      await this.#step(traffic.known(this.#stopped.signal));
      await this.#step(this.#limitWatch.chargeKnown(this.#stopped.signal));
      this.#enter('package');
      const packageDir = await this.#step(this.#services.packages.unpacked(this.subtask.package_hash));
      this.#enter('dependencies');
      const preparation = await this.#prepareLaunch(packageDir);
      this.#enter('folders');
      release = await this.#services.cacheUse.hold(usedFolders(packageDir, preparation));
      scratchDir = await this.#services.scratch.create();
      this.#enter('sandbox');
      this.#cgroup = await this.#makeCgroup();
      this.#process = await this.#openSandbox(scratchDir, packageDir, preparation);
      this.#enter('execution');
      const exit = await this.#work(this.#process, scratchDir);
      return this.#outcome(exit);
    } catch (error) {
      return this.#failedBeforeEnd(error);
    } finally {
      this.#endStep();
      await this.#process?.close();
      await this.#removeCgroup();
      release?.();
      if (scratchDir !== undefined) await this.#services.scratch.remove(scratchDir);
      await Promise.all([
        this.#writer.results.settled(),
        this.#writer.logs.settled().then(() => this.#log.told()),
        traffic.settled(),
        this.#ledger.close(),
      ]);
      this.#writer.claims.end(this.subtask);
    }
  }

  #enter(step: ExecutionStep): void {
    this.#endStep();
    this.#at = step;
    this.#stepBegan = performance.now();
  }

  #endStep(): void {
    if (this.#stepBegan === undefined) return;
    const { run_slug: run, number: subtask } = this.subtask;
    const seconds = (performance.now() - this.#stepBegan) / 1000;
    this.#services.events.emit('subtask:stepped', { run, subtask, step: this.#at, seconds });
    this.#stepBegan = undefined;
  }

  #announce(): void {
    const { number, subtask_count: count, version } = this.subtask;
    this.#log.system(
      `preparing the environment of version ${version}, ${count === 1 ? '1 subtask' : `subtask ${number} of ${count}`}`,
    );
    const { warning } = this.#services.sandbox;
    if (warning !== undefined) this.#log.system(warning, logType.warn);
    this.#stopped.signal.throwIfAborted();
  }

  /** Runs a step that a stop does not wait for. */
  async #step<T>(step: Promise<T>): Promise<T> {
    const result = await step;
    this.#stopped.signal.throwIfAborted();
    return result;
  }

  async #prepareLaunch(packageDir: string): Promise<Preparation> {
    const { version_id: id, run_id: runKey, package_hash, language, entry } = this.subtask;
    const onLine = (line: string): void => this.#log.system(line);
    const version = { id, package_hash, language, entry };
    const preparation = await this.#step(
      this.#services.installations.prepareRun(version, runKey, packageDir, onLine, this.#stopped.signal),
    );
    if (this.subtask.number === 1)
      for (const note of preparation.notes ?? []) this.#log.system(note, logType.warn);
    return preparation;
  }

  async #makeCgroup(): Promise<Cgroup | undefined> {
    const { config, cgroups, sandbox } = this.#services;
    if (sandbox.keepsLimits) return undefined;
    const { memory, cpus } = this.subtask.limits;
    if (!cgroups.limitsCpu && cpus !== config.defaultCpus && this.subtask.number === 1) {
      this.#log.system(
        `the limit of ${cpus} cpus is not enforced: this runner cannot limit processor time`,
        logType.warn,
      );
    }
    return cgroups.create({ memoryBytes: memory * mebibyte, cpus, processes: config.sandboxProcessLimit });
  }

  async #removeCgroup(): Promise<void> {
    try {
      await this.#cgroup?.remove();
    } catch (err) {
      this.#reportFailure('remove-cgroup', err);
    }
  }

  async #openSandbox(
    scratchDir: string,
    packageDir: string,
    preparation: Preparation,
  ): Promise<SandboxedProcess> {
    const { sandbox, browsers } = this.#services;
    const { run_slug: slug, number, limits } = this.subtask;
    this.#browserPorts = (await browsers?.ports(packageDir, sandbox)) ?? [];
    const networkProblem = await this.#networkProblem();
    if (sandbox.networkProblem !== undefined) {
      this.#networkHint = new NetworkHint({
        problem: networkProblem,
        portsSetting: settings.workerPorts.environment,
        tell: (hint) => this.#log.system(hint, logType.warn),
      });
    }
    return sandbox.open({
      packageDir,
      ...preparation,
      scratchDir,
      entry: this.subtask.entry,
      environment: {
        PROXY_AUTH: credentialsText(this.#credentials),
        PROXY_DOMAIN: `${proxyAddress.host}:${proxyAddress.port}`,
        ...storageEnvironment(),
        ...browsers?.environment(this.#credentials),
        ...otherBrowsers(this.#services.config),
      },
      ports: [sdkAddress.port, proxyAddress.port, storageAddress.port, ...this.#browserPorts],
      networkPorts:
        networkProblem === undefined && sandbox.networkProblem !== undefined
          ? networkPorts(this.#services.config)
          : undefined,
      slot: this.#slot,
      limits: this.#limits,
      share: { memoryMegabytes: limits.memory, cpus: limits.cpus },
      cgroup: this.#cgroup,
      tmp: browsers === undefined ? undefined : 'shareable',
      label: `${slug}-${number}`,
    });
  }

  /** Why the worker has no network except its proxy; undefined if it has one. */
  async #networkProblem(): Promise<string | undefined> {
    const { config, sandbox } = this.#services;
    if (config.workerNetwork === 'proxy' && sandbox.networkProblem !== undefined) {
      return `${settings.workerNetwork.environment} is proxy`;
    }
    return sandbox.networkProblem?.();
  }

  /** Serves the SDK, starts the worker, watches its limits, and waits for its end and the rest of its output. */
  async #work(worker: SandboxedProcess, scratchDir: string): Promise<WorkerExit> {
    if (this.#stopped.signal.aborted) void worker.terminate(0);
    const endpoints = this.#serve(worker, scratchDir);
    const output = Promise.all([
      this.#log.capture(worker.stdout, logType.info, (line) => this.#networkHint?.read(line)),
      this.#log.capture(worker.stderr, logType.warn, (line) => {
        this.#networkHint?.read(line);
        this.#limitWatch.read(line);
        this.#errorHeadline.read(line);
      }),
    ]);
    const watched = { worker, browsers: endpoints.browsers, cgroup: this.#cgroup, scratchDir };
    this.#limitWatch.start(watched);
    try {
      this.#log.system('running');
      const begun = this.#recordBegin();
      worker.run();
      const exit = await worker.exited;
      await this.#limitWatch.finish(watched);
      await begun;
      await output;
      return exit;
    } finally {
      await Promise.all([endpoints.close(), this.#limitWatch.stop()]);
      this.#log.close();
    }
  }

  #serve(worker: SandboxedProcess, scratchDir: string): WorkerEndpoints {
    const options = {
      subtask: this.subtask,
      writer: this.#writer,
      log: this.#log,
      hosts: this.#ledger.hosts,
      credentials: this.#credentials,
      browserPorts: this.#browserPorts,
      cgroup: this.#cgroup,
      scratchDir,
      onLogged: (type: LogType, text: string): void => {
        this.#networkHint?.read(text);
        if (type === logType.error) this.#errorHeadline.readLogged(text);
      },
      onRowError: (message: string, isPassing: boolean): void => {
        this.#rowError ??= message;
        if (!isPassing) this.#refusedRow ??= message;
      },
    };
    return new WorkerEndpoints(this.#services, options, worker);
  }

  /**
   * Records when charging for memory starts. Does not delay the worker while PostgreSQL is unavailable: it is stored
   * later.
   */
  async #recordBegin(): Promise<void> {
    const beganAt = performance.now();
    this.#workedFrom = beganAt;
    const { usage } = this.#services;
    const attempt = () => usage.begin(this.subtask, (performance.now() - beganAt) / 1000);
    await waitOut(attempt, this.#givenBack.signal).catch((err: unknown) => {
      if (!this.#givenBack.signal.aborted) this.#reportFailure('record-begin', err);
    });
  }

  #reportFailure(work: InternalWork, err: unknown): void {
    const { run_slug: run, number: subtask } = this.subtask;
    this.#services.events.failed({ work, err, run, subtask });
  }

  #outcome(exit: WorkerExit): SubtaskOutcome {
    const end = this.#stopEnd ?? this.#limitOf(exit);
    if (end !== undefined) return this.#stoppedOutcome(end);
    if (exit.exitCode === 0) {
      this.#log.system('finished with exit code 0');
      return { end: this.#refusedRow === undefined ? succeededEnd : notStoredEnd(this.#refusedRow) };
    }
    const failure = failedEnd(exit, {
      ...this.#limitWatch.circumstances,
      ...(this.#rowError !== undefined && { row_error: this.#rowError }),
    });
    this.#log.system(
      failure.reason === 'exit'
        ? `finished with exit code ${failure.detail.exit_code}`
        : `finished with signal ${failure.detail.signal}`,
      logType.error,
    );
    return { end: failure, errorHeadline: this.#errorHeadline.text };
  }

  /** The limit for which the kernel ended the worker. */
  #limitOf({ outOfMemory, signal }: WorkerExit): StopEnd | undefined {
    if (outOfMemory) return limitEnd({ limit: 'memory', value: this.subtask.limits.memory });
    return signal === 'SIGXFSZ' ? limitEnd(untoldLimit('file_size', this.#limits)) : undefined;
  }

  #stoppedOutcome(end: StopEnd): SubtaskOutcome {
    this.#log.system(subtaskMessage(end), logType.warn);
    return { end };
  }

  #failedBeforeEnd(error: unknown): SubtaskOutcome {
    if (this.#stopEnd !== undefined) return this.#stoppedOutcome(this.#stopEnd);
    const { message } = error as Error;
    const end = notExecutedEnd(this.#at, message);
    // Failed dependencies are a property of the version, and reported as such.
    if (end.reason !== 'dependencies') this.#reportFailure('execute-subtask', error);
    this.#log.system(subtaskMessage(end), logType.error);
    return {
      end,
      ...(error instanceof PackageManagerError && { errorHeadline: headlineText(error.headline) }),
    };
  }
}

/** Other browser servers that the operator configured. */
function otherBrowsers({
  camoufoxEndpoint,
  lightpandaEndpoint,
}: Pick<Config, 'camoufoxEndpoint' | 'lightpandaEndpoint'>): Record<string, string> {
  return {
    ...(camoufoxEndpoint !== '' && { CamoufoxDomain: camoufoxEndpoint }),
    ...(lightpandaEndpoint !== '' && { LightpandaDomain: lightpandaEndpoint }),
  };
}

/** Cache entries that a subtask runs from. */
function usedFolders(packageDir: string, { nodeModulesDir, launch }: Preparation): string[] {
  const dependencies = [nodeModulesDir, ...Object.values(launch?.mounts ?? {})];
  // An entry is the parent of the mounted folder.
  const entries = dependencies.filter((folder) => folder !== undefined).map((folder) => path.dirname(folder));
  return [packageDir, ...entries];
}
