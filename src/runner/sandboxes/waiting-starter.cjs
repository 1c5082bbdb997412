'use strict';
/*
 * The first program of a worker's process in namespaces whose sockets the runner has already, run as
 * `node waiting-starter.cjs CHANNEL`. It writes a line to the socket at descriptor CHANNEL when it is ready, and reads one
 * line with the `Assignment` (see started-worker.ts) of the worker to become. Reading blocks, which takes 6 ms less
 * processor time than an IPC channel and its event loop, and leaves the process as with `node ENTRY`.
 */
const fs = require('node:fs');
const path = require('node:path');
const { become } = require(path.join(__dirname, 'node-entry.cjs'));

const channel = Number(process.argv[2]);
const lineEnd = 10;

function readAssignment() {
  const parts = [];
  for (;;) {
    const part = Buffer.alloc(65_536);
    const length = fs.readSync(channel, part);
    // Without an assignment the runner has died.
    if (length === 0) process.exit(1);
    parts.push(part.subarray(0, length));
    if (part[length - 1] === lineEnd) return JSON.parse(Buffer.concat(parts).toString());
  }
}

fs.writeSync(channel, '\n');
const assignment = readAssignment();
fs.closeSync(channel);
delete require.cache[__filename];
// oxlint-disable-next-line typescript/no-implied-eval -- a function, of a module without types
setImmediate(become, assignment);
