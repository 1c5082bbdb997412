/** Detects packages that connect to browsers at fixed host names instead of their environment's. They need port 80. */
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';

const names = ['chrome-ws-inner.', 'chrome-http-inner.'];
/** Larger files are not a worker's own code. */
const fileLimitBytes = 64 * 1024 * 1024;
const maxRemembered = 1000;

const remembered = new Map<string, Promise<boolean>>();

/**
 * Whether a file of the package, without its dependencies, contains one of the names.
 * @param packageDir folder whose content never changes
 */
export async function namesFixedEndpoints(packageDir: string): Promise<boolean> {
  let answer = remembered.get(packageDir);
  if (answer === undefined) {
    answer = anyFileNames(packageDir);
    remembered.set(packageDir, answer);
    answer.catch(() => remembered.delete(packageDir));
    const [oldest] = remembered.keys();
    if (remembered.size > maxRemembered && oldest !== undefined) remembered.delete(oldest);
  }
  return answer;
}

async function anyFileNames(folder: string): Promise<boolean> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const place = path.join(folder, entry.name);
    if (entry.isDirectory() && entry.name !== 'node_modules' && (await anyFileNames(place))) return true;
    if (!entry.isFile() || (await stat(place)).size > fileLimitBytes) continue;
    const content = await readFile(place);
    if (names.some((name) => content.includes(name))) return true;
  }
  return false;
}
