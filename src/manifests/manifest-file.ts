/** Reads a file of a package that names dependencies. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { decodeText, withoutByteOrderMark } from '../text/decoded-text.ts';

/** A folder, a link or nothing stands where the file should be. */
const noFile = new Set<unknown>(['ENOENT', 'ENOTDIR', 'ELOOP', 'EISDIR']);

/**
 * @returns the text without a byte order mark; undefined if there is no such file
 * @throws Error if it lies outside the package, is larger than the limit, or is no text
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
