/** What a bubblewrap sandbox looks like from inside: its mounts, its identity, its environment. */
import { existsSync, lstatSync, readlinkSync, realpathSync } from 'node:fs';
import type { SandboxLimits, SandboxOptions } from '../sandbox.ts';
import {
  baseVariables,
  hostMounts,
  inside,
  placeOf,
  placesOf,
  sharedFileMounts,
  workerVariables,
} from './layout.ts';
import type { HostMount } from './layout.ts';
import type { RuntimeFolder } from './runtime-folder.ts';
import type { Assignment } from './started-worker.ts';

/** The user the worker takes itself for; outside it is an unprivileged id of the runner's. */
const insideId = 1000;
const { work: workDir, home: homeDir, node: nodeBinary } = inside;
const shell = '/usr/bin/sh';
const starter = `${inside.chela}/node-starter.cjs`;
const firstShell = `${inside.chela}/sh`;
const prlimit = `${inside.chela}/prlimit`;

/** Descriptors the runner hands to bubblewrap, by index of its `stdio`. */
export const descriptors = { channel: 3, info: 4, arguments: 5, filter: 6 } as const;

/**
 * First process of the namespace: starts the rest, reaps orphans, and ends with the worker's code. bubblewrap's own would
 * outlive bubblewrap for a moment and so stay a zombie wherever the system's first process reaps none, as in many
 * containers. The shell's own words on how its command ended are not the worker's and go nowhere. Nobody
 * may read the file of this shell, so the kernel lets no other process trace it or look at its memory and descriptors.
 */
const firstProcess = `exec 9>&2 2>/dev/null; "$@" 2>&9 9>&- & exec ${descriptors.channel}>&- 9>&-; wait $!`;

const multiarchNames: Readonly<Record<string, string>> = {
  x64: 'x86_64-linux-gnu',
  arm64: 'aarch64-linux-gnu',
};

/**
 * Host paths that runtimes need, mounted read-only where they exist. A language that needs more adds its rows here; the
 * Node binary itself comes from the cache folder.
 */
function systemMounts(): HostMount[] {
  const multiarch = `/usr/lib/${multiarchNames[process.arch] ?? process.arch}`;
  const rows = [
    // Debian and its kin keep shared libraries apart by processor; elsewhere /usr/lib and /usr/lib64 hold them.
    ...(existsSync(multiarch) ? [multiarch] : ['/usr/lib']),
    '/usr/lib64',
    '/etc/ld.so.cache',
    // For scripts that start with #!/usr/bin/env node.
    '/usr/bin/env',
  ];
  return [...hostMounts(rows), ...sharedFileMounts(), { from: realpathSync('/bin/sh'), to: shell }];
}

/** /bin, /lib and /lib64 are links into /usr on current systems and folders on old ones. */
function rootLinks(): string[] {
  const bin = ['--symlink', 'usr/bin', '/bin'];
  const libraries = ['/lib', '/lib64'].flatMap((folder) => {
    if (!existsSync(folder)) return [];
    return lstatSync(folder).isSymbolicLink()
      ? ['--symlink', readlinkSync(folder), folder]
      : ['--ro-bind', folder, folder];
  });
  return [...bin, ...libraries];
}

/** Part that is the same for every sandbox of this machine. */
export function fixedArguments(runtime: RuntimeFolder, prlimitBinary: string): string[] {
  const mounts = [
    ...systemMounts(),
    ...Object.entries(runtime.etc).map(([to, from]) => ({ from, to })),
    { from: runtime.nodeBinary, to: nodeBinary },
    { from: runtime.starter, to: starter },
    { from: runtime.executeOnlyShell, to: firstShell },
    { from: prlimitBinary, to: prlimit },
  ];
  return [
    ['--unshare-all', '--unshare-user', '--disable-userns', '--cap-drop', 'ALL'],
    ['--uid', String(insideId), '--gid', String(insideId), '--hostname', 'worker'],
    ['--new-session', '--die-with-parent', '--as-pid-1', '--clearenv'],
    rootLinks(),
    ...mounts.map(({ from, to }) => ['--ro-bind', from, to]),
    ['--proc', '/proc', '--dev', '/dev'],
  ].flat();
}

/** Ports from here on are open to every user of a network namespace, unless it says otherwise. */
const firstOpenPort = 1024;

export function isPrivileged(port: number): boolean {
  return port < firstOpenPort;
}

/**
 * Start of the command line of a sandbox whose worker gets a privileged port. Which ports are privileged is for the owner of
 * a network namespace to say, and of its own one a sandbox never has the privilege: so this makes the namespace, says it,
 * gives the privilege up and goes on with the rest of the command line, which shares the namespace (`sharedNetwork`).
 */
export function openPortCommand(bubblewrap: string, setpriv: string, port: number): string[] {
  const open = `echo ${port} > /proc/sys/net/ipv4/ip_unprivileged_port_start && exec "$@"`;
  return [
    [bubblewrap, '--unshare-user', '--unshare-net', '--die-with-parent', '--cap-add', 'CAP_NET_ADMIN'],
    ['--dev-bind', '/', '/', '--', '/bin/sh', '-c', open, 'sh'],
    [setpriv, '--ambient-caps=-all', '--inh-caps=-all', '--'],
  ].flat();
}

/** Takes one namespace back out of the fixed arguments. */
export const sharedNetwork = '--share-net';

/** What is settled when a sandbox is opened; the worker is assigned to it later. */
export interface SandboxShape {
  readonly nodeModulesDir?: string | undefined;
  /** Host folders that the worker reads, by a name. */
  readonly mounts: Readonly<Record<string, string>>;
  readonly ports: readonly number[];
  readonly networkPorts?: readonly number[] | undefined;
  readonly limits: SandboxLimits;
}

export function shapeOf({
  nodeModulesDir,
  launch,
  ports,
  networkPorts,
  limits,
}: SandboxOptions): SandboxShape {
  const { processes, openFiles, fileSizeBytes, tmpBytes } = limits;
  return {
    nodeModulesDir,
    mounts: launch?.mounts ?? {},
    ports,
    networkPorts,
    limits: { processes, openFiles, fileSizeBytes, tmpBytes },
  };
}

/** What the starter becomes. */
export function assignmentOf({ entry, launch, environment }: SandboxOptions): Assignment {
  const file = `${workDir}/${entry}`;
  return {
    ...(launch === undefined ? { entry: file } : { command: launch.command(placesOf(launch), file) }),
    environment: workerVariables(launch, environment),
  };
}

/** Host folders that the worker may write. */
export interface SandboxFolders {
  /** Becomes the working folder. */
  readonly work: string;
  readonly home: string;
}

/** Part that differs by sandbox. It goes through a descriptor: command lines are visible to every user of the host. */
export function shapeArguments(
  { nodeModulesDir, mounts, networkPorts, limits }: SandboxShape,
  { work, home }: SandboxFolders,
  networkEtc: RuntimeFolder['etc'],
): string[] {
  const size = ['--size', String(limits.tmpBytes), '--perms', '1777', '--tmpfs'];
  return [
    [...size, '/dev/shm', ...size, '/tmp'],
    ['--bind', home, homeDir, '--bind', work, workDir],
    nodeModulesDir === undefined ? [] : ['--ro-bind', nodeModulesDir, `${workDir}/node_modules`],
    ...Object.entries(mounts).map(([name, from]) => ['--ro-bind', from, placeOf(name)]),
    networkPorts === undefined
      ? []
      : Object.entries(networkEtc).flatMap(([to, from]) => ['--ro-bind', from, to]),
    // bubblewrap's own root and /dev are memory without a bound: nobody may write there.
    ['--remount-ro', '/dev', '--remount-ro', '/', '--chdir', workDir],
    ...Object.entries(baseVariables).map(([name, value]) => ['--setenv', name, value]),
    ['--info-fd', String(descriptors.info), '--seccomp', String(descriptors.filter)],
  ].flat();
}

/**
 * The command that runs inside. Limits are set there and not on bubblewrap, because a limit on processes set outside
 * would count all that the host's user runs.
 */
export function startCommand({ limits, ports }: SandboxShape): string[] {
  return [
    [firstShell, '-c', firstProcess, 'sh'],
    [prlimit, '--core=0', `--nproc=${limits.processes}`, `--nofile=${limits.openFiles}`],
    [`--fsize=${limits.fileSizeBytes}`, '--'],
    [nodeBinary, starter, String(descriptors.channel), ports.join(',')],
  ].flat();
}
