/** Watches what a worker stores in its folders: file systems without quotas have no limit on a folder of their own. */
import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';

/** Between two looks; a look that takes long is followed by a pause this many times as long. */
const pauseMilliseconds = 500;
const pauseFactor = 20;

export interface DiskLimits {
  readonly bytes: number;
  /** Files and folders. */
  readonly files: number;
}

/** Which of the limits has been passed. */
export type DiskExcess = keyof DiskLimits;

/**
 * One look. Links are not followed; folders that are too deep to be looked into count as too many files.
 * @returns undefined within the limits; ends as soon as one has been passed
 */
async function diskExcess(folder: string, limits: DiskLimits): Promise<DiskExcess | undefined> {
  let bytes = 0;
  let files = 0;
  const folders = [folder];
  for (const current of folders) {
    let names: string[];
    try {
      names = await readdir(current);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENAMETOOLONG') return 'files';
      continue;
    }
    files += names.length;
    if (files > limits.files) return 'files';
    for (const name of names) {
      const file = path.join(current, name);
      const stats = await lstat(file).catch((error: NodeJS.ErrnoException) => error);
      if (stats instanceof Error) {
        if (stats.code === 'ENAMETOOLONG') return 'files';
        continue;
      }
      bytes += stats.blocks * 512;
      if (bytes > limits.bytes) return 'bytes';
      if (stats.isDirectory()) folders.push(file);
    }
  }
  return undefined;
}

/**
 * Looks again and again until a limit has been passed.
 * @returns the way to stop watching
 */
export function watchDisk(
  folder: string,
  limits: DiskLimits,
  onExcess: (excess: DiskExcess) => void,
): () => void {
  let isStopped = false;
  let timer: NodeJS.Timeout;
  const look = async (): Promise<void> => {
    const began = performance.now();
    const excess = await diskExcess(folder, limits);
    if (isStopped) return;
    if (excess === undefined) {
      const pause = Math.max(pauseMilliseconds, (performance.now() - began) * pauseFactor);
      timer = setTimeout(() => void look(), pause);
    } else onExcess(excess);
  };
  timer = setTimeout(() => void look(), pauseMilliseconds);
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}
