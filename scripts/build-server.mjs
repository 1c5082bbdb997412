/** Bundles the `chela` program into `dist/` if its sources or their dependencies have changed since the last build. */
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { buildIfStale, filesBelow, root } from './up-to-date-build.mjs';

const distDir = path.join(root, 'dist');
const bundler = path.join(root, 'scripts', 'bundle-server.ts');

/**
 * @param {{ onBuild?: () => void }} [options] onBuild is called before a build that is needed
 * @returns {boolean} whether the build is up to date afterwards
 */
export function buildServer({ onBuild } = {}) {
  const sources = filesBelow(path.join(root, 'src')).filter((file) => file.endsWith('.ts'));
  return buildIfStale({
    folder: distDir,
    sources: [...sources.toSorted(), bundler],
    argv: [bundler],
    onBuild,
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url) && !buildServer()) process.exitCode = 1;
