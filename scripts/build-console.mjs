/** Builds the console if its sources or their dependencies have changed since the last build. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const consoleDir = path.join(root, 'console');
const distDir = path.join(consoleDir, 'dist');
const stampFile = path.join(distDir, '.built-from');

function sourceFiles(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (file === distDir) return [];
    return entry.isDirectory() ? sourceFiles(file) : [file];
  });
}

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

/** A hash of everything that the build depends on. */
function sourceHash() {
  const hash = createHash('sha256');
  const sources = sourceFiles(consoleDir).toSorted();
  const files = [...sources, ...sharedFiles(sources), path.join(root, 'package-lock.json')];
  for (const file of files) {
    hash
      .update(`${path.relative(root, file)}\0`)
      .update(readFileSync(file))
      .update('\0');
  }
  return hash.digest('hex');
}

/**
 * @param {{ onBuild?: () => void }} [options] onBuild is called before a build that is needed
 * @returns {boolean} whether the build is up to date afterwards
 */
export function buildConsole({ onBuild } = {}) {
  const hash = sourceHash();
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === hash) return true;
  onBuild?.();
  const binaries = path.join(root, 'node_modules', '.bin');
  const result = spawnSync(
    path.join(binaries, 'node'),
    [path.join(binaries, 'vite'), 'build', consoleDir, '--logLevel', 'warn'],
    {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      // Always a production build, even if a test run asks for it.
      env: { ...process.env, NODE_ENV: 'production' },
    },
  );
  if (result.status !== 0) return false;
  writeFileSync(stampFile, hash);
  return true;
}

if (process.argv[1] === fileURLToPath(import.meta.url) && !buildConsole()) process.exitCode = 1;
