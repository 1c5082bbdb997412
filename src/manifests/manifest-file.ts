/** Finds and reads package files that declare dependencies. */
import { constants } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import path from 'node:path';
import { decodeText, withoutByteOrderMark } from '../text/decoded-text.ts';

/** Lock files of projects with thousands of dependencies reach 5 MB. */
export const lockLimitBytes = 16 * 1024 * 1024;

/** There is nothing, a folder or a link in place of the file. */
const noFile = new Set<unknown>(['ENOENT', 'ENOTDIR', 'ELOOP', 'EISDIR']);

/** Whether the package has this file. Links do not count. */
export async function hasManifest(packageDir: string, name: string): Promise<boolean> {
  return lstat(path.join(packageDir, name)).then(
    (found) => found.isFile(),
    () => false,
  );
}

/**
 * @returns the text without a byte order mark; undefined if there is no such file
 * @throws Error if it is outside the package, larger than the limit, or not text
 */
export async function manifestText(
  packageDir: string,
  name: string,
  limitBytes: number,
): Promise<string | undefined> {
  const file = path.join(packageDir, name);
  if (path.relative(packageDir, file).startsWith('..')) throw new Error(`"${name}" is outside the package`);
  let bytes: Buffer;
  try {
    await using handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stats = await handle.stat();
    if (!stats.isFile()) return undefined;
    if (stats.size > limitBytes) throw new Error(`${name} is larger than ${limitBytes} bytes`);
    bytes = await handle.readFile();
  } catch (error) {
    if (noFile.has((error as NodeJS.ErrnoException).code)) return undefined;
    throw error;
  }
  try {
    return withoutByteOrderMark(decodeText(bytes));
  } catch (error) {
    throw new Error(`${name} is not UTF-8 text: save it as UTF-8`, { cause: error });
  }
}
