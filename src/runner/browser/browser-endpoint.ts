/** The browser endpoint of one subtask: one port for both DevTools and WebDriver clients. */
import {
  createServer,
  STATUS_CODES,
  type IncomingMessage,
  type Server as HttpServer,
  type ServerResponse,
} from 'node:http';
import type { Server, Socket } from 'node:net';
import { type ProxyCredentials, areCredentials, credentialsText, farewell } from '../proxy/egress-proxy.ts';
import { inTurn } from '../../requests-in-turn.ts';
import { BrowserError } from './browser-error.ts';
import { DevtoolsFrontend } from './devtools-frontend.ts';
import { SubtaskBrowsers, type BrowserOwner, type BrowserServices } from './subtask-browsers.ts';
import { WebDriverFrontend } from './webdriver-frontend.ts';

const connectionLimit = 256;
/** Longer than clients pause between commands, so that no command is sent on a connection that is being closed. */
const keepAliveMilliseconds = 120_000;
/** Maximum number of distinct messages about browsers in the run's log. */
const maxNotices = 20;

export interface ServedSubtask extends BrowserOwner {
  readonly credentials: ProxyCredentials;
}

const unauthorized = new BrowserError(
  'unauthorized',
  'authentication required: send the user and password of PROXY_AUTH (Authorization: Basic, or ?apiKey=user:password)',
);

export class BrowserEndpoint {
  readonly #credentials: ProxyCredentials;
  readonly #onNotice: (message: string) => void;
  readonly #browsers: SubtaskBrowsers;
  readonly #devtools: DevtoolsFrontend;
  readonly #webdriver: WebDriverFrontend;
  readonly #http: HttpServer;
  readonly #notices = new Set<string>();

  constructor(services: BrowserServices, { credentials, onNotice, ...owner }: ServedSubtask) {
    const { config } = services;
    const messageBytes = config.browserMessageLimitBytes;
    this.#credentials = credentials;
    this.#onNotice = onNotice;
    this.#browsers = new SubtaskBrowsers(services, {
      ...owner,
      onNotice: (message) => this.#notice(message),
    });
    const limits = { messageBytes, idleMilliseconds: config.browserIdleSeconds * 1000 };
    this.#devtools = new DevtoolsFrontend(config, this.#browsers, limits);
    this.#webdriver = new WebDriverFrontend(config, this.#browsers, limits);
    this.#http = createServer({ keepAliveTimeout: keepAliveMilliseconds, requestTimeout: 0 });
    this.#http.on(
      'request',
      inTurn((request, response) => void this.#answer(request, response)),
    );
    this.#http.on('upgrade', (request, socket: Socket, head) => void this.#upgrade(request, socket, head));
  }

  /** Serves the listener's connections. The caller still has to close the listener. */
  serve(listener: Server): void {
    listener.maxConnections = connectionLimit;
    listener.on('connection', (socket: Socket) => {
      socket.setNoDelay(true);
      this.#http.emit('connection', socket);
    });
  }

  /** Memory of the browsers; see `SandboxedProcess.memoryBytes`. */
  async memoryBytes(limitBytes?: number): Promise<number> {
    return this.#browsers.memoryBytes(limitBytes);
  }

  /** Processor time of the open browsers. */
  async cpuSeconds(): Promise<number> {
    return this.#browsers.cpuSeconds();
  }

  /** Ends all browsers and resolves when all have ended. Idempotent. */
  async close(): Promise<void> {
    this.#devtools.close();
    await this.#browsers.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const url = this.#authorized(request);
      if (this.#devtools.serves(url.pathname)) {
        const address = { host: request.headers.host ?? '', apiKey: credentialsText(this.#credentials) };
        await this.#devtools.describe(request, url, address, response);
      } else await this.#webdriver.handle(request, response, url.pathname);
    } catch (error) {
      if (response.headersSent || response.destroyed) response.destroy();
      else this.#refuse(response, error);
    }
  }

  async #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    try {
      const url = this.#authorized(request);
      await this.#devtools.connect(request, socket, head, url);
    } catch (error) {
      const refusal = this.#refusal(error);
      const lines = Object.entries({ ...headersOf(refusal), connection: 'close' }).map(
        ([name, value]) => `${name}: ${value}\r\n`,
      );
      const status = `${refusal.httpStatus} ${STATUS_CODES[refusal.httpStatus] ?? ''}`;
      farewell(socket, `HTTP/1.1 ${status}\r\n${lines.join('')}\r\n${refusal.json}`);
    }
  }

  /** @returns the requested URL @throws BrowserError if the credentials are wrong or missing */
  #authorized(request: IncomingMessage): URL {
    const url = URL.parse(request.url ?? '', 'http://browser');
    if (url === null) throw new BrowserError('invalid argument', 'the URL of the request is invalid');
    const [, encoded = ''] = /^basic +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
    const given =
      encoded === '' ? (url.searchParams.get('apiKey') ?? '') : Buffer.from(encoded, 'base64').toString();
    const [, user = '', password = ''] = /^([^:]*):(.*)$/s.exec(given) ?? [];
    if (!areCredentials(this.#credentials, user, password)) throw unauthorized;
    return url;
  }

  #refuse(response: ServerResponse, error: unknown): void {
    const refusal = this.#refusal(error);
    // The rest of the request is not read.
    const close = response.req.complete ? {} : { connection: 'close' };
    response.writeHead(refusal.httpStatus, { ...headersOf(refusal), ...close }).end(refusal.json);
  }

  #refusal(error: unknown): BrowserError {
    const refusal = BrowserError.from(error);
    if (refusal.kind === 'unavailable' || refusal.kind === 'session not created')
      this.#notice(refusal.message);
    return refusal;
  }

  #notice(message: string): void {
    if (this.#notices.has(message) || this.#notices.size >= maxNotices) return;
    this.#notices.add(message);
    this.#onNotice(message);
  }
}

function headersOf(refusal: BrowserError): Record<string, string> {
  return {
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(refusal.json)),
    ...(refusal.kind === 'unauthorized' ? { 'www-authenticate': 'Basic realm="chela"' } : {}),
  };
}
