'use strict';
/*
 * The first program in a container, run as `node container-relay.cjs SOCKETS PORTS`. It listens on the PORTS of
 * 127.0.0.1 that the worker uses to reach its platform, and forwards each connection to the runner's socket with the
 * port's name in the folder SOCKETS. It starts the worker when the runner says so, and exits with the worker's exit code
 * (128 + number for a signal), which ends the container. It talks to the runner over the socket `control`: one JSON
 * object per line, in both directions. If that connection breaks, the runner is dead, and the relay exits.
 */
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const readline = require('node:readline');

const [, , sockets, ports] = process.argv;
const host = '127.0.0.1';
/** Maximum time for the runner to read what the worker sent before its end. */
const drainMilliseconds = 5000;

/** Connections whose last bytes the runner has not read yet. */
const forwarding = new Set();

/** Ignores signals that a worker sends to all processes that it can reach. */
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2', 'SIGQUIT']) process.on(signal, () => {});

function forward(local, port) {
  const remote = net.connect({ path: `${sockets}/${port}`, allowHalfOpen: true });
  forwarding.add(remote);
  const done = () => forwarding.delete(remote);
  remote.on('finish', done).on('close', done);
  // Bytes before a reset are still forwarded.
  local.on('error', () => remote.end());
  remote.on('error', () => local.destroy());
  local.on('close', () => remote.destroySoon());
  remote.on('close', () => local.destroySoon());
  local.pipe(remote);
  remote.pipe(local);
}

function listen(port) {
  return new Promise((resolve, reject) => {
    const listener = net.createServer({ allowHalfOpen: true }, (local) => forward(local, port));
    listener.once('error', reject);
    listener.listen({ host, port }, resolve);
  });
}

function signalAll(signal) {
  try {
    // All processes in the container except this one and the first.
    process.kill(-1, signal);
  } catch {
    // There are no other processes.
  }
}

/** Whether it is a Linux program, or a script with a `#!` line. The system would run anything else with a shell. */
function isProgram(file) {
  const header = Buffer.alloc(4);
  const descriptor = fs.openSync(file);
  fs.readSync(descriptor, header);
  fs.closeSync(descriptor);
  return header.toString('latin1') === '\x7fELF' || header.toString('latin1', 0, 2) === '#!';
}

/** Exits when the runner has read all that the worker sent. */
function endWith(exitCode) {
  signalAll('SIGKILL');
  const end = () => process.exit(exitCode);
  setTimeout(end, drainMilliseconds);
  const endWhenRead = () => (forwarding.size === 0 ? end() : setTimeout(endWhenRead, 5));
  // Connections that the worker opened just before its end are accepted in the next turn of the event loop.
  setImmediate(() => setImmediate(endWhenRead));
}

let started = false;

function startWorker({ command, environment, directory }) {
  started = true;
  const [file, ...argv] = command;
  if (!isProgram(file)) {
    process.stderr.write(`${file} cannot be executed on this system: build it for linux/amd64\n`, () =>
      endWith(126),
    );
    return;
  }
  const worker = spawn(file, argv, {
    cwd: directory,
    env: environment,
    stdio: ['ignore', 'inherit', 'inherit'],
    // Keeps signals to the worker's process group from reaching this process.
    detached: true,
  });
  worker.once('error', (error) => process.stderr.write(`${error.message}\n`, () => endWith(126)));
  worker.once('exit', (exitCode, signal) => endWith(exitCode ?? 128 + os.constants.signals[signal]));
}

function terminate() {
  if (started) signalAll('SIGTERM');
  else endWith(128 + os.constants.signals.SIGTERM);
}

const control = net.connect(`${sockets}/control`);
control.on('error', () => process.exit(1)).on('close', () => process.exit(1));
readline.createInterface({ input: control }).on('line', (line) => {
  const message = JSON.parse(line);
  if (message.run !== undefined) startWorker(message.run);
  if (message.terminate !== undefined) terminate();
});
Promise.all(ports.split(',').map((port) => listen(Number(port)))).then(
  () => control.write(`${JSON.stringify({ listening: true })}\n`),
  (error) => control.end(`${JSON.stringify({ error: error.message })}\n`),
);
