/** A folder on a small file system of its own, which can be filled. */
import { mkdir, open, rm } from 'node:fs/promises';
import path from 'node:path';
import { command } from './command.ts';

const blockBytes = 1024 * 1024;
const smallBlockBytes = 4096;

export class SmallDisk {
  readonly path: string;
  readonly #filler: string;

  /** Use `SmallDisk.mount`. */
  constructor(folder: string) {
    this.path = folder;
    this.#filler = path.join(folder, 'filler');
  }

  static async mount(folder: string, sizeMegabytes: number): Promise<SmallDisk> {
    await mkdir(folder, { recursive: true });
    await command('mount', '-t', 'tmpfs', '-o', `size=${sizeMegabytes}m,mode=755`, 'chaos', folder);
    return new SmallDisk(folder);
  }

  /** Takes what space is left. */
  async fill(): Promise<void> {
    const filler = await open(this.#filler, 'a');
    try {
      for (const size of [blockBytes, smallBlockBytes]) {
        const block = Buffer.alloc(size);
        while (await filler.write(block).then(({ bytesWritten }) => bytesWritten === size, isFull));
      }
    } finally {
      await filler.close();
    }
  }

  async free(): Promise<void> {
    await rm(this.#filler, { force: true });
  }

  async unmount(): Promise<void> {
    await command('umount', this.path);
  }
}

/** @returns false, so that the writer stops @throws any other error */
function isFull(error: NodeJS.ErrnoException): boolean {
  if (error.code !== 'ENOSPC') throw error;
  return false;
}
