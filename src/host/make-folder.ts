import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';

/**
 * Creates a folder and its parents where they do not exist. Node's own recursive `mkdir` never ends where the system
 * says that a parent is missing although it exists, as below /proc.
 * @param mode of each created folder
 * @throws the system's error, such as EEXIST if a file has the name, and ENOENT below /proc
 */
export async function makeFolder(folder: string, mode = 0o777): Promise<void> {
  try {
    await makeOne(folder, mode);
  } catch (error) {
    const parent = path.dirname(folder);
    const isParentMissing = (error as NodeJS.ErrnoException).code === 'ENOENT' && parent !== folder;
    if (!isParentMissing || (await isFolder(parent))) throw error;
    await makeFolder(parent, mode);
    await makeOne(folder, mode);
  }
}

async function makeOne(folder: string, mode: number): Promise<void> {
  try {
    await mkdir(folder, { mode });
  } catch (error) {
    if (!(await isFolder(folder))) throw error;
  }
}

async function isFolder(place: string): Promise<boolean> {
  return stat(place).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
}
