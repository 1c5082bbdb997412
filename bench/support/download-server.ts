/** A server that answers every request with as many bytes as its argument says. Prints its port. */
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
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`port ${(server.address() as AddressInfo).port}\n`);
});
