/** Where subtasks work: a folder for each, below one of this process. What dead processes left is removed at the start. */
import { chmod, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import path from 'node:path';

export class ScratchFolder {
  readonly #root: string;
  #own: string | undefined;

  constructor(cacheDir: string) {
    this.#root = path.join(cacheDir, 'scratch');
  }

  async open(): Promise<void> {
    await mkdir(this.#root, { recursive: true });
    const names = await readdir(this.#root);
    await Promise.all(
      names
        .filter((name) => !isAlive(Number.parseInt(name, 10)))
        .map((name) => rm(path.join(this.#root, name), { recursive: true, force: true })),
    );
    this.#own = await makeReachable(path.join(this.#root, `${process.pid}-`));
  }

  /** A new, empty folder for a subtask. */
  async create(): Promise<string> {
    if (this.#own === undefined) throw new Error('the scratch folder is not open');
    return makeReachable(path.join(this.#own, 'subtask-'));
  }

  async remove(folder: string): Promise<void> {
    await rm(folder, { recursive: true, force: true });
  }

  async close(): Promise<void> {
    if (this.#own !== undefined) await rm(this.#own, { recursive: true, force: true });
    this.#own = undefined;
  }
}

/** A new folder that sandboxes, which run as other users, can pass through. */
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
