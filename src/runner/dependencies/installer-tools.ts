/**
 * Copies the host's npm and pip into the cache folder, where the sandbox's unprivileged user can reach them wherever
 * the originals are.
 */
import { createHash } from 'node:crypto';
import { cp, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { DependencyCache } from './dependency-cache.ts';

const keep = { recursive: true, preserveTimestamps: true, dereference: true } as const;
const leftOut = new Set(['docs', 'man', '.git']);

export class InstallerTools {
  readonly #cache: DependencyCache;

  /** @param cacheDir folder that sandboxes can reach */
  constructor(cacheDir: string) {
    this.#cache = new DependencyCache(path.join(cacheDir, 'installers'));
  }

  /** @param source folder of the npm package @returns host folder of the copy */
  async npm(source: string): Promise<string> {
    const { version } = JSON.parse(await readFile(path.join(source, 'package.json'), 'utf8')) as {
      version: string;
    };
    return path.join(await this.#copy('npm', version, source), 'npm');
  }

  /** @param source folder of the package `pip` @returns host folder that holds the copy */
  async pip(source: string, version: string): Promise<string> {
    return this.#copy('pip', version, source);
  }

  async #copy(name: string, version: string, source: string): Promise<string> {
    const { mtimeMs } = await stat(source);
    const key = createHash('sha256')
      .update(JSON.stringify([source, mtimeMs, version]))
      .digest('hex');
    return this.#cache.folder(
      `${name}-${version}-${key.slice(0, 16)}`,
      async ({ folder }) => {
        const filter = (file: string): boolean =>
          !leftOut.has(path.basename(file)) || path.dirname(file) !== source;
        await cp(source, path.join(folder, name), { ...keep, filter });
      },
      () => undefined,
    );
  }
}
