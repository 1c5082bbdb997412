#!/usr/bin/env node
/**
 * Set-up before `npm start` and `npm test`: what is missing is installed, what is there is left alone. Runs on the Node that
 * npm found, which may be older than the one the platform runs on: that one is among the dependencies.
 *
 *   node scripts/setup.mjs         what running the platform needs
 *   node scripts/setup.mjs --dev   what working on it needs too
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { buildConsole } from './build-console.mjs';

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

/** Whether npm's own record of what it installed has everything the lock asks of this machine. */
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
    // Not "npm ci": it refuses a lock file that lacks an optional package of another platform, which a registry may not have.
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

/** Of the package manager that is there. */
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
 * @param check a command that succeeds where all of the packages are there
 * @param debianPackages names with spaces between
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
  // Without it everything but Python workers works.
  installSystemPackage([python, '-m', 'pip', '--version'], 'python3-pip', 'Python workers need it');
  const mayBrowse = !/^(0|false|no|off)$/i.test(process.env.CHELA_BROWSERS ?? '');
  const browsers =
    '(chromium --version || google-chrome --version || chromium-browser --version) && chromedriver --version';
  // Without it everything but browsers works.
  if (mayBrowse || withDev) {
    installSystemPackage(
      ['sh', '-c', browsers],
      'chromium chromium-driver',
      'browsers of workers need it; CHELA_BROWSERS=off does without',
    );
  }
  // Tests of the docker sandbox have an engine of their own, which needs root.
  if (withDev && process.getuid?.() === 0) {
    const engine = 'dockerd --version && debootstrap --version';
    installSystemPackage(
      ['sh', '-c', engine],
      'docker.io debootstrap',
      'tests of the docker sandbox need it',
    );
  }
}
