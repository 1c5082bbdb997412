/** The commands that Python packages install. pip names the Python that ran it, which is not where a worker has its own. */
import { lstat, open, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Finds the worker's Python by PATH. */
const portableStart = '#!/usr/bin/env python3\n';
/** How pip starts a script where the path of its Python is too long for a first line. */
const shellStart = "#!/bin/sh\n'''exec' ";
const longestStart = 4096;

/** @returns where the text of a script of Python begins behind the lines that start it; undefined for anything else */
function endOfStart(text: string): number | undefined {
  const [first = '', second = '', third = ''] = text.split('\n', 3);
  if (text.startsWith(shellStart)) return first.length + second.length + third.length + 3;
  return first.startsWith('#!') && first.includes('python') ? first.length + 1 : undefined;
}

async function startOf(file: string): Promise<string> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(longestStart), 0, longestStart, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

/**
 * Has each command run by the `python3` of its worker's PATH.
 * @param folder of commands; nothing happens where there is none
 */
export async function makeScriptsPortable(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    const file = path.join(folder, name);
    if (!(await lstat(file)).isFile()) continue;
    const end = endOfStart(await startOf(file));
    if (end === undefined) continue;
    const text = await readFile(file, 'latin1');
    await writeFile(file, portableStart + text.slice(end), 'latin1');
  }
}
