/** Watches the disk usage of a worker's folders, because file systems without quotas cannot limit a single folder. */
import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';

/** Pause between two scans. A slow scan is followed by a pause of this many times its duration. */
const pauseMilliseconds = 500;
const pauseFactor = 20;

export interface DiskLimits {
  readonly bytes: number;
  /** Number of files and folders. */
  readonly files: number;
}

/** The limit that was exceeded. */
export type DiskExcess = keyof DiskLimits;

/**
 * Scans once. Does not follow links. Folders that are too deep to read count as too many files.
 * @returns undefined within the limits; otherwise stops at the first limit exceeded
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
 * Scans repeatedly until a limit is exceeded.
 * @returns a function that stops watching
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
