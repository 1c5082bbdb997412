'use strict';
/*
 * First code of a container, run as `node container-relay.cjs SOCKETS PORTS`: listens at the PORTS of 127.0.0.1 where the
 * worker will look for its platform and forwards each connection to the runner's socket of that name in the folder SOCKETS,
 * starts the worker at the runner's word, and ends with the worker's exit code (128 + number for a signal), and the
 * container with it. The line to the runner is the socket `control`, one JSON object a line each way. When it breaks, the
 * runner is dead, and so is the container.
 */
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const readline = require('node:readline');

const [, , sockets, ports] = process.argv;
const host = '127.0.0.1';
/** Longest wait for the runner to take what the worker sent before its end. */
const drainMilliseconds = 5000;

/** Ends of what workers sent, by connection, that the runner has not taken yet. */
const forwarding = new Set();

/** A signal a worker sends to all it can reach is not meant for this process. */
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2', 'SIGQUIT']) process.on(signal, () => {});

function forward(local, port) {
  const remote = net.connect({ path: `${sockets}/${port}`, allowHalfOpen: true });
  forwarding.add(remote);
  const done = () => forwarding.delete(remote);
  remote.on('finish', done).on('close', done);
  // What came before a reset still counts.
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
    // All processes of the container but this one and the first.
    process.kill(-1, signal);
  } catch {
    // There is none.
  }
}

/** Programs of Linux, and scripts that name theirs: the system hands anything else to a shell. */
function isProgram(file) {
  const header = Buffer.alloc(4);
  const descriptor = fs.openSync(file);
  fs.readSync(descriptor, header);
  fs.closeSync(descriptor);
  return header.toString('latin1') === '\x7fELF' || header.toString('latin1', 0, 2) === '#!';
}

/** Ends everything once the runner has what the worker sent it. */
function endWith(exitCode) {
  signalAll('SIGKILL');
  const end = () => process.exit(exitCode);
  setTimeout(end, drainMilliseconds);
  const lookAgain = () => (forwarding.size === 0 ? end() : setTimeout(lookAgain, 5));
  // What the worker connected with its last breath is accepted in the next turn.
  setImmediate(() => setImmediate(lookAgain));
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
    // What it signals to its own group does not come here.
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
