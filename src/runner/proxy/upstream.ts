/** The upstream proxy of a region: parses its URL and opens tunnels through it. */
import { isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { DialError } from './dial-error.ts';
import { readHead } from './handshake-reader.ts';
import { requestSocksTunnel } from './socks.ts';
import { targetText, type Target } from './target.ts';

const headLimitBytes = 16 * 1024;
const defaultPorts = { socks5: 1080, socks5h: 1080, http: 80, https: 443 } as const;

export interface Upstream {
  readonly scheme: keyof typeof defaultPorts;
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  readonly credentials: { readonly user: string; readonly password: string } | undefined;
}

/** Decodes percent signs; a malformed text stays unchanged. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** @param url checked by the configuration; its scheme is socks5, socks5h, http or https */
export function parseUpstream(url: string): Upstream {
  const { protocol, hostname, port, username, password } = new URL(url);
  const scheme = protocol.slice(0, -1) as Upstream['scheme'];
  return {
    scheme,
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? defaultPorts[scheme] : Number(port),
    credentials: username === '' ? undefined : { user: decoded(username), password: decoded(password) },
  };
}

/** Starts TLS on the connection to an https proxy. */
export function secureUpstream(socket: Socket, { host }: Upstream): TLSSocket {
  return connectTls({
    socket,
    host,
    servername: isIP(host) === 0 ? host : '',
    ALPNProtocols: ['http/1.1'],
  });
}

/**
 * Requests a connection to a target from the proxy at the other end of the socket.
 * @throws DialError if it refuses
 */
export async function requestTunnel(
  socket: Socket,
  { scheme, credentials }: Upstream,
  target: Target,
): Promise<void> {
  if (scheme === 'socks5' || scheme === 'socks5h') return requestSocksTunnel(socket, target, credentials);
  const authority = targetText(target);
  const lines = [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`];
  if (credentials !== undefined) {
    const basic = Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64');
    lines.push(`Proxy-Authorization: Basic ${basic}`);
  }
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  const [, status] = /^HTTP\/1\.[01] (\d{3})/.exec(await readHead(socket, headLimitBytes)) ?? [];
  if (status?.startsWith('2')) return undefined;
  throw new DialError(
    'upstream failure',
    `the upstream proxy answered ${status ?? 'without HTTP'} for ${authority}`,
  );
}
