/** Working folders for subtasks, inside a folder of this process. Folders of dead processes are removed at start. */
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { StartStop } from '../services/service.ts';
import { makeFolder } from './make-folder.ts';

export class ScratchFolder extends StartStop {
  readonly name = 'scratch folder';
  readonly #root: string;
  #own: string | undefined;

  constructor(cacheDir: string) {
    super();
    this.#root = path.join(cacheDir, 'scratch');
  }

  protected override async begin(): Promise<void> {
    await makeFolder(this.#root);
    const names = await readdir(this.#root);
    await Promise.all(
      names
        .filter((name) => !isAlive(Number.parseInt(name, 10)))
        .map((name) => removeTree(path.join(this.#root, name))),
    );
    this.#own = await makeReachable(path.join(this.#root, `${process.pid}-`));
  }

  protected override async end(): Promise<void> {
    if (this.#own !== undefined) await removeTree(this.#own);
    this.#own = undefined;
  }

  /** A new, empty folder for a subtask. */
  async create(): Promise<string> {
    if (this.#own === undefined) throw new Error('the scratch folder is not started');
    return makeReachable(path.join(this.#own, 'subtask-'));
  }

  async remove(folder: string): Promise<void> {
    await removeTree(folder);
  }
}

/**
 * Removes a folder with the system's `rm`. Workers can nest folders deeper than the maximum path length, where Node
 * fails.
 */
export async function removeTree(folder: string): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true });
  } catch {
    await promisify(execFile)('rm', ['-rf', '--', folder]);
  }
}

/** Creates a folder that sandboxes, which run as other users, can pass through. */
async function makeReachable(prefix: string): Promise<string> {
  const folder = await mkdtemp(prefix);
  await chmod(folder, 0o711);
  return folder;
}

function isAlive(processId: number): boolean {
  if (!(processId > 0)) return false;
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
