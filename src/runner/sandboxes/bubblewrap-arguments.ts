/** What a bubblewrap sandbox looks like from inside: its mounts, its identity, its environment. */
import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import type { ResourceShare, SandboxLimits, SandboxOptions, SharedTmp } from '../sandbox.ts';
import { bundlePlaces, type CertificateFiles } from './certificates.ts';
import { baseVariables, certificateMounts, inside, placeOf, placesOf, workerVariables } from './layout.ts';
import { hostMounts, type HostMount } from './host-mounts.ts';
import { shareVariables, writeShareFiles } from './resource-share.ts';
import type { RuntimeFolder } from './runtime-folder.ts';
import type { Assignment } from './started-worker.ts';

/** The user the worker takes itself for; outside it is an unprivileged id of the runner's. */
const insideId = 1000;
const { work: workDir, home: homeDir, node: nodeBinary } = inside;
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

/** What the distribution installed: the same on every machine with these packages, and open to each of its users. */
const systemFolders = ['bin', 'lib', 'lib32', 'lib64', 'libexec', 'share'].map((name) => `/usr/${name}`);

/** @returns the folder of the host that shows workers what is in `folder`, if there is one */
export function shownFolderOf(folder: string): string | undefined {
  return systemFolders.find((shown) => `${folder}/`.startsWith(`${shown}/`));
}

/** Files of `/etc` and the like that programs in those folders read. None of them holds a secret. */
const systemFiles = [
  // /usr/bin/awk and others are links into it.
  '/etc/alternatives',
  '/etc/ld.so.cache',
  '/etc/os-release',
  '/etc/services',
  '/etc/protocols',
  '/etc/mime.types',
  '/etc/magic',
  '/etc/fonts',
  '/etc/ImageMagick-6',
  '/etc/ImageMagick-7',
  // Certificate authorities, by what OpenSSL and GnuTLS are built with; keys are in other folders.
  '/etc/ssl/certs',
  '/etc/ssl/cert.pem',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/openssl.cnf',
  '/etc/pki/tls/certs',
  '/etc/pki/tls/cert.pem',
  '/etc/pki/tls/openssl.cnf',
  '/etc/pki/ca-trust/extracted',
  '/etc/crypto-policies',
  '/etc/ca-certificates/extracted',
  '/var/lib/ca-certificates',
  '/usr/local/share/ca-certificates',
];

/**
 * Places of authorities on this host that get what the operator added for workers: programs with a place of their own read no
 * environment. A link would lead bubblewrap out of the sandbox's root.
 */
function extendedBundles({ all, isExtended }: CertificateFiles): HostMount[] {
  if (all === undefined || !isExtended) return [];
  return bundlePlaces
    .filter((place) => lstatSync(place, { throwIfNoEntry: false })?.isFile())
    .map((to) => ({ from: all, to }));
}

/** /bin, /lib and /lib64 are links into /usr on current systems and folders on old ones. */
function rootLinks(): string[] {
  return ['/bin', '/lib', '/lib32', '/lib64'].flatMap((folder) => {
    if (!existsSync(folder)) return [];
    return lstatSync(folder).isSymbolicLink()
      ? ['--symlink', readlinkSync(folder), folder]
      : ['--ro-bind', folder, folder];
  });
}

/** Part that is the same for every sandbox of this machine. */
export function fixedArguments(runtime: RuntimeFolder, prlimitBinary: string): string[] {
  const mounts = [
    ...extendedBundles(runtime.certificates),
    ...certificateMounts(runtime.certificates),
    ...Object.entries(runtime.etc).map(([to, from]) => ({ from, to })),
    { from: runtime.nodeBinary, to: nodeBinary },
    { from: runtime.starter, to: starter },
    { from: runtime.nodeEntry, to: inside.nodeEntry },
    { from: runtime.executeOnlyShell, to: firstShell },
    { from: prlimitBinary, to: prlimit },
  ];
  return [
    ['--unshare-all', '--unshare-user', '--disable-userns', '--cap-drop', 'ALL'],
    ['--uid', String(insideId), '--gid', String(insideId), '--hostname', 'worker'],
    ['--new-session', '--die-with-parent', '--as-pid-1', '--clearenv'],
    rootLinks(),
    // What the operator removes while the runner runs is not missed.
    ...hostMounts([...systemFolders, ...systemFiles]).map(({ from, to }) => ['--ro-bind-try', from, to]),
    ...mounts.map(({ from, to }) => ['--ro-bind', from, to]),
    ['--proc', '/proc', '--dev', '/dev'],
    ...Object.entries(baseVariables(runtime.certificates)).map(([name, value]) => ['--setenv', name, value]),
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
  readonly share?: ResourceShare | undefined;
  readonly tmp?: SandboxOptions['tmp'];
  readonly ownTmp?: string | undefined;
}

export function shapeOf({
  nodeModulesDir,
  launch,
  ports,
  networkPorts,
  limits,
  share,
  tmp,
  ownTmp,
}: SandboxOptions): SandboxShape {
  const { processes, openFiles, fileSizeBytes, tmpBytes } = limits;
  return {
    nodeModulesDir,
    mounts: launch?.mounts ?? {},
    ports,
    networkPorts,
    limits: { processes, openFiles, fileSizeBytes, tmpBytes },
    share,
    tmp,
    ownTmp,
  };
}

/** What the starter becomes. */
export function assignmentOf(options: SandboxOptions, certificates: CertificateFiles): Assignment {
  const { entry, launch } = options;
  const file = `${workDir}/${entry}`;
  return {
    ...(launch === undefined ? { entry: file } : { command: launch.command(placesOf(launch), file) }),
    environment: workerVariables(options, certificates),
  };
}

/** Host folders that the worker may write. */
export interface SandboxFolders {
  /** Becomes the working folder. */
  readonly work: string;
  readonly home: string;
  /** Gets what tells of its share, where it is told one. */
  readonly share: string;
  /** Place of a `/tmp` that can be shared. */
  readonly tmp: string;
}

/** Part that differs by sandbox. It goes through a descriptor: command lines are visible to every user of the host. */
export function shapeArguments(
  { nodeModulesDir, mounts, networkPorts, limits, share, ownTmp }: SandboxShape,
  { work, home, share: shareFolder }: SandboxFolders,
  networkEtc: RuntimeFolder['etc'],
  tmp: SharedTmp | undefined,
): string[] {
  const told = share === undefined ? [] : writeShareFiles(shareFolder, share);
  const size = ['--size', String(limits.tmpBytes), '--perms', '1777', '--tmpfs'];
  return [
    [...size, '/dev/shm', ...(tmp === undefined ? [...size, '/tmp'] : ['--bind', tmp.folder, '/tmp'])],
    ownTmp === undefined ? [] : [...size, ownTmp],
    ['--bind', home, homeDir, '--bind', work, workDir],
    nodeModulesDir === undefined ? [] : ['--ro-bind', nodeModulesDir, `${workDir}/node_modules`],
    ...Object.entries(mounts).map(([name, from]) => ['--ro-bind', from, placeOf(name)]),
    networkPorts === undefined
      ? []
      : Object.entries(networkEtc).flatMap(([to, from]) => ['--ro-bind', from, to]),
    ...told.map(({ from, to }) => ['--ro-bind', from, to]),
    // Node reads its options when it starts, before it knows its worker.
    ...Object.entries(shareVariables(share)).map(([name, value]) => ['--setenv', name, value]),
    // bubblewrap's own root and /dev are memory without a bound: nobody may write there.
    ['--remount-ro', '/dev', '--remount-ro', '/', '--chdir', workDir],
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
