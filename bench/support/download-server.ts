/**
 * A server that answers every request with the number of bytes in its first argument. It listens on a free loopback port,
 * or on the port in its second argument at every address, and prints the port.
 */
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';

const totalBytes = Number(process.argv[2]);
const block = Buffer.alloc(64 * 1024, 'x');

async function sendAll(socket: Socket): Promise<void> {
  await once(socket, 'data');
  for (let left = totalBytes; left > 0; left -= block.length) {
    if (!socket.write(left < block.length ? block.subarray(0, left) : block)) await once(socket, 'drain');
  }
  socket.end();
}

const server = createServer((socket) => void sendAll(socket).catch(() => socket.destroy()));
const port = Number(process.argv[3] ?? 0);
server.listen(port, port === 0 ? '127.0.0.1' : '0.0.0.0', () => {
  process.stdout.write(`port ${(server.address() as AddressInfo).port}\n`);
});
