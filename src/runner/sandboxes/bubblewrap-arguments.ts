/** The command line of a bubblewrap sandbox: its mounts, user and environment. */
import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import type { ResourceShare, SandboxLimits, SandboxOptions, SharedTmp } from '../sandbox.ts';
import { browserPolicyPlaces, bundlePlaces, type CertificateFiles } from './certificates.ts';
import { baseVariables, certificateMounts, inside, placeOf, placesOf, workerVariables } from './layout.ts';
import { hostMounts, type HostMount } from './host-mounts.ts';
import { shareVariables, writeShareFiles } from './resource-share.ts';
import type { RuntimeFolder } from './runtime-folder.ts';
import type { Assignment } from './started-worker.ts';

/** User id inside the sandbox. On the host it is an unprivileged id of the runner. */
const insideId = 1000;
const { work: workDir, home: homeDir, node: nodeBinary } = inside;
const starter = `${inside.chela}/node-starter.cjs`;
const waitingStarter = `${inside.chela}/waiting-starter.cjs`;
const firstShell = `${inside.chela}/sh`;
const prlimit = `${inside.chela}/prlimit`;

/** Descriptors that the runner passes to bubblewrap, by index in `stdio`. */
export const descriptors = { channel: 3, info: 4, arguments: 5, filter: 6 } as const;

/**
 * The first process in the namespace: starts the others, reaps orphans, and exits with the worker's exit code.
 * bubblewrap's own first process would outlive bubblewrap for a moment, and stay a zombie if the system's first process
 * reaps none, as in many containers. The shell's messages about the end of its command are dropped, because they are not
 * the worker's output. The shell's binary is not readable, so the kernel does not let other processes trace it or access
 * its memory and descriptors.
 */
const firstProcess = `exec 9>&2 2>/dev/null; "$@" 2>&9 9>&- & exec ${descriptors.channel}>&- 9>&-; wait $!`;

/** Files of the distribution's packages. All users of the host can read them. */
const systemFolders = ['bin', 'lib', 'lib32', 'lib64', 'libexec', 'share'].map((name) => `/usr/${name}`);

/** @returns the host folder that contains `folder` and that workers can read, if there is one */
export function shownFolderOf(folder: string): string | undefined {
  return systemFolders.find((shown) => `${folder}/`.startsWith(`${shown}/`));
}

/** Configuration that programs in those folders read. None of it is secret. */
const systemFiles = [
  // Target of links such as /usr/bin/awk.
  '/etc/alternatives',
  '/etc/ld.so.cache',
  '/etc/os-release',
  '/etc/services',
  '/etc/protocols',
  '/etc/mime.types',
  '/etc/magic',
  '/etc/fonts',
  // Debian's command chromium ends without it.
  '/etc/chromium.d',
  '/etc/ImageMagick-6',
  '/etc/ImageMagick-7',
  // Certificate authorities, where OpenSSL and GnuTLS look for them. Private keys are in other folders.
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
 * Replaces the host's bundles of authorities if the operator added some for workers, because some programs ignore the
 * environment and read a fixed path. Links are skipped: bubblewrap would follow them out of the sandbox's root.
 */
function extendedBundles({ all, isExtended }: CertificateFiles): HostMount[] {
  if (all === undefined || !isExtended) return [];
  return bundlePlaces
    .filter((place) => lstatSync(place, { throwIfNoEntry: false })?.isFile())
    .map((to) => ({ from: all, to }));
}

/** Browsers use none of the bundles. */
function browserPolicies({ browserPolicy }: CertificateFiles): HostMount[] {
  return browserPolicy === undefined ? [] : browserPolicyPlaces.map((to) => ({ from: browserPolicy, to }));
}

/** /bin, /lib and /lib64 are links into /usr on current systems, and folders on older ones. */
function rootLinks(): string[] {
  return ['/bin', '/lib', '/lib32', '/lib64'].flatMap((folder) => {
    if (!existsSync(folder)) return [];
    return lstatSync(folder).isSymbolicLink()
      ? ['--symlink', readlinkSync(folder), folder]
      : ['--ro-bind', folder, folder];
  });
}

/** Arguments that are the same for every sandbox on this machine. */
export function fixedArguments(runtime: RuntimeFolder, prlimitBinary: string): string[] {
  const mounts = [
    ...extendedBundles(runtime.certificates),
    ...certificateMounts(runtime.certificates),
    ...browserPolicies(runtime.certificates),
    ...Object.entries(runtime.etc).map(([to, from]) => ({ from, to })),
    { from: runtime.nodeBinary, to: nodeBinary },
    { from: runtime.starter, to: starter },
    { from: runtime.waitingStarter, to: waitingStarter },
    { from: runtime.nodeEntry, to: inside.nodeEntry },
    { from: runtime.executeOnlyShell, to: firstShell },
    { from: prlimitBinary, to: prlimit },
  ];
  return [
    ['--unshare-all', '--unshare-user', '--disable-userns', '--cap-drop', 'ALL'],
    ['--uid', String(insideId), '--gid', String(insideId), '--hostname', 'worker'],
    ['--new-session', '--die-with-parent', '--as-pid-1', '--clearenv'],
    rootLinks(),
    // The operator may remove some of them while the runner is running.
    ...hostMounts([...systemFolders, ...systemFiles]).map(({ from, to }) => ['--ro-bind-try', from, to]),
    ...mounts.map(({ from, to }) => ['--ro-bind', from, to]),
    ['--proc', '/proc', '--dev', '/dev'],
    ...Object.entries(baseVariables(runtime.certificates)).map(([name, value]) => ['--setenv', name, value]),
  ].flat();
}

/** Cancels the new network namespace that the fixed arguments request. */
export const sharedNetwork = '--share-net';

/** The properties that are fixed when a sandbox is opened. The worker is assigned later. */
export interface SandboxShape {
  readonly nodeModulesDir?: string | undefined;
  /** Host folders that the worker can read, by name. */
  readonly mounts: Readonly<Record<string, string>>;
  readonly ports: readonly number[];
  readonly wildcardPort?: number | undefined;
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
  wildcardPort,
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
    wildcardPort,
    networkPorts,
    limits: { processes, openFiles, fileSizeBytes, tmpBytes },
    share,
    tmp,
    ownTmp,
  };
}

/** The worker that the starter becomes. */
export function assignmentOf(options: SandboxOptions, certificates: CertificateFiles): Assignment {
  const { entry, launch } = options;
  const file = `${workDir}/${entry}`;
  return {
    ...(launch === undefined
      ? { entry: file }
      : { command: launch.command(placesOf(launch), file, inside.nodeEntry) }),
    environment: workerVariables(options, certificates),
  };
}

/** Host folders of one sandbox. */
export interface SandboxFolders {
  /** Becomes the working folder. */
  readonly work: string;
  readonly home: string;
  /** For the files that describe its resource share, if it has one. */
  readonly share: string;
  /** Mount point of a `/tmp` that can be shared. */
  readonly tmp: string;
}

/** Arguments that differ by sandbox. They are passed in a descriptor, because all host users can see command lines. */
export function shapeArguments(
  { nodeModulesDir, mounts, networkPorts, limits, share, ownTmp }: SandboxShape,
  { work, home, share: shareFolder }: SandboxFolders,
  networkEtc: RuntimeFolder['etc'],
  tmp: SharedTmp | undefined,
): string[] {
  const shareMounts = share === undefined ? [] : writeShareFiles(shareFolder, share);
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
    ...shareMounts.map(({ from, to }) => ['--ro-bind', from, to]),
    // Node reads its options at startup, before the worker is assigned.
    ...Object.entries(shareVariables(share)).map(([name, value]) => ['--setenv', name, value]),
    // bubblewrap's root and /dev are in memory without a limit, so they are read-only.
    ['--remount-ro', '/dev', '--remount-ro', '/', '--chdir', workDir],
    ['--info-fd', String(descriptors.info), '--seccomp', String(descriptors.filter)],
  ].flat();
}

/**
 * The command that runs inside. It sets the limits, because a limit on processes that is set on bubblewrap would count
 * all processes of the host's user.
 * @param ports on which the starter listens; undefined if the runner has its listeners already
 */
export function startCommand(
  limits: SandboxLimits,
  ports: readonly number[] | undefined,
  wildcardPort?: number,
): string[] {
  const { processes, openFiles, fileSizeBytes } = limits;
  const channel = String(descriptors.channel);
  const addresses = (ports ?? []).map((port) => (port === wildcardPort ? `0.0.0.0:${port}` : String(port)));
  return [
    [firstShell, '-c', firstProcess, 'sh'],
    [prlimit, '--core=0', `--nproc=${processes}`, `--nofile=${openFiles}`, `--fsize=${fileSizeBytes}`, '--'],
    [
      nodeBinary,
      ...(ports === undefined ? [waitingStarter, channel] : [starter, channel, addresses.join(',')]),
    ],
  ].flat();
}
