/**
 * Sandboxes made of Linux namespaces by bubblewrap: no network but its own loopback, no files but those mounted, no
 * other processes, no privileges. When the runner is root, bubblewrap itself runs under an unprivileged id per slot,
 * since whoever is root outside stays root of its namespaces.
 */
import { chmod, mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { sdkAddress } from '../sandbox.ts';
import type { Sandbox, SandboxedProcess, SandboxOptions } from '../sandbox.ts';
import { ScratchFolder } from '../scratch-folder.ts';
import { assignmentOf, shapeOf } from './bubblewrap-arguments.ts';
import type { SandboxShape } from './bubblewrap-arguments.ts';
import { findParts } from './bubblewrap-parts.ts';
import type { BubblewrapParts } from './bubblewrap-parts.ts';
import { foldersIn, makeFolders, mountPoints, startSandbox } from './bubblewrap-start.ts';
import type { StartedWorker } from './started-worker.ts';
import { WarmPool } from './warm-pool.ts';
import type { WarmSandbox } from './warm-pool.ts';
import { copyPackage } from './work-folder.ts';
import type { Owner } from './work-folder.ts';

/** What the messages of bubblewrap mean for an operator. */
const remedies: readonly { readonly sign: RegExp; readonly remedy: string }[] = [
  { sign: /Unknown option --(disable-userns|size|perms)/, remedy: 'bubblewrap 0.8.0 or newer is needed' },
  {
    sign: /uid map: Permission denied|uid_map|loopback: .*not permitted/i,
    remedy:
      'the system forbids user namespaces to programs without a profile: ' +
      'sysctl -w kernel.apparmor_restrict_unprivileged_userns=0',
  },
  {
    sign: /No permissions to create.*namespace|Creating new namespace failed/i,
    remedy:
      'the system forbids user namespaces: sysctl -w kernel.unprivileged_userns_clone=1; ' +
      'in a container, start that with --security-opt seccomp=unconfined',
  },
  {
    sign: /mount proc/i,
    remedy:
      'a container with a masked /proc cannot hold sandboxes: start it with --security-opt systempaths=unconfined',
  },
];

const trialLimits = { processes: 64, openFiles: 256, fileSizeBytes: 1024 * 1024, tmpBytes: 1024 * 1024 };

function explained(error: unknown): Error {
  const { message } = error as Error;
  const remedy = remedies.find(({ sign }) => sign.test(message))?.remedy;
  const advice = remedy === undefined ? '' : ` (${remedy})`;
  return new Error(`the sandbox could not be opened: ${message}${advice}`, { cause: error });
}

/** A host folder by what is there now: the cache may drop one and make another of the same name. */
async function identityOf(folder: string): Promise<string> {
  return stat(folder).then(
    ({ dev, ino }) => `${folder} ${dev} ${ino}`,
    () => folder,
  );
}

/** Sandboxes of the same key are alike in all that is settled when they are opened. */
async function keyOf({ nodeModulesDir = '', mounts, ports, limits }: SandboxShape): Promise<string> {
  const places = Object.entries({ ...mounts, node_modules: nodeModulesDir });
  const folders = await Promise.all(places.map(async ([name, folder]) => [name, await identityOf(folder)]));
  return JSON.stringify([folders, ports, limits]);
}

interface BubblewrapOptions {
  /** Folder that other users can reach; holds the runtime the sandboxes mount. */
  readonly cacheDir: string;
  /**
   * First of the ids sandboxes run under when the runner is root: one a slot, and then one for each sandbox that was
   * opened ahead of its subtask.
   */
  readonly sandboxUserId: number;
  readonly runnerSlots?: number;
  /** Most sandboxes that are open ahead of their subtasks; none where omitted. */
  readonly warmSandboxes?: number;
  /** Most memory of all that are open ahead. */
  readonly warmSandboxMemoryBytes?: number;
}

/** A sandbox that waits for its subtask. */
interface OpenedAhead extends WarmSandbox {
  readonly worker: StartedWorker;
  readonly folder: string;
  readonly owner: Owner | undefined;
}

export class BubblewrapSandbox implements Sandbox {
  readonly name = 'bubblewrap';
  readonly #options: BubblewrapOptions;
  readonly #scratch: ScratchFolder;
  readonly #warm: WarmPool<SandboxShape, OpenedAhead> | undefined;
  /** The places among the user ids of sandboxes that were opened ahead. */
  readonly #places = new Set<{ readonly index: number }>();
  #preparing: Promise<BubblewrapParts> | undefined;
  #scratchOpening: Promise<void> | undefined;

  constructor(options: BubblewrapOptions) {
    this.#options = options;
    this.#scratch = new ScratchFolder(options.cacheDir);
    const { warmSandboxes: size = 0, warmSandboxMemoryBytes: memoryLimitBytes = 0 } = options;
    const open = (shape: SandboxShape): Promise<OpenedAhead> => this.#openAhead(shape);
    this.#warm = size > 0 ? new WarmPool({ size, memoryLimitBytes, open }) : undefined;
  }

  /** How many sandboxes wait for a subtask now. */
  get warmSandboxes(): number {
    return this.#warm?.waiting ?? 0;
  }

  async check(): Promise<void> {
    if (process.platform !== 'linux') {
      throw new Error(`the bubblewrap sandbox needs Linux; on ${process.platform} set CHELA_SANDBOX=process`);
    }
    await this.#prepare();
    const folder = await mkdtemp(path.join(this.#options.cacheDir, 'sandbox-check-'));
    try {
      await chmod(folder, 0o755);
      const [packageDir, scratchDir] = [path.join(folder, 'package'), path.join(folder, 'scratch')];
      await Promise.all([mkdir(packageDir), mkdir(scratchDir)]);
      await writeFile(path.join(packageDir, 'main.js'), '');
      const trial = {
        packageDir,
        scratchDir,
        entry: 'main.js',
        environment: {},
        ports: [sdkAddress.port],
        slot: 0,
        limits: trialLimits,
      };
      const worker = await this.#openCold(trial);
      worker.assign(assignmentOf(trial));
      worker.run();
      const { exitCode, signal } = await worker.exited;
      await worker.close();
      if (exitCode !== 0) throw new Error(`an empty worker ended with ${signal ?? exitCode} in the sandbox`);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async open(options: SandboxOptions): Promise<SandboxedProcess> {
    const shape = shapeOf(options);
    const key = this.#warm === undefined ? '' : await keyOf(shape);
    const worker = (await this.#takeWarm(key, options)) ?? (await this.#openCold(options));
    worker.assign(assignmentOf(options));
    this.#warm?.expect(key, shape);
    return worker;
  }

  async closeWarm(): Promise<void> {
    await this.#warm?.close();
    this.#scratchOpening = undefined;
    await this.#scratch.close();
  }

  async #openCold(options: SandboxOptions): Promise<StartedWorker> {
    const parts = await this.#prepare();
    const owner = this.#owner(options.slot);
    const folders = foldersIn(options.scratchDir);
    const shape = shapeOf(options);
    await makeFolders(folders, shape, owner);
    // The package is copied while Node starts: its first line waits for run().
    const filled = copyPackage(options.packageDir, folders.work, owner, mountPoints(shape));
    try {
      return await startSandbox(parts, { shape, folders, owner, filled });
    } catch (error) {
      throw explained(error);
    }
  }

  async #openAhead(shape: SandboxShape): Promise<OpenedAhead> {
    const parts = await this.#prepare();
    const place = this.#takePlace();
    const owner = this.#owner((this.#options.runnerSlots ?? 0) + place.index);
    const folder = await this.#makeFolder();
    const leave = async (): Promise<void> => {
      this.#places.delete(place);
      await this.#scratch.remove(folder);
    };
    try {
      const folders = foldersIn(folder);
      await makeFolders(folders, shape, owner);
      const worker = await startSandbox(parts, { shape, folders, owner });
      const close = worker.close.bind(worker);
      worker.close = async () => {
        await close();
        await leave();
      };
      return {
        worker,
        folder,
        owner,
        get isAlive() {
          return worker.isAlive;
        },
        memoryBytes: async () => worker.memoryBytes(),
        discard: async () => worker.close(),
      };
    } catch (error) {
      await leave();
      throw error;
    }
  }

  /** Gives a subtask the sandbox that waits for one like it; its folders move to where the subtask's are. */
  async #takeWarm(key: string, options: SandboxOptions): Promise<StartedWorker | undefined> {
    const warm = this.#warm?.take(key);
    if (warm === undefined) return undefined;
    const [from, to] = [foldersIn(warm.folder), foldersIn(options.scratchDir)];
    try {
      await Promise.all([rename(from.work, to.work), rename(from.home, to.home)]);
      await copyPackage(options.packageDir, to.work, warm.owner, mountPoints(shapeOf(options)));
      return warm.worker;
    } catch (error) {
      await warm.discard();
      throw explained(error);
    }
  }

  /** The lowest that no open sandbox has. */
  #takePlace(): { readonly index: number } {
    const taken = new Set(Array.from(this.#places, ({ index }) => index));
    let index = 0;
    while (taken.has(index)) index += 1;
    const place = { index };
    this.#places.add(place);
    return place;
  }

  /** A folder for a sandbox whose subtask has none yet. */
  async #makeFolder(): Promise<string> {
    this.#scratchOpening ??= this.#scratch.open();
    await this.#scratchOpening;
    return this.#scratch.create();
  }

  /** The user of a slot or place; undefined is the runner's own. */
  #owner(index: number): Owner | undefined {
    if (process.getuid?.() !== 0) return undefined;
    const id = this.#options.sandboxUserId + index;
    return { uid: id, gid: id };
  }

  async #prepare(): Promise<BubblewrapParts> {
    this.#preparing ??= findParts(this.#options.cacheDir);
    try {
      return await this.#preparing;
    } catch (error) {
      this.#preparing = undefined;
      throw error;
    }
  }
}
