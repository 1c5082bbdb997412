/** Where a worker finds things in a sandbox that has a root of its own, of whichever kind. */
import { existsSync, realpathSync } from 'node:fs';
import type { Launch } from '../sandbox.ts';

export const inside = {
  work: '/work',
  home: '/home/worker',
  node: '/usr/bin/node',
  /** Folder of what is the sandbox's own. */
  chela: '/chela',
  /** Folder of the mounts of a launch. */
  mounts: '/opt',
} as const;

/** Files of the host that runtimes read and that no library is; mounted read-only where they exist. */
const sharedFiles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/usr/share/zoneinfo',
];

export interface HostMount {
  readonly from: string;
  readonly to: string;
}

/** The paths that exist on the host, with what they lead to. */
export function hostMounts(paths: readonly string[]): HostMount[] {
  return paths.filter((row) => existsSync(row)).map((row) => ({ from: realpathSync(row), to: row }));
}

export function sharedFileMounts(): HostMount[] {
  return hostMounts(sharedFiles);
}

/** Where the worker finds a mount of its launch. */
export function placeOf(name: string): string {
  return name.startsWith('/') ? name : `${inside.mounts}/${name}`;
}

/** Where the worker finds the mounts of its launch. */
export function placesOf(launch: Launch | undefined): Record<string, string> {
  return Object.fromEntries(Object.keys(launch?.mounts ?? {}).map((name) => [name, placeOf(name)]));
}

/** What every worker's environment has. */
export const baseVariables = {
  PATH: '/usr/local/bin:/usr/bin:/bin',
  HOME: inside.home,
  TMPDIR: '/tmp',
  LANG: 'C.UTF-8',
} as const;

/** All variables of the worker. */
export function workerVariables(
  launch: Launch | undefined,
  environment: Readonly<Record<string, string>>,
): Record<string, string> {
  return { ...baseVariables, ...launch?.environment(placesOf(launch)), ...environment };
}
