/**
 * The commands that Python packages install. Their first line contains the path of the Python that ran pip, which
 * differs from the path in a worker's sandbox.
 */
import { constants } from 'node:fs';
import { lstat, open, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Finds the worker's Python on its PATH. */
const portableStart = '#!/usr/bin/env python3\n';
/** How pip starts a script if the path of Python is too long for the first line. */
const shellStart = "#!/bin/sh\n'''exec' ";
/** Larger files are not console scripts. */
const largestScriptBytes = 1024 * 1024;

/** @returns index of a Python script's text after the lines that start Python; undefined for other files */
function endOfStart(text: string): number | undefined {
  const [first = '', second = '', third = ''] = text.split('\n', 3);
  if (text.startsWith(shellStart)) return first.length + second.length + third.length + 3;
  return first.startsWith('#!') && first.includes('python') ? first.length + 1 : undefined;
}

/**
 * Reads a Python script without the lines that start Python. The file is untrusted, because a build can create any file.
 * @returns undefined for other files
 */
async function textOf(file: string): Promise<string | undefined> {
  const script = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { size } = await script.stat();
    if (size > largestScriptBytes) return undefined;
    const { buffer, bytesRead } = await script.read(Buffer.alloc(size), 0, size, 0);
    const text = buffer.toString('latin1', 0, bytesRead);
    const end = endOfStart(text);
    return end === undefined ? undefined : text.slice(end);
  } finally {
    await script.close();
  }
}

async function makePortable(file: string): Promise<void> {
  const text = await textOf(file);
  if (text !== undefined) await writeFile(file, portableStart + text, 'latin1');
}

/**
 * Makes each command run with the first `python3` on the worker's PATH. Links are not followed, even one in place of the
 * folder, because they may lead to files of the host.
 * @param folder folder of the commands, which need not exist
 */
export async function makeScriptsPortable(folder: string): Promise<void> {
  const stats = await lstat(folder).catch(() => undefined);
  if (stats?.isDirectory() !== true) return;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isFile()) await makePortable(path.join(folder, entry.name));
  }
}
