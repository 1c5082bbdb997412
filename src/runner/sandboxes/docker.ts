/**
 * Sandboxes in a Docker Engine on this machine: for each subtask a container of the operator's image, without a network.
 * A relay in the container connects the worker's ports with the runner; see container-relay.cjs.
 */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type Docker from 'dockerode';
import { isRunning, processIdentity } from '../../host/process-identity.ts';
import type { Sandbox, SandboxedProcess, SandboxOptions, WorkerExit } from '../sandbox.ts';
import type { CertificateFiles, CertificateSettings } from './certificates.ts';
import { ContainerLink } from './container-link.ts';
import {
  containerOptions,
  labels,
  workerStart,
  writeIdentity,
  type ContainerFolders,
} from './docker-container.ts';
import {
  connectEngine,
  explainEngineError,
  unlessGone,
  watchUse,
  type EngineAddress,
} from './docker-engine.ts';
import { containerOutput, type ContainerOutput } from './docker-output.ts';
import { prepareRuntimeFolder, type RuntimeFolder } from './runtime-folder.ts';
import { exitOfShell, StartedWorker } from './started-worker.ts';
import { tryOut } from './trial.ts';
import { copyPackage, makePrivateFolder, type Owner } from './work-folder.ts';

export interface DockerSettings extends EngineAddress, CertificateSettings {
  /** First user id of containers if the runner is root: one per slot. */
  readonly sandboxUserId: number;
  readonly dockerImage: string;
  /** Empty for the engine's default. */
  readonly dockerRuntime: string;
}

interface Prepared {
  readonly engine: Docker;
  readonly runtimeFolder: RuntimeFolder;
  readonly processors: number;
  readonly runner: string;
}

export class DockerSandbox implements Sandbox {
  readonly name = 'docker';
  readonly keepsLimits = true;
  readonly #settings: DockerSettings;
  #preparing: Promise<Prepared> | undefined;

  constructor(settings: DockerSettings) {
    this.#settings = settings;
  }

  async check(): Promise<void> {
    const { dockerImage: image, dockerRuntime: runtime } = this.#settings;
    if (process.platform !== 'linux') {
      throw new Error(`the docker sandbox requires Linux; on ${process.platform}, set CHELA_SANDBOX=process`);
    }
    if (image === '') throw new Error('the docker sandbox requires an image: set CHELA_DOCKER_IMAGE');
    const { engine } = await this.#prepare();
    await engine
      .getImage(image)
      .inspect()
      .catch((error: { statusCode?: number }) => {
        if (error.statusCode !== 404) throw error;
        throw new Error(`the Docker Engine does not have the image ${image}: docker pull ${image}`);
      });
    const { Runtimes: runtimes } = (await engine.info()) as { Runtimes?: Record<string, unknown> };
    if (runtime !== '' && !Object.hasOwn(runtimes ?? {}, runtime)) {
      throw new Error(
        `the Docker Engine does not have the runtime ${runtime}; it has ${Object.keys(runtimes ?? {}).join(', ')}`,
      );
    }
    await tryOut(this, this.#settings.cacheDir);
  }

  /** Removes the containers of killed runners, which have ended but are still listed. */
  async removeLeftovers(): Promise<void> {
    const { engine } = await this.#prepare();
    const filters = { label: [`${labels.installation}=${this.#settings.cacheDir}`] };
    const listed = await engine.listContainers({ all: true, filters });
    await Promise.all(
      listed.map(async ({ Id: id, Labels: found }) => {
        if (await isRunning(found[labels.runner] ?? '')) return;
        await remove(engine.getContainer(id));
      }),
    );
  }

  async networkProblem(): Promise<string | undefined> {
    return 'containers of the docker sandbox have no other network';
  }

  async open(options: SandboxOptions): Promise<SandboxedProcess> {
    const prepared = await this.#prepare();
    const owner = this.#owner(options.slot);
    const folders = await makeFolders(options, owner);
    const link = await ContainerLink.open(folders.sockets, options.ports, owner);
    let container: Docker.Container | undefined;
    // The package is copied while the container starts; the worker's code waits for run().
    const filled = copyPackage(options.packageDir, folders.work, owner, new Set(mountPoints(options)));
    const isFilled = filled.catch(() => undefined);
    try {
      container = await this.#create(prepared, options, folders, owner);
      const started = await start(container, link);
      await filled;
      return this.#worker(options, started, link, prepared.runtimeFolder.certificates);
    } catch (error) {
      await isFilled;
      if (container !== undefined) await remove(container).catch(() => undefined);
      await link.close();
      throw new Error(`the sandbox could not be opened: ${(error as Error).message}`, { cause: error });
    }
  }

  #worker(
    options: SandboxOptions,
    { container, output, exited }: StartedContainer,
    link: ContainerLink,
    certificates: CertificateFiles,
  ): SandboxedProcess {
    const use = watchUse(container);
    return new StartedWorker({
      ...output,
      starter: { run: () => link.run(workerStart(options, certificates)), close: () => undefined },
      listeners: link.listeners,
      exited,
      group: {
        memoryBytes: async () => (await use()).memoryBytes,
        cpuSeconds: async () => (await use()).cpuSeconds,
        askToEnd: async () => link.terminate(),
        kill: async () => {
          // If the engine does not answer, closing the link ends the relay.
          await container.kill().catch(() => link.breakOff());
          await exited;
        },
      },
      release: async () => {
        // If the engine does not answer, the next runner removes the container when it starts.
        await remove(container).catch(() => undefined);
        await link.close();
      },
    });
  }

  async #create(
    { engine, runtimeFolder, processors, runner }: Prepared,
    options: SandboxOptions,
    folders: ContainerFolders,
    owner: Owner,
  ): Promise<Docker.Container> {
    const { cacheDir, dockerImage: image, dockerRuntime: runtime } = this.#settings;
    return engine.createContainer(
      containerOptions({
        options,
        folders,
        runtimeFolder,
        owner,
        image,
        runtime,
        processors,
        labels: {
          [labels.installation]: cacheDir,
          [labels.runner]: runner,
          [labels.subtask]: options.label ?? '',
        },
      }),
    );
  }

  /** The user of a slot's container. If the runner is not root, this is its own user, who owns the work folder. */
  #owner(slot: number): Owner {
    const [uid = 0, gid = 0] = [process.getuid?.(), process.getgid?.()];
    if (uid !== 0) return { uid, gid };
    const id = this.#settings.sandboxUserId + slot;
    return { uid: id, gid: id };
  }

  async #prepare(): Promise<Prepared> {
    this.#preparing ??= this.#findParts();
    try {
      return await this.#preparing;
    } catch (error) {
      this.#preparing = undefined;
      throw error;
    }
  }

  async #findParts(): Promise<Prepared> {
    const engine = await connectEngine(this.#settings);
    const [{ NCPU: processors }, runtimeFolder, runner] = await Promise.all([
      engine.info().catch((error: unknown) => {
        throw explainEngineError(error, this.#settings);
      }) as Promise<{ NCPU: number }>,
      prepareRuntimeFolder(this.#settings),
      processIdentity(process.pid),
    ]);
    return { engine, runtimeFolder, processors, runner: runner ?? '' };
  }
}

interface StartedContainer {
  readonly container: Docker.Container;
  readonly output: ContainerOutput;
  readonly exited: Promise<WorkerExit>;
}

function mountPoints({ nodeModulesDir }: SandboxOptions): string[] {
  return nodeModulesDir === undefined ? [] : ['node_modules'];
}

async function makeFolders(options: SandboxOptions, owner: Owner): Promise<ContainerFolders> {
  const place = (name: string): string => path.join(options.scratchDir, name);
  const folders = {
    work: place('work'),
    home: place('home'),
    sockets: place('sockets'),
    identity: place('identity'),
    share: place('share'),
  };
  const { work, home, identity } = folders;
  await Promise.all([makePrivateFolder(work, owner), makePrivateFolder(home, owner), mkdir(identity)]);
  await Promise.all([
    ...mountPoints(options).map(async (name) => makePrivateFolder(path.join(work, name), owner)),
    writeIdentity(identity, owner),
  ]);
  return folders;
}

/** Resolves when the relay listens. @throws Error with the container's output if it ends first */
async function start(container: Docker.Container, link: ContainerLink): Promise<StartedContainer> {
  const attached = await container.attach({ stream: true, stdout: true, stderr: true });
  const output = containerOutput(attached as unknown as Readable);
  await container.start();
  const exited = endOf(container, link);
  let isReady = false;
  const endedEarly = exited.then(async () => {
    // From then on its output belongs to the caller.
    if (isReady) return;
    const printed = (await text(output.stderr)).trim();
    throw new Error(printed || 'the container exited before it started the worker');
  });
  await Promise.race([link.ready(), endedEarly]);
  isReady = true;
  return { container, output, exited };
}

/** End of the worker, with which the relay exits; never rejects. */
async function endOf(container: Docker.Container, link: ContainerLink): Promise<WorkerExit> {
  try {
    const { StatusCode: exitCode } = (await container.wait()) as { StatusCode: number };
    const exit = exitOfShell({ exitCode, signal: null });
    // The exit code is valid even if the engine stops right after reporting it.
    const details = await container.inspect().catch(() => undefined);
    return details?.State.OOMKilled === true ? { ...exit, outOfMemory: true } : exit;
  } catch {
    // The engine stopped, or the container was removed: only the link shows whether the relay is running.
    await link.broken;
    return { exitCode: null, signal: 'SIGKILL' };
  }
}

/** Removes a container, even if it is running. */
async function remove(container: Docker.Container): Promise<void> {
  await container.remove({ force: true, v: true }).catch(unlessGone);
}
