/** The parts of a bubblewrap sandbox on this machine: binaries, the runtime folder, the filter of system calls. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fixedArguments } from './bubblewrap-arguments.ts';
import type { CertificateFiles, CertificateSettings } from './certificates.ts';
import type { NamespaceTools } from './namespace-opener.ts';
import { prepareRuntimeFolder } from './runtime-folder.ts';
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
  readonly namespaceTools: () => NamespaceTools;
  readonly certificates: CertificateFiles;
}

function findBinary(name: string, packageName: string): string {
  const found = binaryFolders.map((folder) => path.join(folder, name)).find((file) => existsSync(file));
  if (found !== undefined) return found;
  const installer =
    installCommands.find(({ manager }) => existsSync(manager))?.command ?? 'install the package';
  const sudo = process.getuid?.() === 0 ? '' : 'sudo ';
  throw new Error(`${name} is not installed, but sandboxes require it: ${sudo}${installer} ${packageName}`);
}

const restriction = '/proc/sys/kernel/apparmor_restrict_unprivileged_userns';

/**
 * Start of the command line of a program that creates user namespaces. Ubuntu allows it only to programs with a profile of
 * AppArmor. bubblewrap may have one, which then applies to the programs that it starts.
 */
function profileCommand(bubblewrap: string): string[] {
  const isRestricted = existsSync(restriction) && readFileSync(restriction, 'utf8').trim() !== '0';
  return isRestricted ? bubblewrapCommand(bubblewrap) : [];
}

/** Start of a command line that runs the rest with the same rights, but as a child of bubblewrap. */
export function bubblewrapCommand(bubblewrap: string): string[] {
  const user = process.getuid?.() === 0 ? [] : ['--unshare-user'];
  return [bubblewrap, ...user, '--cap-add', 'ALL', '--die-with-parent', '--dev-bind', '/', '/', '--'];
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
    namespaceTools: () => ({
      python: [...profileCommand(bubblewrap), findBinary('python3', 'python3')],
      nsenter: findBinary('nsenter', 'util-linux'),
    }),
    certificates: runtime.certificates,
  };
}
