/** How the entry of a package is run, by language. */
import type { Language } from '../../workers/workers.ts';
import type { NodeDependencies } from './node-dependencies.ts';
import type { PythonDependencies, PythonEnvironment } from './python-dependencies.ts';
import type { Launch } from '../sandbox.ts';

/** What a subtask's worker needs to start. */
export interface Preparation {
  /** Host folder to mount as `node_modules`, for Node packages. */
  readonly nodeModulesDir?: string | undefined;
  /** Notices about the dependencies for the run's log. */
  readonly notes?: readonly string[];
  /** For packages in other languages. */
  readonly launch?: Launch;
}

export interface LanguageServices {
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

const goLaunch: Launch = { mounts: {}, command: (_places, entry) => [entry], environment: () => ({}) };

/**
 * Prepares everything that a package needs besides itself.
 * @param onLine called with each line of the installation's output
 * @throws Error with the reason, or the end of the package manager's output
 */
export async function prepareLaunch(
  language: Language,
  packageDir: string,
  services: LanguageServices,
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<Preparation> {
  switch (language) {
    case 'node': {
      const nodeModulesDir = await services.node.install(packageDir, onLine, signal);
      if (nodeModulesDir === undefined) return {};
      return { nodeModulesDir, notes: await services.node.notes(nodeModulesDir) };
    }
    case 'python':
      return { launch: pythonLaunch(await services.python.install(packageDir, onLine, signal)) };
    case 'go':
      return { launch: goLaunch };
    default:
      return language satisfies never;
  }
}
