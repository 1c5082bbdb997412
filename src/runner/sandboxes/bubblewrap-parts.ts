/** The parts of a bubblewrap sandbox on this machine: binaries, the runtime folder, the filter of system calls. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fixedArguments, openPortCommand } from './bubblewrap-arguments.ts';
import type { CertificateFiles, CertificateSettings } from './certificates.ts';
import type { NetworkTools } from './network-link.ts';
import { prepareRuntimeFolder } from './runtime-folder.ts';
import type { TmpTools } from './tmp-holder.ts';
import { systemCallFilter } from './system-call-filter.ts';

const binaryFolders = [
  '/usr/bin',
  '/usr/local/bin',
  '/bin',
  '/usr/sbin',
  '/sbin',
  '/run/current-system/sw/bin',
];
/** Commands that install a package, by package manager. */
const installCommands = [
  { manager: '/usr/bin/apt-get', command: 'apt-get install' },
  { manager: '/usr/bin/dnf', command: 'dnf install' },
  { manager: '/usr/bin/pacman', command: 'pacman -S' },
  { manager: '/sbin/apk', command: 'apk add' },
  { manager: '/usr/bin/zypper', command: 'zypper install' },
];

export interface BubblewrapParts {
  readonly bubblewrap: string;
  /** Arguments that are the same for all sandboxes. */
  readonly fixed: readonly string[];
  readonly filter: Buffer;
  /** Files of `/etc` that differ in a sandbox with a network, by their path inside. */
  readonly networkEtc: Readonly<Record<string, string>>;
  /** @throws Error that says what is missing and the one command that installs it */
  readonly networkTools: () => NetworkTools;
  readonly certificates: CertificateFiles;
  /** @throws the same errors as `networkTools` */
  readonly tmpTools: () => TmpTools;
  /** Start of the command line of a sandbox with this port. */
  readonly openPort: (port: number) => string[];
}

function findBinary(name: string, packageName: string): string {
  const found = binaryFolders.map((folder) => path.join(folder, name)).find((file) => existsSync(file));
  if (found !== undefined) return found;
  const installer =
    installCommands.find(({ manager }) => existsSync(manager))?.command ?? 'install the package';
  const sudo = process.getuid?.() === 0 ? '' : 'sudo ';
  throw new Error(`${name} is not installed, but sandboxes require it: ${sudo}${installer} ${packageName}`);
}

/**
 * @param settings.cacheDir folder that the sandboxes' users can reach; gets the runtime folder
 * @throws Error that says what is missing and the one command that installs it
 */
export async function findParts(settings: CertificateSettings): Promise<BubblewrapParts> {
  const bubblewrap = findBinary('bwrap', 'bubblewrap');
  const prlimit = findBinary('prlimit', 'util-linux');
  const runtime = await prepareRuntimeFolder(settings);
  return {
    bubblewrap,
    fixed: fixedArguments(runtime, prlimit),
    filter: systemCallFilter(process.arch),
    networkEtc: runtime.networkEtc,
    networkTools: () => ({
      ip: findBinary('ip', 'iproute2'),
      nsenter: findBinary('nsenter', 'util-linux'),
      unshare: findBinary('unshare', 'util-linux'),
      node: runtime.nodeBinary,
      starter: runtime.networkStarter,
    }),
    certificates: runtime.certificates,
    tmpTools: () => ({ bubblewrap, nsenter: findBinary('nsenter', 'util-linux') }),
    openPort: (port) => openPortCommand(bubblewrap, findBinary('setpriv', 'util-linux'), port),
  };
}
