/**
 * Runs a package manager once in its own sandbox: only the registry gateway as network, only its own files, an
 * unprivileged user, limits on time, memory and disk. When it ends, all its child processes have ended.
 */
import { chmod, lchown, lstat, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../../configuration/configuration.ts';
import type { Events } from '../../events/events.ts';
import { watchDisk } from '../../host/disk-watch.ts';
import type { Launch, Sandbox, SandboxedProcess } from '../sandbox.ts';
import { removeTree } from '../../host/scratch-folder.ts';
import type { PackageManagerEnd } from './installer.ts';
import { InstallerOutput } from './installer-output.ts';
import { gatewayAddress, type RegistryGateway } from './registry-gateway.ts';

const memoryCheckMilliseconds = 500;
const mebibyte = 1024 * 1024;
/** Slots below are for runners. Each slot has its own unprivileged user. */
const firstSlot = 10_000;

type FenceConfig = Pick<
  Config,
  | 'installTimeLimitSeconds'
  | 'installMemoryMegabytes'
  | 'installLogLineLimit'
  | 'sandboxDiskBytes'
  | 'sandboxDiskFileLimit'
  | 'sandboxProcessLimit'
  | 'sandboxOpenFileLimit'
  | 'sandboxFileSizeBytes'
  | 'sandboxTmpBytes'
>;

export interface FencedCommand {
  /** Host folder that receives the result. */
  readonly folder: string;
  /** Files to create in the working folder, by name. */
  readonly files: Readonly<Record<string, string>>;
  readonly launch: Launch;
  /** Name of the result's folder in the working folder. */
  readonly result: string;
  readonly gateway: RegistryGateway;
  readonly print: (line: string) => void;
  readonly edit: (line: string) => string;
  readonly signal: AbortSignal;
}

export class InstallFence {
  readonly #sandbox: Sandbox;
  readonly #config: FenceConfig;
  readonly #events: Events;
  readonly #usedSlots = new Set<number>();

  constructor(sandbox: Sandbox, config: FenceConfig, events: Events) {
    this.#sandbox = sandbox;
    this.#config = config;
    this.#events = events;
  }

  /** @throws Error if it exceeds a limit or cannot be started; the abort's reason */
  async run(command: FencedCommand): Promise<PackageManagerEnd> {
    const slot = this.#takeSlot();
    const fence = await mkdtemp(path.join(command.folder, '.fence-'));
    try {
      const scratchDir = path.join(fence, 'scratch');
      const packageDir = path.join(fence, 'package');
      await chmod(fence, 0o711);
      for (const folder of [scratchDir, packageDir]) await mkdir(folder, { mode: 0o711 });
      for (const [name, text] of Object.entries(command.files))
        await writeFile(path.join(packageDir, name), text);
      const end = await this.#runIn({ packageDir, scratchDir, slot }, command);
      if (end.exitCode === 0) await takeResult(path.join(scratchDir, 'work'), command);
      return end;
    } finally {
      this.#usedSlots.delete(slot);
      await removeTree(fence);
    }
  }

  async #runIn(
    place: { packageDir: string; scratchDir: string; slot: number },
    { launch, gateway, print, edit, signal }: FencedCommand,
  ): Promise<PackageManagerEnd> {
    const config = this.#config;
    const worker = await this.#sandbox.open({
      ...place,
      entry: '.',
      launch,
      environment: {},
      ports: [gatewayAddress.port],
      limits: {
        processes: config.sandboxProcessLimit,
        openFiles: config.sandboxOpenFileLimit,
        fileSizeBytes: config.sandboxFileSizeBytes,
        tmpBytes: config.sandboxTmpBytes,
      },
    });
    const output = new InstallerOutput(print, edit, config.installLogLineLimit);
    const reading = Promise.all([output.read(worker.stdout), output.read(worker.stderr)]);
    const watch = this.#watch(worker, place.scratchDir, signal);
    try {
      gateway.serve(worker.listener(gatewayAddress.port), (message) => output.add(`registry: ${message}`));
      worker.run();
      const { exitCode } = await worker.exited;
      // Leftover child processes hold its output open.
      await worker.terminate(0);
      await reading;
      signal.throwIfAborted();
      if (watch.excess() !== undefined) throw new Error(watch.excess());
      return { exitCode, tail: output.tail, errors: output.errors };
    } finally {
      watch.stop();
      gateway.close();
      await worker.close();
      await reading.catch(() => undefined);
    }
  }

  /** Ends it if it exceeds a limit or is cancelled. */
  #watch(
    worker: SandboxedProcess,
    scratchDir: string,
    signal: AbortSignal,
  ): { excess: () => string | undefined; stop: () => void } {
    const { installTimeLimitSeconds, installMemoryMegabytes, sandboxDiskBytes, sandboxDiskFileLimit } =
      this.#config;
    let excess: string | undefined;
    const end = (reason?: string): void => {
      excess ??= reason;
      void worker.terminate(0);
    };
    const onAbort = (): void => end();
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    const late = setTimeout(
      () =>
        end(
          `installing the dependencies took longer than ${installTimeLimitSeconds} s (CHELA_INSTALL_TIME_LIMIT_SECONDS)`,
        ),
      installTimeLimitSeconds * 1000,
    );
    const stopDisk = watchDisk(
      scratchDir,
      { bytes: sandboxDiskBytes, files: sandboxDiskFileLimit },
      (passed) =>
        end(
          passed === 'bytes'
            ? `installing the dependencies used more disk than ${sandboxDiskBytes} bytes (CHELA_SANDBOX_DISK_BYTES)`
            : `installing the dependencies created more than ${sandboxDiskFileLimit} files (CHELA_SANDBOX_DISK_FILE_LIMIT)`,
        ),
    );
    const watched = new AbortController();
    void this.#watchMemory(worker, watched.signal, () =>
      end(
        `installing the dependencies used more memory than ${installMemoryMegabytes} MB (CHELA_INSTALL_MEMORY_MB)`,
      ),
    );
    return {
      excess: () => excess,
      stop: () => {
        clearTimeout(late);
        stopDisk();
        watched.abort();
        signal.removeEventListener('abort', onAbort);
      },
    };
  }

  async #watchMemory(worker: SandboxedProcess, signal: AbortSignal, onExcess: () => void): Promise<void> {
    const limitBytes = this.#config.installMemoryMegabytes * mebibyte;
    while (!signal.aborted) {
      const usedBytes = await worker.memoryBytes(limitBytes).catch((err: unknown) => {
        // A process that has ended in the meantime has no memory to measure.
        if (!signal.aborted) this.#events.failed({ work: 'measure-install', err });
        return 0;
      });
      if (usedBytes > limitBytes) {
        onExcess();
        return;
      }
      await delay(memoryCheckMilliseconds, undefined, { signal }).catch(() => undefined);
    }
  }

  #takeSlot(): number {
    let slot = firstSlot;
    while (this.#usedSlots.has(slot)) slot += 1;
    this.#usedSlots.add(slot);
    return slot;
  }
}

/** Moves the result out of the sandbox, which has ended, and gives it to the runner's user. */
async function takeResult(workDir: string, { folder, result }: FencedCommand): Promise<void> {
  const target = path.join(folder, result);
  await rm(target, { recursive: true, force: true });
  const made = await rename(path.join(workDir, result), target).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      return false;
    },
  );
  if (!made) await mkdir(target);
  else if (!(await lstat(target)).isDirectory()) {
    // A script may have replaced it with a link to a folder of the host.
    await rm(target);
    throw new Error(`${result} is not a folder after the installation`);
  }
  await takeOver(target);
}

async function takeOver(folder: string): Promise<void> {
  if (process.getuid?.() === 0) await lchown(folder, 0, 0);
  // A script may have removed all permissions from its folders.
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) await takeOver(file);
    else if (entry.isFile() || entry.isSymbolicLink()) {
      if (process.getuid?.() === 0) await lchown(file, 0, 0);
    } else await rm(file);
  }
}
