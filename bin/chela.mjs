#!/usr/bin/env node
/**
 * The `chela` command. It starts in any folder, with Node 20 or newer. The program itself needs Node 24, which is
 * installed as a dependency.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import path from 'node:path';

const neededMajor = 24;
const root = fileURLToPath(new URL('..', import.meta.url));
const source = path.join(root, 'src', 'main.ts');
// A clone runs its sources, so that an edit counts at once. The installed package has only the bundle.
const program = existsSync(source) ? source : path.join(root, 'dist', 'main.js');

/** @returns path of this process's Node if it is new enough, otherwise of the installed one, if there is any */
function findNode() {
  if (Number.parseInt(process.versions.node, 10) >= neededMajor) return process.execPath;
  const require = createRequire(import.meta.url);
  const system = `${process.platform}-${process.arch}`;
  for (const name of [`node-${system}`, `node-bin-${system}`]) {
    try {
      return path.join(path.dirname(require.resolve(`${name}/package.json`)), 'bin', 'node');
    } catch {
      // Not installed: try the next package.
    }
  }
  return undefined;
}

/** Exits with the program's exit code, or by the signal that ended it. */
function endLike(exitCode, signal) {
  if (signal === null) {
    process.exitCode = exitCode;
    return;
  }
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

function runBy(node) {
  const child = spawn(node, [program, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // A terminal sends Ctrl+C to the program as well, and the program stops immediately at a second one.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on('error', (error) => {
    process.stderr.write(`chela: ${node} cannot be started: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on('exit', endLike);
}

const node = findNode();
if (node === undefined) {
  process.stderr.write(
    `chela: Node ${neededMajor} or newer is required, but this is ${process.version}: install it, or run npm install in ${root}\n`,
  );
  process.exitCode = 1;
} else if (node === process.execPath) {
  await import(pathToFileURL(program).href);
} else {
  runBy(node);
}
