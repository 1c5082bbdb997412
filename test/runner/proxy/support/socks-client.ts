/** A SOCKS5 client whose bytes a test controls. */
import { once } from 'node:events';
import { connect, isIPv4, isIPv6, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { ServedProxy } from './proxy.ts';

export async function openSocket(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  // Tests that expect an error add their own listener.
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** The next bytes of a connection. Rejects if it ends first. */
export async function take(socket: Socket, count: number): Promise<Buffer> {
  let bytes = Buffer.alloc(0);
  while (bytes.length < count) {
    const more = socket.read() as Buffer | null;
    if (more !== null) bytes = Buffer.concat([bytes, more]);
    else if (socket.readableEnded || socket.destroyed) throw new Error('the connection has ended');
    else {
      const settled = new AbortController();
      const { signal } = settled;
      const events = ['readable', 'end', 'close'].map(async (event) => once(socket, event, { signal }));
      await Promise.race(events).finally(() => settled.abort());
    }
  }
  if (bytes.length > count) socket.unshift(bytes.subarray(count));
  return bytes.subarray(0, count);
}

export const greeting = Buffer.from([5, 1, 2]);

export function login({ user, password }: { user: string; password: string }): Buffer {
  return Buffer.concat([
    Buffer.from([1, user.length]),
    Buffer.from(user),
    Buffer.from([password.length]),
    Buffer.from(password),
  ]);
}

/** A request for a host that is an IPv4 address, an IPv6 address of eight groups, or a name. */
export function socksRequest(host: string, port: number, command = 1): Buffer {
  const portBytes = Buffer.from([port >> 8, port & 0xff]);
  let address = Buffer.from([3, host.length, ...Buffer.from(host)]);
  if (isIPv4(host)) address = Buffer.from([1, ...host.split('.').map(Number)]);
  if (isIPv6(host)) {
    const groups = host.split(':').map((group) => Number.parseInt(group, 16));
    address = Buffer.from([4, ...groups.flatMap((group) => [group >> 8, group & 0xff])]);
  }
  return Buffer.concat([Buffer.from([5, command, 0]), address, portBytes]);
}

/** Logs in and requests a target. @returns the connection and the reply's code */
export async function askFor(
  proxy: Pick<ServedProxy, 'port' | 'credentials'>,
  host: string,
  port: number,
  command = 1,
): Promise<{ socket: Socket; code: number | undefined }> {
  const socket = await openSocket(proxy.port);
  socket.write(Buffer.concat([greeting, login(proxy.credentials), socksRequest(host, port, command)]));
  await take(socket, 4);
  const [, code] = await take(socket, 10);
  return { socket, code };
}
