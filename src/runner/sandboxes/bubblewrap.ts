/**
 * Sandboxes that bubblewrap creates from Linux namespaces: only its own loopback as network, only mounted files, no
 * other processes, no privileges. If the runner is root, bubblewrap runs under an unprivileged user id per slot, because
 * root outside would stay root in the namespaces.
 */
import { rename, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Sandbox, SandboxedProcess, SandboxOptions } from '../sandbox.ts';
import { ScratchFolder } from '../../host/scratch-folder.ts';
import { assignmentOf, shapeOf, shownFolderOf } from './bubblewrap-arguments.ts';
import type { SandboxShape } from './bubblewrap-arguments.ts';
import { findParts } from './bubblewrap-parts.ts';
import type { BubblewrapParts } from './bubblewrap-parts.ts';
import type { CertificateSettings } from './certificates.ts';
import { foldersIn, makeFolders, mountPoints, startSandbox } from './bubblewrap-start.ts';
import type { WaitingSandbox } from './bubblewrap-start.ts';
import { NamespaceOpener } from './namespace-opener.ts';
import { RememberedTrial } from './remembered-trial.ts';
import type { StartedWorker } from './started-worker.ts';
import { tryOut } from './trial.ts';
import { WarmPool } from './warm-pool.ts';
import type { WarmSandbox } from './warm-pool.ts';
import { copyPackage } from './work-folder.ts';
import type { Owner } from './work-folder.ts';

/** What an operator can do about bubblewrap's error messages. */
const remedies: readonly { readonly sign: RegExp; readonly remedy: string }[] = [
  { sign: /Unknown option --(disable-userns|size|perms)/, remedy: 'bubblewrap 0.8.0 or newer is required' },
  {
    sign: /uid map: Permission denied|uid_map|loopback: [\w ]{0,40}: Operation not permitted/i,
    remedy:
      'the system does not allow user namespaces for programs without an AppArmor profile: ' +
      'sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0',
  },
  {
    sign: /max_user_namespaces|max_\*_namespaces/,
    remedy: 'the limit of user namespaces is reached: sudo sysctl -w user.max_user_namespaces=15000',
  },
  {
    sign: /No permissions to creat(?:e|ing) new namespace|Creating new namespace failed/i,
    remedy:
      'the system does not allow user namespaces: sudo sysctl -w kernel.unprivileged_userns_clone=1; ' +
      'in a container, start the container with --security-opt seccomp=unconfined',
  },
  {
    sign: /mount proc/i,
    remedy:
      'sandboxes do not work in a container with a masked /proc: start the container with --security-opt systempaths=unconfined',
  },
];

function explained(error: unknown): Error {
  const { message } = error as Error;
  const remedy = remedies.find(({ sign }) => sign.test(message))?.remedy;
  const advice = remedy === undefined ? '' : ` (${remedy})`;
  return new Error(`the sandbox could not be opened: ${message}${advice}`, { cause: error });
}

/** Identifies the current folder at a path, because the cache may delete one and create another with the same name. */
async function identityOf(folder: string): Promise<string> {
  return stat(folder).then(
    ({ dev, ino }) => `${folder} ${dev} ${ino}`,
    () => folder,
  );
}

/** Sandboxes with the same key are interchangeable until a worker is assigned. */
async function keyOf({
  nodeModulesDir = '',
  mounts,
  ports,
  wildcardPort,
  networkPorts,
  limits,
  share,
  tmp,
  ownTmp,
}: SandboxShape): Promise<string> {
  const places = Object.entries({ ...mounts, node_modules: nodeModulesDir });
  const folders = await Promise.all(places.map(async ([name, folder]) => [name, await identityOf(folder)]));
  return JSON.stringify([folders, ports, wildcardPort, networkPorts, limits, share, tmp, ownTmp]);
}

interface BubblewrapOptions extends CertificateSettings {
  /** The platform's data folder. */
  readonly dataDir?: string;
  /**
   * First user id of sandboxes if the runner is root: one per slot, one per browser, and one per sandbox that is opened
   * ahead of its subtask.
   */
  readonly sandboxUserId: number;
  readonly runnerSlots?: number;
  /** The user ids of browsers are between those of slots and those of sandboxes opened ahead. */
  readonly browserLimit?: number;
  /** Maximum number of sandboxes that are open ahead of their subtasks; 0 if omitted. */
  readonly warmSandboxes?: number;
  /** Maximum memory of all sandboxes opened ahead. */
  readonly warmSandboxMemoryBytes?: number;
}

/** A sandbox that is open and waits for a subtask. */
interface OpenedAhead extends WarmSandbox {
  readonly sandbox: WaitingSandbox;
  readonly folder: string;
  /** Removes the folder and frees the user id. */
  readonly leave: () => Promise<void>;
  readonly owner: Owner | undefined;
}

export class BubblewrapSandbox implements Sandbox {
  readonly name = 'bubblewrap';
  readonly #options: BubblewrapOptions;
  readonly #scratch: ScratchFolder;
  readonly #warm: WarmPool<SandboxShape, OpenedAhead> | undefined;
  readonly #opener = new NamespaceOpener();
  /** Some systems do not allow the nested namespaces that these need. */
  readonly #namespaces = new RememberedTrial(async () => this.#tryWith({ opener: this.#opener }));
  readonly #network = new RememberedTrial(async () =>
    this.#tryWith({ opener: this.#opener, networkPorts: [443] }),
  );
  readonly #sharedTmp = new RememberedTrial(async () =>
    this.#tryWith({ opener: this.#opener, tmp: 'shareable' }),
  );
  /** User ids in use by sandboxes opened ahead, as offsets. */
  readonly #places = new Set<{ readonly index: number }>();
  #preparing: Promise<BubblewrapParts> | undefined;

  constructor(options: BubblewrapOptions) {
    this.#options = options;
    this.#scratch = new ScratchFolder(options.cacheDir);
    const { warmSandboxes: size = 0, warmSandboxMemoryBytes: memoryLimitBytes = 0 } = options;
    const open = (shape: SandboxShape): Promise<OpenedAhead> => this.#openAhead(shape);
    this.#warm = size > 0 ? new WarmPool({ size, memoryLimitBytes, open }) : undefined;
  }

  /** Number of sandboxes that wait for a subtask. */
  get warmSandboxes(): number {
    return this.#warm?.waiting ?? 0;
  }

  async check(): Promise<void> {
    if (process.platform !== 'linux') {
      throw new Error(
        `the bubblewrap sandbox requires Linux; on ${process.platform}, set CHELA_SANDBOX=process`,
      );
    }
    this.#checkFolders();
    await this.#prepare();
    if ((await this.#namespaces.problem()) !== undefined) await this.#tryWith({});
  }

  /** @throws Error if workers could read the platform's folders */
  #checkFolders(): void {
    const { cacheDir, dataDir = cacheDir } = this.#options;
    for (const folder of [dataDir, cacheDir]) {
      const shown = shownFolderOf(path.resolve(folder));
      if (shown === undefined) continue;
      throw new Error(
        `${folder} is in ${shown}, which workers can read: move it elsewhere (CHELA_DATA_DIR, CHELA_CACHE_DIR)`,
      );
    }
  }

  /** Does nothing: bubblewrap ends with its runner. */
  async removeLeftovers(): Promise<void> {}

  /** Only the owner of a network namespace can listen on every port, and a sandbox does not own its own. */
  async offersPort(): Promise<boolean> {
    return (await this.#namespaces.problem()) === undefined;
  }

  async networkProblem(): Promise<string | undefined> {
    return this.#network.problem();
  }

  async open(wanted: SandboxOptions): Promise<SandboxedProcess> {
    // It cannot be opened ahead, because it depends on another sandbox.
    if (typeof wanted.tmp === 'object') return this.#openCold(wanted, undefined);
    const canShare = wanted.tmp !== 'shareable' || (await this.#sharedTmp.problem()) === undefined;
    const options = canShare ? wanted : { ...wanted, tmp: undefined };
    const shape = shapeOf(options);
    const key = this.#warm === undefined ? '' : await keyOf(shape);
    const worker =
      (await this.#takeWarm(key, options)) ?? (await this.#openCold(options, await this.#usableOpener()));
    this.#warm?.expect(key, shape);
    return worker;
  }

  async closeWarm(): Promise<void> {
    await this.#warm?.close();
    await this.#opener.close();
    await this.#scratch.stop();
  }

  async #usableOpener(): Promise<NamespaceOpener | undefined> {
    return (await this.#namespaces.problem()) === undefined ? this.#opener : undefined;
  }

  async #openCold(options: SandboxOptions, opener: NamespaceOpener | undefined): Promise<StartedWorker> {
    const parts = await this.#prepare();
    const owner = typeof options.tmp === 'object' ? options.tmp.owner : this.#owner(options.slot);
    const folders = foldersIn(options.scratchDir);
    const shape = shapeOf(options);
    await makeFolders(folders, shape, owner);
    // The package is copied while Node starts; the worker's code waits for run().
    const filled = copyPackage(options.packageDir, folders.work, owner, mountPoints(shape));
    try {
      const { cgroup } = options;
      const sandbox = await startSandbox(parts, { shape, folders, owner, cgroup, filled, opener });
      return await sandbox.become(assignmentOf(options, parts.certificates));
    } catch (error) {
      throw explained(error);
    }
  }

  async #openAhead(shape: SandboxShape): Promise<OpenedAhead> {
    const parts = await this.#prepare();
    const folder = await this.#makeFolder();
    const place = this.#takePlace();
    const { runnerSlots = 0, browserLimit = 0 } = this.#options;
    const owner = this.#owner(runnerSlots + browserLimit + place.index);
    const leave = async (): Promise<void> => {
      this.#places.delete(place);
      await this.#scratch.remove(folder);
    };
    try {
      const folders = foldersIn(folder);
      await makeFolders(folders, shape, owner);
      const sandbox = await startSandbox(parts, {
        shape,
        folders,
        owner,
        opener: await this.#usableOpener(),
      });
      return {
        sandbox,
        folder,
        owner,
        leave,
        get isAlive() {
          return sandbox.isAlive;
        },
        memoryBytes: async () => sandbox.memoryBytes(),
        discard: async () => {
          await sandbox.discard();
          await leave();
        },
      };
    } catch (error) {
      await leave();
      throw error;
    }
  }

  /** Assigns a waiting sandbox to a subtask, and moves its folders to the subtask's folder. */
  async #takeWarm(key: string, options: SandboxOptions): Promise<StartedWorker | undefined> {
    const warm = this.#warm?.take(key);
    if (warm === undefined) return undefined;
    const [from, to] = [foldersIn(warm.folder), foldersIn(options.scratchDir)];
    try {
      const moved = [rename(from.work, to.work), rename(from.home, to.home)];
      if (options.share !== undefined) moved.push(rename(from.share, to.share));
      await Promise.all(moved);
      await copyPackage(options.packageDir, to.work, warm.owner, mountPoints(shapeOf(options)));
      const { cgroup } = options;
      const { certificates } = await this.#prepare();
      const assignment = assignmentOf(options, certificates);
      return await warm.sandbox.become(assignment, { cgroup, release: warm.leave });
    } catch (error) {
      await warm.discard();
      throw explained(error);
    }
  }

  /** Runs an empty worker with these options. */
  async #tryWith({
    opener,
    ...options
  }: Pick<SandboxOptions, 'networkPorts' | 'tmp'> & { opener?: NamespaceOpener }): Promise<void> {
    const open = async (trial: SandboxOptions): Promise<StartedWorker> =>
      this.#openCold({ ...trial, ...options }, opener);
    await tryOut({ open }, this.#options.cacheDir);
  }

  /** Takes the lowest free user id, as an offset. */
  #takePlace(): { readonly index: number } {
    const taken = new Set(Array.from(this.#places, ({ index }) => index));
    let index = 0;
    while (taken.has(index)) index += 1;
    const place = { index };
    this.#places.add(place);
    return place;
  }

  /** Creates the folder of a sandbox that has no subtask yet. */
  async #makeFolder(): Promise<string> {
    await this.#scratch.start();
    return this.#scratch.create();
  }

  /** @param index offset of the user id @returns undefined for the runner's own user */
  #owner(index: number): Owner | undefined {
    if (process.getuid?.() !== 0) return undefined;
    const id = this.#options.sandboxUserId + index;
    return { uid: id, gid: id };
  }

  async #prepare(): Promise<BubblewrapParts> {
    this.#preparing ??= findParts(this.#options);
    try {
      return await this.#preparing;
    } catch (error) {
      this.#preparing = undefined;
      throw error;
    }
  }
}
