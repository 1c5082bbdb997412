/** Programs that npm packages carry, installed once into the cache from the registry that npm's configuration names. */
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { DependencyCache } from './dependency-cache.ts';
import type { Installer } from './installer.ts';
import { runNpm } from './npm.ts';

export interface NpmTool {
  readonly name: string;
  /** An exact version. */
  readonly version: string;
  /** Printed before it is installed. */
  readonly notice: string;
}

export class NpmTools {
  readonly #installer: Installer;
  readonly #cache: DependencyCache;

  /**
   * @param installer checks the digest that the registry states
   * @param parent folder of the entries, which sandboxes can reach
   */
  constructor(installer: Installer, parent: string) {
    this.#installer = installer;
    this.#cache = new DependencyCache(parent);
  }

  /**
   * Installs the package, unless it is in the cache.
   * @param key name of its entry
   * @param kept folder of the package that is kept, as `bin`; all of `node_modules` if omitted
   * @returns the entry
   * @throws Error with the reason; the abort's reason
   */
  async install(
    key: string,
    { name, version, notice }: NpmTool,
    onLine: (line: string) => void,
    signal: AbortSignal | undefined,
    kept?: string,
  ): Promise<string> {
    return this.#cache.folder(
      key,
      async ({ folder, print, signal: ended }) => {
        print(notice);
        const draft = path.join(folder, 'draft');
        await mkdir(draft);
        const manifest = { name: 'tool', version: '0.0.0', private: true, dependencies: { [name]: version } };
        await runNpm(this.#installer, {
          command: 'install',
          files: { 'package.json': JSON.stringify(manifest) },
          legacyPeerDeps: false,
          folder: draft,
          print,
          signal: ended,
        });
        const modules = path.join(draft, 'node_modules');
        if (kept === undefined) await rename(modules, path.join(folder, 'node_modules'));
        else await rename(path.join(modules, name, kept), path.join(folder, kept));
        await rm(draft, { recursive: true, force: true });
      },
      onLine,
      signal,
    );
  }
}
