/** A build that is repeated only if what it depends on has changed. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** @returns every file below a folder, except those below `left` */
export function filesBelow(folder, left) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (file === left) return [];
    return entry.isDirectory() ? filesBelow(file, left) : [file];
  });
}

/** A hash of everything that the build depends on. */
function hashOf(files) {
  const hash = createHash('sha256');
  for (const file of [...files, path.join(root, 'package-lock.json')]) {
    hash
      .update(`${path.relative(root, file)}\0`)
      .update(readFileSync(file))
      .update('\0');
  }
  return hash.digest('hex');
}

/**
 * @param {object} build
 * @param {string} build.folder where the build is
 * @param {readonly string[]} build.sources files that it depends on, always in the same order
 * @param {readonly string[]} build.argv program and arguments of the build, run by the platform's Node
 * @param {() => void} [build.onBuild] called before a build that is needed
 * @returns {boolean} whether the build is up to date afterwards
 */
export function buildIfStale({ folder, sources, argv, onBuild }) {
  const stampFile = path.join(folder, '.built-from');
  const hash = hashOf(sources);
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === hash) return true;
  onBuild?.();
  const node = path.join(root, 'node_modules', '.bin', 'node');
  const result = spawnSync(node, argv, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    // Always a production build, even if a test run asks for it.
    env: { ...process.env, NODE_ENV: 'production' },
  });
  if (result.status !== 0) return false;
  writeFileSync(stampFile, hash);
  return true;
}
