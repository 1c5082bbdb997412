/** The versions and digests that uv chooses from uv.lock for a project, as requirements for pip. */
import { constants } from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import path from 'node:path';
import { requirementRefusal } from '../../manifests/python-manifest.ts';
import { DependencyCache, type Installation } from './dependency-cache.ts';
import type { Installer } from './installer.ts';
import { runPip } from './pip.ts';
import type { PythonInterpreter } from './python-interpreter.ts';

export const uvVersion = '0.13.9';

/** Exactly what the lock file says, without development dependencies and the project itself. */
const exportArguments = [
  ['export', '--frozen', '--offline', '--no-config', '--no-cache', '--no-python-downloads'],
  ['--no-default-groups', '--no-emit-project', '--no-header', '--no-annotate'],
  ['--format', 'requirements-txt'],
].flat();

/** Command line of `Installer.exportUv`, to run in the folder of the project. @param uv @param python paths of the programs */
export function uvExport(uv: string, python: string): string[] {
  const script = 'mkdir exported && exec "$@" > exported/requirements.txt';
  return ['sh', '-c', script, 'sh', uv, ...exportArguments, '--python', python];
}

const requirementsLimitBytes = 32 * 1024 * 1024;

/** Files of a project, by name. */
export type UvProject = Readonly<Record<string, string>>;

export class UvLocks {
  readonly #installer: Installer;
  readonly #cache: DependencyCache;

  /** @param cacheDir folder that sandboxes can access */
  constructor(installer: Installer, cacheDir: string) {
    this.#installer = installer;
    this.#cache = new DependencyCache(path.join(cacheDir, 'package-managers'));
  }

  /**
   * @returns requirements with digests, without those of development; undefined if uv cannot read the lock file, or it
   *   has packages that do not come from an index, after a line that says so
   */
  async requirements(
    project: UvProject,
    interpreter: PythonInterpreter,
    { folder, print, signal }: Installation,
  ): Promise<string[] | undefined> {
    const uvDir = await this.#uv(interpreter, print, signal);
    const draft = path.join(folder, 'uv');
    await mkdir(draft);
    try {
      const request = { files: project, uvDir, interpreter, folder: draft, print, signal };
      const end = await this.#installer.exportUv(request);
      if (end.exitCode !== 0) {
        print('uv cannot read uv.lock: pip installs the versions in it');
        return undefined;
      }
      const lines = requirementsOf(await textOf(path.join(draft, 'exported', 'requirements.txt')));
      const refused = lines.find((line) => requirementRefusal(line) !== undefined);
      if (refused === undefined) return lines;
      print(
        `uv.lock has "${refused.slice(0, 80)}", which is not from an index: pip installs the versions in it`,
      );
      return undefined;
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  }

  async #uv(
    interpreter: PythonInterpreter,
    onLine: (line: string) => void,
    waiting: AbortSignal,
  ): Promise<string> {
    const install = async ({ folder, print, signal }: Installation): Promise<void> => {
      print(`installing uv ${uvVersion} for uv.lock`);
      await mkdir(path.join(folder, 'site-packages'));
      const requirements = [`uv==${uvVersion}`];
      await runPip(this.#installer, { interpreter, requirements, constraints: [], folder, print, signal });
    };
    const entry = await this.#cache.folder(`uv-${uvVersion}-${interpreter.tag}`, install, onLine, waiting);
    return path.join(entry, 'site-packages');
  }
}

/** The file comes from a sandbox, so it may be a link. */
async function textOf(file: string): Promise<string> {
  await using handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const { size } = await handle.stat();
  if (size > requirementsLimitBytes) throw new Error('uv.lock has too many packages');
  return handle.readFile('utf8');
}

/** A requirement starts at the beginning of a line, and its digests are in continuation lines. */
function requirementsOf(text: string): string[] {
  return text
    .replaceAll('\\\n', ' ')
    .split('\n')
    .map((line) => line.trim().replaceAll(/[ ]{2,}/g, ' '))
    .filter((line) => line !== '' && !line.startsWith('#'));
}
