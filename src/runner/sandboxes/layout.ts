/** Where a worker finds things in a sandbox that has a root of its own, of whichever kind. */
import type { Launch, SandboxOptions } from '../sandbox.ts';
import { certificateVariables, type CertificateFiles } from './certificates.ts';
import type { HostMount } from './host-mounts.ts';
import { shareVariables } from './resource-share.ts';

export const inside = {
  work: '/work',
  home: '/home/worker',
  /** Nothing of the host's is there. */
  node: '/usr/local/bin/node',
  /** Has Node become a worker. */
  nodeEntry: '/chela/node-entry.cjs',
  /** Folder of what is the sandbox's own. */
  chela: '/chela',
  /** Folder of the mounts of a launch. */
  mounts: '/opt',
} as const;

/** Where the worker finds a mount of its launch. */
export function placeOf(name: string): string {
  return name.startsWith('/') ? name : `${inside.mounts}/${name}`;
}

/** Where the worker finds the mounts of its launch. */
export function placesOf(launch: Launch | undefined): Record<string, string> {
  return Object.fromEntries(Object.keys(launch?.mounts ?? {}).map((name) => [name, placeOf(name)]));
}

/** The certificate files by the places where the worker finds them. */
const certificatePlaces = {
  all: `${inside.chela}/certificates.pem`,
  beyondNode: `${inside.chela}/certificates-beyond-node.pem`,
} as const;

export function certificateMounts({ all, beyondNode }: CertificateFiles): HostMount[] {
  return [
    ...(all === undefined ? [] : [{ from: all, to: certificatePlaces.all }]),
    ...(beyondNode === undefined ? [] : [{ from: beyondNode, to: certificatePlaces.beyondNode }]),
  ];
}

/** Folders of programs: the launch's own, those of npm packages, and the system's. */
export function programPath(
  launch: Launch | undefined,
  places: Readonly<Record<string, string>>,
  { work, system }: { readonly work: string; readonly system: string },
): string {
  return [...(launch?.programs?.(places) ?? []), `${work}/node_modules/.bin`, system].join(':');
}

const systemPath = '/usr/local/bin:/usr/bin:/bin';

/** What every process of a sandbox has in its environment. */
export function baseVariables(certificates: CertificateFiles): Record<string, string> {
  const { all, beyondNode, isExtended } = certificates;
  return {
    PATH: systemPath,
    HOME: inside.home,
    TMPDIR: '/tmp',
    LANG: 'C.UTF-8',
    ...certificateVariables({
      all: all && certificatePlaces.all,
      beyondNode: beyondNode && certificatePlaces.beyondNode,
      isExtended,
    }),
  };
}

/** All variables of the worker. */
export function workerVariables(
  { launch, share, environment }: Pick<SandboxOptions, 'launch' | 'share' | 'environment'>,
  certificates: CertificateFiles,
): Record<string, string> {
  const places = placesOf(launch);
  return {
    ...baseVariables(certificates),
    ...shareVariables(share),
    PATH: programPath(launch, places, { work: inside.work, system: systemPath }),
    ...launch?.environment(places),
    ...environment,
  };
}
