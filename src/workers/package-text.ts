import { constants } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import path from 'node:path';
import { decodeText } from '../text/decoded-text.ts';
import type { Findings } from './findings.ts';

/** Whether it is a regular file. Links do not count, because they could lead anywhere. */
export async function isPackageFile(dir: string, file: string): Promise<boolean> {
  const stats = await lstat(path.join(dir, file)).catch(() => undefined);
  return stats?.isFile() ?? false;
}

/**
 * Reads the first bytes of a package file, which may change or be replaced by a link in the meantime.
 * @returns fewer bytes if the file is shorter; undefined if there is no such regular file
 */
export async function readPackageBytes(
  dir: string,
  file: string,
  limitBytes: number,
): Promise<Buffer | undefined> {
  const isInside = !path.isAbsolute(file) && !path.normalize(file).startsWith('..');
  if (!isInside || !(await isPackageFile(dir, file))) return undefined;
  await using handle = await open(path.join(dir, file), constants.O_RDONLY | constants.O_NOFOLLOW);
  const buffer = Buffer.alloc(Math.min(limitBytes, (await handle.stat()).size));
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
  return buffer.subarray(0, bytesRead);
}

/**
 * Reads a text file of a package verbatim, including a byte order mark.
 * @returns undefined if it is missing, too large or not text; the last two add an error
 */
export async function readPackageText(
  dir: string,
  file: string,
  limitBytes: number,
  findings: Findings,
): Promise<string | undefined> {
  const bytes = await readPackageBytes(dir, file, limitBytes + 1);
  if (bytes === undefined) return undefined;
  if (bytes.length > limitBytes) {
    findings.error(file, `is larger than ${limitBytes} bytes`);
    return undefined;
  }
  try {
    return decodeText(bytes);
  } catch {
    findings.error(file, 'is not UTF-8 text');
    return undefined;
  }
}
