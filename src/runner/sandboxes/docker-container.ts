/** The options of a container: its mounts, user and limits. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ContainerCreateOptions, MountSettings, Ulimit } from 'dockerode';
import type { SandboxOptions } from '../sandbox.ts';
import type { WorkerStart } from './container-link.ts';
import { bundlePlaces, type CertificateFiles } from './certificates.ts';
import { certificateMounts, inside, placesOf, workerVariables } from './layout.ts';
import { hostMounts, type HostMount } from './host-mounts.ts';
import { sharePlaces, writeShareFiles } from './resource-share.ts';
import type { RuntimeFolder } from './runtime-folder.ts';
import type { Owner } from './work-folder.ts';

const relay = `${inside.chela}/container-relay.cjs`;
const sockets = `${inside.chela}/sockets`;

/** Resources of the relay and the first process, in addition to the worker's. */
const relayShare = { processes: 24, memoryBytes: 96 * 1024 * 1024 } as const;

export const labels = {
  /** Cache folder of the installation that the container belongs to. */
  installation: 'chela.installation',
  /** Identity of the runner's process. */
  runner: 'chela.runner',
  subtask: 'chela.subtask',
} as const;

/** Host folders of one container. */
export interface ContainerFolders {
  readonly work: string;
  readonly home: string;
  readonly sockets: string;
  /** `passwd` and `group` with the container's user. */
  readonly identity: string;
  /** For the files that describe its resource share, if it has one. */
  readonly share: string;
}

export interface ContainerPlan {
  readonly options: SandboxOptions;
  readonly folders: ContainerFolders;
  readonly runtimeFolder: RuntimeFolder;
  readonly owner: Owner;
  readonly image: string;
  /** Name of the OCI runtime; empty for the engine's default. */
  readonly runtime: string;
  /** Number of processors that the engine has. */
  readonly processors: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** Writes `passwd` and `group` with the worker's user and group. */
export async function writeIdentity(folder: string, { uid, gid }: Owner): Promise<void> {
  const passwd = `worker:x:${uid}:${gid}:worker:${inside.home}:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n`;
  await Promise.all([
    writeFile(path.join(folder, 'passwd'), passwd, { mode: 0o644 }),
    writeFile(path.join(folder, 'group'), `worker:x:${gid}:\nnogroup:x:65534:\n`, { mode: 0o644 }),
  ]);
}

function readOnlyMounts({ options, folders, runtimeFolder, runtime }: ContainerPlan): HostMount[] {
  const { launch, nodeModulesDir } = options;
  const places = placesOf(launch);
  const etc = {
    ...runtimeFolder.etc,
    '/etc/passwd': path.join(folders.identity, 'passwd'),
    '/etc/group': path.join(folders.identity, 'group'),
  };
  return [
    ...authorities(runtimeFolder.certificates),
    ...hostMounts(['/usr/share/zoneinfo']),
    ...shareMounts(options, folders, runtime),
    ...Object.entries(etc).map(([to, from]) => ({ from, to })),
    { from: runtimeFolder.nodeBinary, to: inside.node },
    { from: runtimeFolder.nodeEntry, to: inside.nodeEntry },
    { from: runtimeFolder.relay, to: relay },
    { from: folders.sockets, to: sockets },
    ...(nodeModulesDir === undefined ? [] : [{ from: nodeModulesDir, to: `${inside.work}/node_modules` }]),
    ...Object.entries(launch?.mounts ?? {}).map(([name, from]) => ({ from, to: places[name] ?? '' })),
  ];
}

/** Mounts the authorities also where Debian and Fedora images look for them. */
function authorities(certificates: CertificateFiles): HostMount[] {
  const { all } = certificates;
  if (all === undefined) return [];
  const [debian, , fedora] = bundlePlaces;
  return [...certificateMounts(certificates), { from: all, to: debian }, { from: all, to: fedora }];
}

/** A container has its own cgroup. Runtimes other than the default also have their own `/proc` and `/sys`. */
function shareMounts({ share }: SandboxOptions, folders: ContainerFolders, runtime: string): HostMount[] {
  if (share === undefined || runtime !== '') return [];
  return writeShareFiles(folders.share, share).filter(({ to }) => to !== sharePlaces.cgroup);
}

function bind({ from, to }: HostMount, readOnly: boolean): MountSettings {
  return { Type: 'bind', Source: from, Target: to, ReadOnly: readOnly };
}

function ulimit(name: string, limit: number): Ulimit {
  return { Name: name, Soft: limit, Hard: limit };
}

/**
 * The container of one subtask. It uses the engine's filter of system calls, which lists allowed calls, because a
 * container can have only one filter. Ours refuses memory that no limit counts, but the engine counts it.
 */
export function containerOptions(plan: ContainerPlan): ContainerCreateOptions {
  const { options, folders, owner, processors } = plan;
  const { limits } = options;
  const { cpus, memoryBytes } = limits;
  const writable = [
    { from: folders.work, to: inside.work },
    { from: folders.home, to: inside.home },
  ];
  const memory = memoryBytes === undefined ? undefined : memoryBytes + relayShare.memoryBytes;
  return {
    Image: plan.image,
    Entrypoint: [inside.node, relay, sockets, options.ports.join(',')],
    Cmd: [],
    // The worker's variables are sent to the relay, because all users of the engine can read these.
    Env: ['NODE_OPTIONS='],
    User: `${owner.uid}:${owner.gid}`,
    WorkingDir: '/',
    Hostname: 'worker',
    Healthcheck: { Test: ['NONE'] },
    Labels: { ...plan.labels },
    HostConfig: {
      NetworkMode: 'none',
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      Init: true,
      LogConfig: { Type: 'none', Config: {} },
      ...(plan.runtime === '' ? {} : { Runtime: plan.runtime }),
      Mounts: [
        ...writable.map((mount) => bind(mount, false)),
        ...readOnlyMounts(plan).map((mount) => bind(mount, true)),
      ],
      Tmpfs: { '/tmp': `rw,exec,nosuid,nodev,mode=1777,size=${limits.tmpBytes}` },
      ShmSize: limits.tmpBytes,
      PidsLimit: limits.processes + relayShare.processes,
      Ulimits: [ulimit('core', 0), ulimit('nofile', limits.openFiles), ulimit('fsize', limits.fileSizeBytes)],
      // An equal limit for memory and swap together means no swap.
      ...(memory === undefined ? {} : { Memory: memory, MemorySwap: memory }),
      // The engine refuses more processors than it has.
      ...(cpus === undefined ? {} : { NanoCpus: Math.round(Math.min(cpus, processors) * 1e9) }),
      OomScoreAdj: 1000,
    },
  };
}

/** The worker process that the relay starts. */
export function workerStart(options: SandboxOptions, certificates: CertificateFiles): WorkerStart {
  const { entry, launch } = options;
  const file = `${inside.work}/${entry}`;
  return {
    command:
      launch === undefined
        ? [inside.node, inside.nodeEntry, file]
        : launch.command(placesOf(launch), file, inside.nodeEntry),
    environment: workerVariables(options, certificates),
    directory: inside.work,
  };
}
