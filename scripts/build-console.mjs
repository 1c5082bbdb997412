/** Builds the console if its sources or their dependencies have changed since the last build. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { buildIfStale, filesBelow, root } from './up-to-date-build.mjs';

const consoleDir = path.join(root, 'console');
const distDir = path.join(consoleDir, 'dist');

/** The files of the server that the given files import, directly or indirectly. */
function sharedFiles(files, found = new Set()) {
  for (const file of files.filter((name) => /\.tsx?$/.test(name))) {
    for (const [, target] of readFileSync(file, 'utf8').matchAll(/(?:from|import) '(\.[^']+)'/g)) {
      const imported = path.resolve(path.dirname(file), target);
      if (imported.startsWith(`${consoleDir}${path.sep}`) || found.has(imported)) continue;
      found.add(imported);
      sharedFiles([imported], found);
    }
  }
  return [...found];
}

/**
 * @param {{ onBuild?: () => void }} [options] onBuild is called before a build that is needed
 * @returns {boolean} whether the build is up to date afterwards
 */
export function buildConsole({ onBuild } = {}) {
  const own = filesBelow(consoleDir, distDir).toSorted();
  return buildIfStale({
    folder: distDir,
    sources: [...own, ...sharedFiles(own)],
    argv: [path.join(root, 'node_modules', '.bin', 'vite'), 'build', consoleDir, '--logLevel', 'warn'],
    onBuild,
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url) && !buildConsole()) process.exitCode = 1;
