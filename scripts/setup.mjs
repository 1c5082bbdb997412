#!/usr/bin/env node
/**
 * Set-up before `npm start` and `npm test`: installs what is missing and leaves the rest alone. It runs on the Node
 * version that npm runs on, which may be older than the platform's own Node, one of the dependencies.
 *
 *   node scripts/setup.mjs         what the platform needs to run
 *   node scripts/setup.mjs --dev   also what development needs
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { buildConsole } from './build-console.mjs';
import { buildServer } from './build-server.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const withDev = process.argv.includes('--dev');

function say(text) {
  process.stdout.write(`chela set-up: ${text}\n`);
}

function fail(text) {
  process.stderr.write(`chela set-up: ${text}\n`);
  process.exit(1);
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(path.join(root, file), 'utf8'));
  } catch {
    return undefined;
  }
}

/** Whether npm's record of installed packages satisfies the lock file on this machine. */
function dependenciesAreInstalled() {
  const wanted = readJson('package-lock.json')?.packages ?? {};
  const installed = readJson('node_modules/.package-lock.json')?.packages;
  if (installed === undefined) return false;
  return Object.entries(wanted).every(([place, entry]) => {
    if (place === '' || entry.optional || entry.devOptional || entry.peer) return true;
    if (entry.dev && !withDev) return true;
    return installed[place]?.version === entry.version;
  });
}

function installDependencies() {
  if (dependenciesAreInstalled()) return;
  say(`installing dependencies with npm${withDev ? '' : ' (about half a minute)'} …`);
  const result = spawnSync(
    'npm',
    // Not "npm ci": it fails if the lock file lacks an optional package of another platform, which some registries do
    // not have.
    [
      'install',
      '--no-save',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
      ...(withDev ? [] : ['--omit=dev']),
    ],
    { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] },
  );
  if (result.status !== 0) fail('npm could not install the dependencies, see above');
}

function checkRuntime() {
  const binary = path.join(root, 'node_modules', '.bin', 'node');
  let version;
  try {
    version = execFileSync(binary, ['--version'], { encoding: 'utf8' });
  } catch {
    version = process.version;
  }
  if (Number.parseInt(version.slice(1), 10) < 24) {
    fail(
      `Chela needs Node 24, which npm has no package of for ${process.platform}-${process.arch}: install it yourself`,
    );
  }
}

function isThere([command, ...argv]) {
  return spawnSync(command, argv, { stdio: 'ignore' }).status === 0;
}

/** Install command of the system's package manager. */
function installCommand() {
  const commands = {
    'apt-get': 'apt-get install -y',
    dnf: 'dnf install -y',
    pacman: 'pacman -S --noconfirm',
    zypper: 'zypper install -y',
    apk: 'apk add',
  };
  const manager = Object.keys(commands).find((name) => isThere([name, '--version']));
  return commands[manager] ?? commands['apt-get'];
}

/**
 * @param check a command that succeeds if all packages are installed
 * @param debianPackages package names separated by spaces
 */
function installSystemPackage(check, debianPackages, purpose) {
  if (isThere(check)) return true;
  const isRoot = process.getuid?.() === 0;
  if (isRoot && isThere(['apt-get', '--version'])) {
    say(`installing ${debianPackages} with apt-get …`);
    const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const run = (...argv) =>
      spawnSync('apt-get', argv, { stdio: ['ignore', 'ignore', 'inherit'], env: environment });
    run('update', '-qq');
    run('install', '-y', '-qq', '--no-install-recommends', ...debianPackages.split(' '));
    if (isThere(check)) return true;
  }
  const install = `${isRoot ? '' : 'sudo '}${installCommand()} ${debianPackages}`;
  process.stderr.write(
    `chela set-up: missing: ${debianPackages} (${purpose}). Install it with: ${install}\n`,
  );
  return false;
}

if (Number.parseInt(process.versions.node, 10) < 20)
  fail(`Node 20 or newer is needed, this is ${process.version}`);
installDependencies();
checkRuntime();
if (!buildServer()) fail('the program could not be built, see above');
if (!buildConsole({ onBuild: () => say('building the console …') }))
  fail('the console could not be built, see above');
if (process.platform === 'linux') {
  const needsBubblewrap = !['docker', 'process'].includes(process.env.CHELA_SANDBOX);
  if (
    needsBubblewrap &&
    !installSystemPackage(['bwrap', '--version'], 'bubblewrap', 'it fences workers in')
  ) {
    process.exit(1);
  }
  const python = process.env.CHELA_PYTHON || 'python3';
  // Only Python workers need it.
  installSystemPackage([python, '-m', 'pip', '--version'], 'python3-pip', 'Python workers need it');
  const mayBrowse = !/^(0|false|no|off)$/i.test(process.env.CHELA_BROWSERS ?? '');
  const browsers =
    '(chromium --version || google-chrome --version || chromium-browser --version) && chromedriver --version';
  // Only browsers need it.
  if (mayBrowse || withDev) {
    installSystemPackage(
      ['sh', '-c', browsers],
      'chromium chromium-driver',
      'browsers of workers need it; CHELA_BROWSERS=off does without',
    );
  }
  // The tests of the docker sandbox start their own engine, and chaos campaigns make networks, which needs root.
  if (withDev && process.getuid?.() === 0) {
    installSystemPackage(['dockerd', '--version'], 'docker.io', 'tests of the docker sandbox need it');
    const networks = 'ip -V && ls /usr/lib/*/faketime/libfaketimeMT.so.1';
    installSystemPackage(['sh', '-c', networks], 'iproute2 libfaketime', 'chaos campaigns need them');
  }
}
