'use strict';

/**
 * Runs inside its own network namespace: listens on the given ports (arguments: JSON list of ports, the
 * worker's folder), passes the listening sockets to the test over IPC, then runs the worker and reports how it ended.
 */
const { spawn } = require('node:child_process');
const net = require('node:net');

const [ports, folder] = [JSON.parse(process.argv[2]), process.argv[3]];
const listeners = [];

function startWorker() {
  // Both copies of a passed listener accept connections until this one is closed.
  for (const listener of listeners) listener.close();
  const worker = spawn(process.execPath, ['main.js'], {
    cwd: folder,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  worker.on('exit', (exitCode, signal) => {
    process.send({ event: 'exit', exitCode, signal }, () => process.disconnect());
  });
}

process.on('message', startWorker);
for (const port of ports) {
  const listener = net.createServer().listen(port, '127.0.0.1', () => {
    process.send({ event: 'listening', port }, listener);
  });
  listeners.push(listener);
}
