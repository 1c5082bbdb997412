/** Serves the proxy to HTTP clients: CONNECT, and requests for absolute URLs. */
import {
  createServer,
  request as httpRequest,
  STATUS_CODES,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { inTurn } from '../../requests-in-turn.ts';
import { DialError } from './dial-error.ts';
import { farewell } from './farewell.ts';
import { parseAuthority, type RequestedTarget } from './target.ts';

const headLimitBytes = 64 * 1024;
const keepAliveMilliseconds = 60_000;

/** Hop-by-hop headers (RFC 9110), and those that are set for each hop: `host` from the URL, and the body's framing. */
const hopHeaders = new Set([
  'connection',
  'expect',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'upgrade',
]);

export interface HttpFrontendHandlers {
  accepts(user: string, password: string): boolean;
  /** Called when the head of a request has arrived. */
  onRequest(client: Socket): void;
  /** Connects to a target; rejects with a DialError. */
  dial(target: RequestedTarget): Promise<Socket>;
  /** Connects to a target, sends the greeting to the client, and relays between them. @throws DialError */
  tunnel(client: Socket, target: RequestedTarget, greeting: string): Promise<void>;
  /** Maximum silence of a target during a request. */
  readonly idleMilliseconds: number;
}

interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

const unauthorized: Refusal = {
  status: 407,
  headers: { 'proxy-authenticate': 'Basic realm="chela"' },
  text: 'proxy authentication required: send the user and password of PROXY_AUTH (Proxy-Authorization: Basic)',
};

function refusalOf(error: unknown): Refusal {
  const status = error instanceof DialError ? error.httpStatus : 502;
  return { status, headers: {}, text: (error as Error).message };
}

/** The raw headers to pass on, `[name, value, ...]`, without hop-by-hop headers. */
function passedOn(message: IncomingMessage): string[] {
  const named = (message.headers.connection ?? '').toLowerCase().split(',');
  const dropped = new Set([...hopHeaders, ...named.map((name) => name.trim())]);
  return message.rawHeaders.filter((_, index, all) => {
    const name = all[index - (index % 2)] ?? '';
    return !dropped.has(name.toLowerCase());
  });
}

export class HttpFrontend {
  readonly #handlers: HttpFrontendHandlers;
  readonly #server: Server;

  constructor(handlers: HttpFrontendHandlers) {
    this.#handlers = handlers;
    this.#server = createServer({ maxHeaderSize: headLimitBytes, keepAliveTimeout: keepAliveMilliseconds });
    this.#server.on(
      'request',
      inTurn((request, response) => this.#forward(request, response)),
    );
    this.#server.on('connect', (request, client: Socket, head) => void this.#tunnel(request, client, head));
  }

  /** Serves a connection from its first byte. */
  serve(client: Socket): void {
    this.#server.emit('connection', client);
  }

  #isAuthorized(request: IncomingMessage): boolean {
    const [, encoded = ''] = /^basic +(\S+)$/i.exec(request.headers['proxy-authorization'] ?? '') ?? [];
    const [, user = '', password = ''] =
      /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, 'base64').toString()) ?? [];
    return this.#handlers.accepts(user, password);
  }

  async #tunnel(request: IncomingMessage, client: Socket, head: Buffer): Promise<void> {
    this.#handlers.onRequest(client);
    if (head.length > 0) client.unshift(head);
    try {
      if (!this.#isAuthorized(request)) {
        refuseTunnel(client, unauthorized);
        return;
      }
      const target = parseAuthority(request.url ?? '');
      await this.#handlers.tunnel(client, target, 'HTTP/1.1 200 Connection Established\r\n\r\n');
    } catch (error) {
      refuseTunnel(client, refusalOf(error));
    }
  }

  #forward(request: IncomingMessage, response: ServerResponse): void {
    this.#handlers.onRequest(request.socket);
    this.#exchange(request, response).catch((error: unknown) => {
      if (response.headersSent) request.socket.destroy();
      else refuse(response, refusalOf(error));
    });
  }

  async #exchange(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = URL.parse(request.url ?? '');
    if (!this.#isAuthorized(request)) {
      refuse(response, unauthorized);
      return;
    }
    if (url?.protocol !== 'http:') {
      const text = 'this is a proxy: request an absolute http:// URL, or open a tunnel with CONNECT';
      refuse(response, { status: 400, headers: {}, text });
      return;
    }
    const target = await this.#handlers.dial({
      host: url.hostname,
      port: url.port === '' ? 80 : Number(url.port),
    });
    if (response.destroyed) {
      target.destroy();
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const outgoing = httpRequest({
      createConnection: () => target,
      method: request.method,
      path: `${url.pathname}${url.search}`,
      headers: ['Host', url.host, 'Connection', 'close', ...passedOn(request)],
      maxHeaderSize: headLimitBytes,
      timeout: this.#handlers.idleMilliseconds,
    });
    outgoing.on('timeout', () => outgoing.destroy(new DialError('timeout', 'the target timed out')));
    // Matters only before the answer: a target may answer, then close, before it has read the whole request.
    outgoing.on('error', (error) => reject(DialError.from(error, url.host)));
    outgoing.on('response', (incoming) => resolve(incoming));
    response.once('close', () => outgoing.destroy());
    request.pipe(outgoing);
    await answer(response, await promise);
  }
}

async function answer(response: ServerResponse, incoming: IncomingMessage): Promise<void> {
  response.sendDate = false;
  const headers = passedOn(incoming).flatMap((value, index, all) =>
    index % 2 === 0 && value.toLowerCase() !== 'transfer-encoding' ? [value, all[index + 1] ?? ''] : [],
  );
  try {
    response.writeHead(incoming.statusCode ?? 502, incoming.statusMessage, headers);
  } catch (error) {
    incoming.destroy();
    throw error;
  }
  await pipeline(incoming, response);
}

function refuse(response: ServerResponse, { status, headers, text }: Refusal): void {
  response.writeHead(status, { ...headers, 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
}

/** Answers a CONNECT. Node provides no response object for it, only the connection. */
function refuseTunnel(client: Socket, { status, headers, text }: Refusal): void {
  const body = `${text}\n`;
  const lines = Object.entries({
    ...headers,
    'content-type': 'text/plain; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  farewell(client, `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${body}`);
}
