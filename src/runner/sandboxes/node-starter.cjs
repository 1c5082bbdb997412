'use strict';
/*
 * First code of a worker's process, run as `node node-starter.cjs CHANNEL PORTS`: listens at the PORTS where the worker will
 * look for its platform, hands those listeners to the runner over the IPC channel at descriptor CHANNEL, and waits for the
 * runner's word, an `Assignment` of started-worker.ts: which worker to become. A Node worker begins in the same process
 * (another start of Node would cost 40 ms), with the same view of the world as by `node ENTRY`; for another the process
 * becomes its command. The wait may be long: a sandbox can be opened before its subtask comes.
 */
const childProcess = require('node:child_process');
const net = require('node:net');
const path = require('node:path');

const [, , channel, ports] = process.argv;
const host = '127.0.0.1';
const backlog = 511;
const watchMilliseconds = 500;

function snapshot() {
  const properties = new Set(Reflect.ownKeys(process));
  const listeners = new Map(process.eventNames().map((name) => [name, new Set(process.rawListeners(name))]));
  return { properties, listeners };
}

/** Takes everything off `process` that was not there at the snapshot. */
function restore({ properties, listeners }) {
  for (const name of process.eventNames()) {
    for (const listener of process.rawListeners(name)) {
      if (!listeners.get(name)?.has(listener)) process.removeListener(name, listener);
    }
  }
  for (const property of Reflect.ownKeys(process)) {
    if (!properties.has(property)) delete process[property];
  }
}

/** Counts from now on: how long the process waited for its subtask is not the worker's time. */
function restartUptime() {
  const uptime = process.uptime.bind(process);
  const waitedSeconds = uptime();
  process.uptime = { uptime: () => uptime() - waitedSeconds }.uptime;
}

function becomeNodeWorker({ entry }) {
  const { becomeNodeWorker: become } = require(path.join(__dirname, 'node-entry.cjs'));
  restore(before);
  restartUptime();
  delete require.cache[__filename];
  become(entry);
}

/** Programs of Linux, and scripts that name theirs. Node itself ends by SIGABRT where it cannot become something. */
function isProgram(file) {
  const fs = require('node:fs');
  const header = Buffer.alloc(4);
  const descriptor = fs.openSync(file);
  fs.readSync(descriptor, header);
  fs.closeSync(descriptor);
  return header.toString('latin1') === '\x7fELF' || header.toString('latin1', 0, 2) === '#!';
}

function becomeCommand({ command }) {
  // execve is experimental to Node, which is not the worker's to hear.
  process.removeAllListeners('warning');
  if (process.platform !== 'linux' || isProgram(command[0])) process.execve(command[0], command, process.env);
  const message = `${command[0]} cannot be executed on this system: build it for linux/amd64\n`;
  process.stderr.write(message, () => process.exit(126));
}

function becomeWorker(assignment) {
  Object.assign(process.env, assignment.environment);
  if (assignment.command === undefined) becomeNodeWorker(assignment);
  else becomeCommand(assignment);
}

const before = snapshot();
// Opened here and not by NODE_CHANNEL_FD, so that what the channel adds to `process` can be told apart.
childProcess._forkChild(Number(channel), 'json');
// Node tells of a channel that closed only once every handle was acknowledged, which a runner that died does not do.
const watch = setInterval(() => {
  if (!process.connected) process.exit(1);
}, watchMilliseconds);
let handedOver = 0;
function handOver(port, listener) {
  process.send({ listening: port }, listener);
  handedOver += 1;
  // What is sent after a handle leaves once that was acknowledged.
  if (handedOver === listeners.length) process.send({ ready: true }, () => clearInterval(watch));
}
const listeners = ports.split(',').map((port) => {
  const listener = net.createServer();
  listener.once('error', (error) => {
    process.send({ error: error.message, code: error.code, port: Number(port) }, () => process.exit(1));
  });
  listener.once('listening', () => handOver(Number(port), listener));
  // As listen() does, without the modules for names and clusters that it loads first: they take 5 ms of processor time.
  listener._listen2(host, Number(port), 4, backlog);
  return listener;
});
let assignment;
process.once('message', (message) => {
  assignment = message;
  clearInterval(watch);
});
// The runner closes the channel after its word; without that word it died.
process.once('disconnect', () => {
  if (assignment === undefined) process.exit(1);
  let open = listeners.length;
  // Both copies of a handed-over listener accept: these go before any of the worker's code runs. What is closed leaves the
  // event loop at the end of its turn.
  for (const listener of listeners) {
    listener.close(() => {
      open -= 1;
      if (open === 0) setImmediate(() => setImmediate(becomeWorker, assignment));
    });
  }
});
