/** A Python environment with the packages of `requirements.txt`, created once below node_modules. */
import { execFile } from 'node:child_process';
import { copyFile, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const requirements = path.join(import.meta.dirname, 'requirements.txt');
const environment = path.resolve(import.meta.dirname, '..', 'node_modules', '.cache', 'chela-fuzz');
const stamp = path.join(environment, 'requirements.txt');

async function makeEnvironment(): Promise<void> {
  try {
    await run('python3', ['-m', 'venv', environment]);
  } catch (error) {
    if (process.getuid?.() !== 0) {
      throw new Error('Python cannot make environments: sudo apt-get install -y python3-venv', {
        cause: error,
      });
    }
    await run('apt-get', ['install', '-y', '-qq', 'python3-venv']);
    await run('python3', ['-m', 'venv', '--clear', environment]);
  }
}

/** @returns path of the environment's Python */
export async function preparePython(): Promise<string> {
  const python = path.join(environment, 'bin', 'python');
  const [wanted, installed] = await Promise.all([
    readFile(requirements, 'utf8'),
    readFile(stamp, 'utf8').catch(() => ''),
  ]);
  if (wanted === installed) return python;
  await rm(environment, { recursive: true, force: true });
  await makeEnvironment();
  await run(python, ['-m', 'pip', 'install', '--quiet', '--requirement', requirements]);
  await copyFile(requirements, stamp);
  return python;
}
