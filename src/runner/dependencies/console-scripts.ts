/**
 * The commands that Python packages install. Their first line contains the path of the Python that ran pip, which
 * differs from the path in a worker's sandbox.
 */
import { lstat, open, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Finds the worker's Python on its PATH. */
const portableStart = '#!/usr/bin/env python3\n';
/** How pip starts a script if the path of Python is too long for the first line. */
const shellStart = "#!/bin/sh\n'''exec' ";
const longestStart = 4096;

/** @returns index of a Python script's text after the lines that start Python; undefined for other files */
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
 * Makes each command run with the first `python3` on the worker's PATH.
 * @param folder folder of the commands, which need not exist
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
