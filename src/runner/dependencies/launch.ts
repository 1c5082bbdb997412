/** How the entry of a package is run, by language. */
import { lt } from 'semver';
import type { InstallableVersion } from '../../workers/workers.ts';
import type { NodeDependencies, NodeTarget } from './node-dependencies.ts';
import type { NodeRuntime, NodeRuntimes } from './node-runtimes.ts';
import type { PythonDependencies, PythonEnvironment } from './python-dependencies.ts';
import type { Launch } from '../sandbox.ts';

/** What a subtask's worker needs to start. */
export interface Preparation {
  /** Name and version of what the entry runs on, such as `Node 22.18.0`; empty if it runs by itself. */
  readonly runtime: string;
  /** Host folder to mount as `node_modules`, for Node packages. */
  readonly nodeModulesDir?: string | undefined;
  /** Notices about the dependencies for the run's log. */
  readonly notes?: readonly string[];
  /** For packages in other languages, or for another Node than Chela's. */
  readonly launch?: Launch;
}

export interface LanguageServices {
  readonly runtimes: NodeRuntimes;
  readonly node: NodeDependencies;
  readonly python: PythonDependencies;
}

function pythonLaunch({ interpreter, packages }: PythonEnvironment): Launch {
  const folders = Object.fromEntries(packages.map((folder, index) => [`packages-${index}`, folder]));
  return {
    mounts: { python: interpreter.folder, ...folders },
    command: (places, entry) => [`${places['python']}/bin/python3`, entry],
    // Console scripts of the package's own dependencies come first.
    programs: (places) => [
      ...Object.keys(folders).map((name) => `${places[name]}/bin`),
      `${places['python']}/bin`,
    ],
    environment: (places) => ({
      PYTHONPATH: Object.keys(folders)
        .map((name) => places[name])
        .join(':'),
      LD_LIBRARY_PATH: `${places['python']}/lib`,
      // Output is read line by line, and packages are read-only.
      PYTHONUNBUFFERED: '1',
      PYTHONDONTWRITEBYTECODE: '1',
      PYTHONNOUSERSITE: '1',
    }),
  };
}

/** @returns undefined for Chela's own Node, which every sandbox has */
export function nodeLaunch({ version, binDir }: NodeRuntime): Launch | undefined {
  if (binDir === undefined) return undefined;
  return {
    mounts: { node: binDir },
    command: (places, entry, nodeEntry) => [`${places['node']}/node`, nodeEntry, entry],
    programs: (places) => [places['node'] ?? ''],
    // Older Nodes do not start with the options in it.
    environment: (): Record<string, string> => (lt(version, '18.18.0') ? { NODE_OPTIONS: '' } : {}),
  };
}

const goLaunch: Launch = { mounts: {}, command: (_places, entry) => [entry], environment: () => ({}) };

/**
 * Prepares everything that a package needs besides itself.
 * @param onLine called with each line of the installation's output
 * @throws Error with the reason, or the end of the package manager's output
 */
export async function prepareLaunch(
  { language, entry }: Pick<InstallableVersion, 'language' | 'entry'>,
  packageDir: string,
  services: LanguageServices,
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<Preparation> {
  switch (language) {
    case 'node': {
      const { runtimes, node } = services;
      const runtime = await runtimes.prepare(packageDir, entry, onLine, signal);
      const target: NodeTarget = {
        version: runtime.version,
        toolchain: async (print, ended) => runtimes.toolchain(runtime, print, ended),
      };
      const nodeModulesDir = await node.install(packageDir, onLine, signal, target);
      const launch = nodeLaunch(runtime);
      const started = { runtime: `Node ${runtime.version}`, ...(launch !== undefined && { launch }) };
      if (nodeModulesDir === undefined) return started;
      return { ...started, nodeModulesDir, notes: await node.notes(nodeModulesDir) };
    }
    case 'python': {
      const environment = await services.python.install(packageDir, onLine, signal);
      const runtime = `Python ${environment.interpreter.numbers.join('.')}`;
      return { runtime, launch: pythonLaunch(environment) };
    }
    case 'go':
      return { runtime: '', launch: goLaunch };
    default:
      return language satisfies never;
  }
}
