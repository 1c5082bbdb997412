'use strict';
/*
 * Runs at the far end of a sandbox's network as `node network-starter.cjs ADDRESS PORTS`: listens on the PORTS of every
 * address and for DNS queries at ADDRESS, and passes these sockets to the runner over the IPC channel. The sockets keep the
 * network namespace alive. It stays until the runner closes descriptor 4: until then the near end finds the namespace by its
 * process id.
 */
const dgram = require('node:dgram');
const net = require('node:net');

const [, , nameServer, ports] = process.argv;
const namePort = 53;
const backlog = 511;

let isEnding = false;
let isComplete = false;

function sendLast(message) {
  isEnding = true;
  process.send(message, () => (isComplete = true));
}

function fail({ message, code }, port) {
  sendLast({ error: message, code, port });
}

/** Listens for IPv4 and IPv6, or only IPv4 if the system has no IPv6. */
function listen(port, [address, family] = ['::', 6]) {
  const listener = net.createServer();
  listener.once('error', (error) => {
    if (error.code === 'EAFNOSUPPORT' && family === 6) listen(port, ['0.0.0.0', 4]);
    else fail(error, port);
  });
  listener.once('listening', () => handOver({ listening: port }, listener));
  // Like listen(), but without loading the modules for name resolution and clusters.
  listener._listen2(address, port, family, backlog);
}

const places = ports.split(',').map(Number);
let left = places.length + 1;

function handOver(message, handle) {
  if (isEnding) return;
  // Both copies of a socket receive what arrives, so this one is closed before the runner learns that all are ready.
  process.send(message, handle, () => handle.close());
  left -= 1;
  // A message after a handle is only sent once the handle was acknowledged.
  if (left === 0) sendLast({ ready: true });
}

const release = new net.Socket({ fd: 4, writable: false });
release.on('error', () => undefined);
release.resume().once('close', () => {
  // Node does not emit 'disconnect' while a handle waits for its acknowledgment.
  setInterval(() => {
    if (isComplete || !process.connected) process.exit();
  }, 20);
});
const names = dgram.createSocket('udp4');
names.once('error', (error) => fail(error, namePort));
names.bind({ port: namePort, address: nameServer, exclusive: true }, () => handOver({ names: true }, names));
for (const port of places) listen(port);
