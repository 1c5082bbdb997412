/** The paths and variables in every sandbox that has its own root. */
import type { Launch, SandboxOptions } from '../sandbox.ts';
import { certificateVariables, type CertificateFiles } from './certificates.ts';
import type { HostMount } from './host-mounts.ts';
import { shareVariables } from './resource-share.ts';

export const inside = {
  work: '/work',
  home: '/home/worker',
  /** No file of the host has this path. */
  node: '/usr/local/bin/node',
  /** Script that turns a Node process into a worker. */
  nodeEntry: '/chela/node-entry.cjs',
  /** Folder of the sandbox's own files. */
  chela: '/chela',
  /** Folder for the mounts of a launch. */
  mounts: '/opt',
} as const;

/** Path of a launch's mount in the sandbox. */
export function placeOf(name: string): string {
  return name.startsWith('/') ? name : `${inside.mounts}/${name}`;
}

/** Paths of a launch's mounts in the sandbox, by name. */
export function placesOf(launch: Launch | undefined): Record<string, string> {
  return Object.fromEntries(Object.keys(launch?.mounts ?? {}).map((name) => [name, placeOf(name)]));
}

/** Paths of the certificate files in the sandbox. */
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

/** The worker's PATH: programs of the launch, of npm packages, and of the system. */
export function programPath(
  launch: Launch | undefined,
  places: Readonly<Record<string, string>>,
  { work, system }: { readonly work: string; readonly system: string },
): string {
  return [...(launch?.programs?.(places) ?? []), `${work}/node_modules/.bin`, system].join(':');
}

const systemPath = '/usr/local/bin:/usr/bin:/bin';

/** Variables of every process in a sandbox. */
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
