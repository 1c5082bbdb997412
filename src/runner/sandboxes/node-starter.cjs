'use strict';
/*
 * The first program of a worker's process, run as `node node-starter.cjs CHANNEL PORTS`. It listens on the PORTS (`PORT` or
 * `ADDRESS:PORT`) that the worker uses to reach its platform, passes the listeners to the runner over the IPC channel at
 * descriptor CHANNEL, and waits for an `Assignment` (see started-worker.ts) with the worker to become. A Node worker runs
 * in the same process, because starting Node again would take 40 ms, and sees the same environment as with `node ENTRY`.
 * For other workers the process executes their command. The wait may be long, because a sandbox can be opened before its
 * subtask arrives.
 */
const childProcess = require('node:child_process');
const net = require('node:net');
const path = require('node:path');
const { become } = require(path.join(__dirname, 'node-entry.cjs'));

const [, , channel, ports] = process.argv;
const defaultHost = '127.0.0.1';
const backlog = 511;
const watchMilliseconds = 500;

function snapshot() {
  const properties = new Set(Reflect.ownKeys(process));
  const listeners = new Map(process.eventNames().map((name) => [name, new Set(process.rawListeners(name))]));
  return { properties, listeners };
}

/** Removes everything from `process` that was added since the snapshot. */
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

function becomeWorker(assignment) {
  restore(before);
  delete require.cache[__filename];
  become(assignment);
}

const before = snapshot();
// Opened here and not with NODE_CHANNEL_FD, so that everything the channel adds to `process` can be removed.
childProcess._forkChild(Number(channel), 'json');
// Node reports a closed channel only when every handle was acknowledged, which a dead runner never does.
const watch = setInterval(() => {
  if (!process.connected) process.exit(1);
}, watchMilliseconds);
let handedOver = 0;
function handOver(port, listener) {
  process.send({ listening: port }, listener);
  handedOver += 1;
  // A message after a handle is only sent once the handle was acknowledged.
  if (handedOver === listeners.length) process.send({ ready: true }, () => clearInterval(watch));
}
const listeners = ports.split(',').map((place) => {
  const [port, host = defaultHost] = place.split(':').toReversed();
  const listener = net.createServer();
  listener.once('error', (error) => {
    process.send({ error: error.message, code: error.code, port: Number(port) }, () => process.exit(1));
  });
  listener.once('listening', () => handOver(Number(port), listener));
  // Like listen(), but without loading the modules for name resolution and clusters, which takes 5 ms.
  listener._listen2(host, Number(port), 4, backlog);
  return listener;
});
let assignment;
process.once('message', (message) => {
  assignment = message;
  clearInterval(watch);
});
// The runner closes the channel after the assignment. Without an assignment it has died.
process.once('disconnect', () => {
  if (assignment === undefined) process.exit(1);
  let open = listeners.length;
  // Both copies of a listener accept connections, so these are closed before the worker's code runs. Closed listeners
  // leave the event loop at the end of its turn.
  for (const listener of listeners) {
    listener.close(() => {
      open -= 1;
      if (open === 0) setImmediate(() => setImmediate(becomeWorker, assignment));
    });
  }
});
