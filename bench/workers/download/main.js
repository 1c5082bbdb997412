'use strict';

const events = require('node:events');
const net = require('node:net');
const sdk = require('./sdk');

/** SOCKS5 with user and password (RFC 1928, 1929), for a target by its IPv4 address. */
async function connectByProxy({ address, port }) {
  const [host, proxyPort] = process.env.PROXY_DOMAIN.split(':');
  const [user, password] = process.env.PROXY_AUTH.split(':').map((word) => Buffer.from(word));
  const socket = net.connect(Number(proxyPort), host);
  const exchange = async (bytes) => {
    socket.write(bytes);
    return (await events.once(socket, 'data'))[0];
  };
  await exchange(Buffer.from([5, 1, 2]));
  await exchange(
    Buffer.concat([Buffer.from([1, user.length]), user, Buffer.from([password.length]), password]),
  );
  const reply = await exchange(
    Buffer.from([5, 1, 0, 1, ...address.split('.').map(Number), port >> 8, port & 255]),
  );
  if (reply[1] !== 0) throw new Error(`the proxy answered ${reply[1]}`);
  return socket;
}

async function connect(target) {
  if (target.byProxy) return connectByProxy(target);
  const socket = net.connect(target.port, target.address);
  await events.once(socket, 'connect');
  return socket;
}

async function download(socket) {
  let bytes = 0;
  socket.on('data', (chunk) => {
    bytes += chunk.length;
  });
  socket.write('all of it');
  await events.once(socket, 'end');
  return bytes;
}

async function main() {
  const input = await sdk.getInput();
  const socket = await connect(input);
  const start = performance.now();
  const bytes = await download(socket);
  if (bytes !== input.bytes) throw new Error(`got ${bytes} of ${input.bytes} bytes`);
  console.log(bytes / 1e6 / ((performance.now() - start) / 1000));
}

main().catch((error) => {
  process.exitCode = 1;
  console.error(error);
});
