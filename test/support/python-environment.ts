/** Python with its own packages, made once below node_modules, for readers and tools that share no code with Chela. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { takeTurn } from './turns.ts';

const run = promisify(execFile);
const cacheFolder = path.resolve(import.meta.dirname, '../../node_modules/.cache');

/**
 * @param requirements path of a file that lists the packages with their versions
 * @returns path of a Python that has them
 */
export async function preparePython(requirements: string): Promise<string> {
  const wanted = await readFile(requirements, 'utf8');
  const name = createHash('sha256').update(requirements).digest('hex').slice(0, 12);
  const folder = path.join(cacheFolder, `chela-python-${name}`);
  const python = path.join(folder, 'bin', 'python');
  const stamp = path.join(folder, 'requirements.txt');
  const isReady = async (): Promise<boolean> => (await readFile(stamp, 'utf8').catch(() => '')) === wanted;
  if (await isReady()) return python;
  // Test files that run at the same time need the same one.
  const giveBack = await takeTurn(`python-${name}`);
  try {
    if (!(await isReady())) await makeEnvironment(folder, requirements, stamp);
  } finally {
    giveBack();
  }
  return python;
}

async function makeEnvironment(folder: string, requirements: string, stamp: string): Promise<void> {
  const python = path.join(folder, 'bin', 'python');
  await rm(folder, { recursive: true, force: true });
  // Without a pip of its own and bytecode of modules that nothing imports, it takes a fraction of the time.
  await run('python3', ['-m', 'venv', '--without-pip', folder]);
  const install = ['install', '--quiet', '--no-compile', '--requirement', requirements];
  await run('python3', ['-m', 'pip', '--python', python, ...install]);
  await copyFile(requirements, stamp);
}
