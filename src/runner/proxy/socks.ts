/** The handshakes of SOCKS5 (RFC 1928) with user and password (RFC 1929), for both server and client. */
import { isIP, isIPv4, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { DialError, type DialFailure } from './dial-error.ts';
import { readBytes } from './handshake-reader.ts';
import type { RequestedTarget, Target } from './target.ts';

export const socksVersion = 5;
const authVersion = 1;
const method = { none: 0, password: 2, unacceptable: 0xff } as const;
const connectCommand = 1;
const addressType = { ipv4: 1, name: 3, ipv6: 4 } as const;
const reply = {
  succeeded: 0,
  generalFailure: 1,
  commandNotSupported: 7,
  addressTypeNotSupported: 8,
} as const;

/** The client sent wrong credentials, or a request that is invalid or not supported. */
export class SocksRefusal extends Error {
  /** Last bytes to send to the client. */
  readonly answer: Buffer;

  constructor(message: string, answer: Buffer) {
    super(message);
    this.answer = answer;
  }
}

/** The reply to a request. It does not reveal the address that the connection is made from. */
export function socksReply(code: number): Buffer {
  return Buffer.from([socksVersion, code, 0, addressType.ipv4, 0, 0, 0, 0, 0, 0]);
}

export const socksSuccess = socksReply(reply.succeeded);

async function readText(socket: Duplex): Promise<string> {
  const length = (await readBytes(socket, 1)).readUInt8();
  return (await readBytes(socket, length)).toString();
}

function ipv6Text(bytes: Buffer): string {
  return Array.from({ length: 8 }, (_, group) => bytes.readUInt16BE(group * 2).toString(16)).join(':');
}

/**
 * Handles a client's handshake up to its request, which the caller answers.
 * @param accepts whether credentials are right; if undefined, none are required
 * @throws SocksRefusal with the answer to send
 */
export async function readSocksRequest(
  socket: Duplex,
  accepts: ((user: string, password: string) => boolean) | undefined,
): Promise<RequestedTarget> {
  const [, methodCount = 0] = await readBytes(socket, 2);
  const methods = await readBytes(socket, methodCount);
  if (accepts === undefined && methods.includes(method.none)) {
    socket.write(Buffer.from([socksVersion, method.none]));
  } else await readCredentials(socket, methods, accepts ?? (() => true));
  const [version, command, , type] = await readBytes(socket, 4);
  if (version !== socksVersion)
    throw new SocksRefusal('not a SOCKS5 request', socksReply(reply.generalFailure));
  if (command !== connectCommand) {
    throw new SocksRefusal('only CONNECT is supported', socksReply(reply.commandNotSupported));
  }
  const host = await readHost(socket, type);
  const port = (await readBytes(socket, 2)).readUInt16BE();
  return { host, port };
}

async function readCredentials(
  socket: Duplex,
  methods: Buffer,
  accepts: (user: string, password: string) => boolean,
): Promise<void> {
  if (!methods.includes(method.password)) {
    const answer = Buffer.from([socksVersion, method.unacceptable]);
    throw new SocksRefusal('the client offered no user and password', answer);
  }
  socket.write(Buffer.from([socksVersion, method.password]));
  await readBytes(socket, 1);
  const user = await readText(socket);
  const password = await readText(socket);
  if (!accepts(user, password))
    throw new SocksRefusal('wrong user or password', Buffer.from([authVersion, 1]));
  socket.write(Buffer.from([authVersion, 0]));
}

async function readHost(socket: Duplex, type: number | undefined): Promise<string> {
  if (type === addressType.ipv4) return (await readBytes(socket, 4)).join('.');
  if (type === addressType.ipv6) return ipv6Text(await readBytes(socket, 16));
  if (type === addressType.name) return readText(socket);
  throw new SocksRefusal('unknown address type', socksReply(reply.addressTypeNotSupported));
}

/** Failures by the reply code of an upstream proxy. */
const failuresByReply: Readonly<Record<number, DialFailure>> = {
  2: 'refused by upstream',
  3: 'network unreachable',
  4: 'host unreachable',
  5: 'connection refused',
  6: 'timeout',
};

function lengthPrefixed(text: string): Buffer {
  const bytes = Buffer.from(text).subarray(0, 255);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

function addressBytes(host: string): Buffer {
  if (isIP(host) === 0) return Buffer.concat([Buffer.from([addressType.name]), lengthPrefixed(host)]);
  if (isIPv4(host)) return Buffer.from([addressType.ipv4, ...host.split('.').map(Number)]);
  return Buffer.concat([Buffer.from([addressType.ipv6]), ipv6Bytes(host)]);
}

/** Parses every notation of IPv6. The URL parser normalizes it into groups of hexadecimal digits. */
function ipv6Bytes(address: string): Buffer {
  const groups = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [left = '', right] = groups.split('::');
  const [head, tail] = [left, right ?? ''].map((part) => part.split(':').filter((group) => group !== ''));
  const zeros = Array.from({ length: 8 - (head?.length ?? 0) - (tail?.length ?? 0) }, () => '0');
  const words = [...(head ?? []), ...zeros, ...(tail ?? [])].map((group) => Number.parseInt(group, 16));
  return Buffer.from(words.flatMap((word) => [word >> 8, word & 0xff]));
}

/**
 * Requests a connection to a target from a SOCKS5 server.
 * @param socket an open connection to the server
 * @param credentials undefined if the server requires none
 * @throws DialError if it refuses
 */
export async function requestSocksTunnel(
  socket: Socket,
  target: Target,
  credentials: { readonly user: string; readonly password: string } | undefined,
): Promise<void> {
  const methods = credentials === undefined ? [method.none] : [method.none, method.password];
  socket.write(Buffer.from([socksVersion, methods.length, ...methods]));
  const [, chosen] = await readBytes(socket, 2);
  if (chosen === method.password && credentials !== undefined) {
    const { user, password } = credentials;
    socket.write(Buffer.concat([Buffer.from([authVersion]), lengthPrefixed(user), lengthPrefixed(password)]));
    const [, status] = await readBytes(socket, 2);
    if (status !== 0) throw new DialError('upstream failure', 'the upstream proxy refused its credentials');
  } else if (chosen !== method.none) {
    throw new DialError(
      'upstream failure',
      'the upstream proxy requires an unsupported authentication method',
    );
  }
  const port = Buffer.alloc(2);
  port.writeUInt16BE(target.port);
  socket.write(
    Buffer.concat([Buffer.from([socksVersion, connectCommand, 0]), addressBytes(target.host), port]),
  );
  const [, code = reply.generalFailure, , type] = await readBytes(socket, 4);
  if (code !== reply.succeeded) {
    const failure = failuresByReply[code] ?? 'upstream failure';
    throw new DialError(failure, `the upstream proxy could not connect (${failure}, SOCKS reply ${code})`);
  }
  await readHost(socket, type);
  await readBytes(socket, 2);
}
