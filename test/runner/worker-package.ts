/** Packages and folders for tests that run workers in sandboxes. */
import { randomUUID } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import type { Sandbox, SandboxedProcess, SandboxOptions, WorkerExit } from '../../src/runner/sandbox.ts';
import { BubblewrapSandbox } from '../../src/runner/sandboxes/bubblewrap.ts';
import { eventually } from '../platform/support/eventually.ts';

export const firstUserId = 1_910_000;

const limits = {
  processes: 128,
  openFiles: 512,
  fileSizeBytes: 64 * 1024 * 1024,
  tmpBytes: 32 * 1024 * 1024,
};
let nextSlot = process.pid % 100_000;

/** A folder that the sandboxes' users can reach. */
export async function makeReachableFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'chela-test-'));
  await chmod(folder, 0o755);
  return folder;
}

export async function removeFolder(folder: string): Promise<void> {
  // A process that is ending may still write there.
  await rm(folder, { recursive: true, force: true, maxRetries: 10 });
}

export type PackageFiles = Readonly<Record<string, string>>;

export async function writePackage(folder: string, files: PackageFiles): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), content);
  }
}

export interface OpenedWorker extends SandboxedProcess {
  readonly packageDir: string;
  readonly scratchDir: string;
  readonly userId: number;
}

/** Opens a worker of these files; it is closed and its folders are removed when the test ends. */
export async function openWorker(
  sandbox: Sandbox,
  files: PackageFiles,
  overrides: Partial<SandboxOptions> = {},
): Promise<OpenedWorker> {
  const folder = await makeReachableFolder();
  const [packageDir, scratchDir] = [path.join(folder, 'package'), path.join(folder, 'scratch')];
  await Promise.all([mkdir(packageDir), mkdir(scratchDir)]);
  await writePackage(packageDir, files);
  const slot = (nextSlot += 1);
  const options = {
    packageDir,
    scratchDir,
    entry: 'main.js',
    environment: {},
    ports: [20086],
    slot,
    limits,
    ...overrides,
  };
  onTestFinished(async () => removeFolder(folder));
  const worker = await sandbox.open(options);
  onTestFinished(async () => worker.close());
  return Object.assign(worker, { packageDir, scratchDir, userId: firstUserId + slot });
}

/** A bubblewrap sandbox whose workers all get a sandbox opened in advance. */
export class PreopenedSandbox implements Sandbox {
  readonly name = 'bubblewrap';
  readonly #cacheDir: string;

  constructor(cacheDir: string) {
    this.#cacheDir = cacheDir;
  }

  async check(): Promise<void> {
    await this.#sandbox(0).check();
  }

  async removeLeftovers(): Promise<void> {
    await this.#sandbox(0).removeLeftovers();
  }

  async open(options: SandboxOptions): Promise<SandboxedProcess> {
    const sandbox = this.#sandbox(options.slot);
    try {
      const scratchDir = path.join(options.scratchDir, 'first');
      await mkdir(scratchDir);
      await (await sandbox.open({ ...options, scratchDir, slot: options.slot + 1 })).close();
      await removeFolder(scratchDir);
      await eventually(async () => (sandbox.warmSandboxes === 1 ? true : undefined));
      const worker = await sandbox.open(options);
      if (sandbox.warmSandboxes === 1) throw new Error('the sandbox that was open was not used');
      return worker;
    } finally {
      await sandbox.closeWarm();
    }
  }

  /** Its first place comes after the slots, so it has the user of the slot. */
  #sandbox(slot: number): BubblewrapSandbox {
    return new BubblewrapSandbox({
      cacheDir: this.#cacheDir,
      sandboxUserId: firstUserId,
      runnerSlots: slot,
      warmSandboxes: 1,
      warmSandboxMemoryBytes: 256 * 1024 * 1024,
    });
  }
}

export interface Finished extends WorkerExit {
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs an opened worker to its end. */
export async function finish(worker: SandboxedProcess): Promise<Finished> {
  const output = Promise.all([text(worker.stdout), text(worker.stderr)]);
  worker.run();
  const exit = await worker.exited;
  const [stdout, stderr] = await output;
  return { ...exit, stdout, stderr };
}

/** Runs a worker and returns its output, parsed as JSON. */
export async function answerOf(
  sandbox: Sandbox,
  code: string,
  overrides: Partial<SandboxOptions> = {},
): Promise<unknown> {
  const worker = await openWorker(sandbox, { 'main.js': code }, overrides);
  const { stdout, stderr, exitCode } = await finish(worker);
  if (exitCode !== 0) throw new Error(`the worker failed: ${stderr}`);
  return JSON.parse(stdout);
}

/** A word for the command lines of processes, by which `processesMarked` finds them on the host. */
export function makeMark(): string {
  return `mark-${randomUUID()}`;
}

export async function processesMarked(mark: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map(async (pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return pids.filter((_, index) => lines[index]?.includes(mark));
}
