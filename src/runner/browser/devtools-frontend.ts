/** The endpoint for DevTools clients: WebSockets to browsers, and descriptions of browsers over HTTP. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { BrowserError } from './browser-error.ts';
import type { BrowserFence } from './browser-fence.ts';
import { CdpSession } from './cdp-session.ts';
import { findChromium, versionOf, type ChromiumSettings } from './chromium.ts';
import { askPort, openPortSocket } from './debugging-port.ts';
import { destinationOf, type Destination } from './devtools-destination.ts';
import { PipeFraming, SocketFraming, type Framing } from './devtools-framing.ts';
import { startPipe } from './devtools-pipe.ts';
import { SharedBrowser } from './shared-browser.ts';
import type { SubtaskBrowsers } from './subtask-browsers.ts';

const versionPath = '/json/version';
const newPagePath = '/json/new';
const listPaths = new Set(['/json', '/json/list']);
/** Commands on pages, and the protocol description. They are answered only while the shared browser is open. */
const pagePaths = /^\/json\/(?:protocol|(?:activate|close)\/[^/]+)$/;
const startMilliseconds = 60_000;
const notOpen = 'no browser is open that DevTools clients of the subtask share';

interface Limits {
  /** Maximum size of a client's message. */
  readonly messageBytes: number;
  /** Time that a browser opened over HTTP waits for its client. */
  readonly idleMilliseconds: number;
}

/** The address of WebSockets in descriptions. */
export interface Address {
  readonly host: string;
  /** The credentials of the subtask. */
  readonly apiKey: string;
}

/** A connection to a browser. */
interface Line {
  readonly socket: Socket;
  readonly framing: Framing;
  readonly fence: BrowserFence;
  /** Releases the client's use of the browser. */
  readonly leave: () => Promise<void>;
}

export class DevtoolsFrontend {
  readonly #settings: ChromiumSettings;
  readonly #browsers: SubtaskBrowsers;
  readonly #shared: SharedBrowser;
  readonly #limits: Limits;
  readonly #server: WebSocketServer;
  readonly #sessions = new Set<CdpSession>();

  constructor(settings: ChromiumSettings, browsers: SubtaskBrowsers, limits: Limits) {
    this.#settings = settings;
    this.#browsers = browsers;
    this.#shared = new SharedBrowser(browsers, startLimit);
    this.#limits = limits;
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: limits.messageBytes,
    });
  }

  /** Whether an HTTP request is for this frontend. */
  serves(path: string): boolean {
    return path.startsWith('/json');
  }

  /**
   * Answers DevTools requests over HTTP, which concern the shared browser.
   * @throws BrowserError to answer with
   */
  async describe(
    request: IncomingMessage,
    url: URL,
    address: Address,
    response: ServerResponse,
  ): Promise<void> {
    const program = findChromium(this.#settings);
    const path = url.pathname.replace(/\/$/, '');
    const isList = listPaths.has(path);
    if (path === versionPath) {
      const webSocketDebuggerUrl = `ws://${address.host}/ws?apiKey=${address.apiKey}`;
      sendJson(response, { ...descriptionOf(await versionOf(program)), webSocketDebuggerUrl });
    } else if (isList && !this.#shared.isOpen) sendJson(response, []);
    else if (isList || path === newPagePath || pagePaths.test(path)) {
      if (path !== newPagePath && !this.#shared.isOpen) throw new BrowserError('unknown command', notOpen);
      await this.#askShared(request, { path, query: pageQuery(url) }, address, response);
    } else throw new BrowserError('unknown command', `${path} does not exist`);
  }

  async #askShared(
    request: IncomingMessage,
    { path, query }: { path: string; query: string },
    { host, apiKey }: Address,
    response: ServerResponse,
  ): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => gone.abort(clientDisconnected()));
    const visit = await this.#shared.visit(gone.signal);
    try {
      const answer = await askPort(visit.fence, request.method ?? 'GET', `${path}${query}`);
      response.writeHead(answer.status, { 'content-type': answer.type });
      response.end(withReachableAddresses(answer.text, host, apiKey));
    } finally {
      visit.leave(this.#limits.idleMilliseconds);
    }
  }

  /**
   * Serves a client until it or its browser ends. Answers the handshake when the browser is ready.
   * @throws BrowserError to answer the handshake with, if no browser could be opened
   */
  async connect(request: IncomingMessage, socket: Socket, head: Buffer, url: URL): Promise<void> {
    const destination = destinationOf(request, url);
    const gone = new AbortController();
    const leave = (): void => gone.abort(clientDisconnected());
    // Clients send nothing before the answer to the handshake, but reading is necessary to notice their end.
    socket.on('end', leave).on('close', leave).resume();
    let line: Line | undefined;
    try {
      line = await this.#line(destination, gone.signal);
      const { framing, fence } = line;
      const client = await this.#handshake(request, socket, head);
      const session = new CdpSession(client, line.socket, framing, (message) =>
        fence.contextProxies.translate(message),
      );
      this.#sessions.add(session);
      await session.run();
      this.#sessions.delete(session);
    } catch (error) {
      throw gone.signal.aborted ? gone.signal.reason : error;
    } finally {
      socket.off('end', leave).off('close', leave);
      line?.socket.destroy();
      await line?.leave();
    }
  }

  async #line(destination: Destination, signal: AbortSignal): Promise<Line> {
    if (destination.kind === 'own') return this.#ownLine(signal);
    if (destination.kind === 'existing' && !this.#shared.isOpen)
      throw new BrowserError('unknown command', notOpen);
    const visit = await this.#shared.visit(signal);
    try {
      const path = destination.kind === 'existing' ? destination.path : await browserPath(visit.fence);
      const socket = await openPortSocket(visit.fence, path);
      const leave = async (): Promise<void> => visit.leave();
      return { socket, framing: new SocketFraming(), fence: visit.fence, leave };
    } catch (error) {
      visit.leave();
      throw error;
    }
  }

  async #ownLine(signal: AbortSignal): Promise<Line> {
    const browser = await this.#browsers.open('devtools', signal);
    const leave = async (): Promise<void> => browser.close();
    const limit = startLimit();
    const either = AbortSignal.any([signal, limit.signal]);
    either.addEventListener('abort', () => void leave());
    try {
      const { fence } = browser;
      return { socket: await startPipe(fence), framing: new PipeFraming(), fence, leave };
    } catch (error) {
      await leave();
      throw either.aborted ? either.reason : error;
    } finally {
      limit.clear();
    }
  }

  async #handshake(request: IncomingMessage, socket: Socket, head: Buffer): Promise<WebSocket> {
    const { promise, resolve, reject } = Promise.withResolvers<WebSocket>();
    // The library answers a request that is not a handshake, and closes the connection.
    socket.once('close', () => reject(new BrowserError('invalid argument', 'not a WebSocket handshake')));
    this.#server.handleUpgrade(request, socket, head, resolve);
    return promise;
  }

  close(): void {
    for (const session of this.#sessions) session.close('the subtask has ended');
  }
}

function clientDisconnected(): BrowserError {
  return new BrowserError('unknown error', 'the client disconnected');
}

/** Aborts if a browser takes too long to start. */
function startLimit(): { signal: AbortSignal; clear: () => void } {
  const late = new AbortController();
  const timer = setTimeout(
    () => late.abort(new BrowserError('session not created', 'starting the browser timed out')),
    startMilliseconds,
  );
  return { signal: late.signal, clear: () => clearTimeout(timer) };
}

/** Chromium's answer to `/json/version`, which does not require an open browser. */
function descriptionOf(version: string): Record<string, string> {
  const [major] = version.split('.', 1);
  const product = `HeadlessChrome/${major}.0.0.0`;
  return {
    Browser: `Chrome/${version}`,
    'Protocol-Version': '1.3',
    'User-Agent': `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) ${product} Safari/537.36`,
  };
}

/** Path of the browser's own WebSocket. */
async function browserPath(fence: BrowserFence): Promise<string> {
  const { text } = await askPort(fence, 'GET', versionPath);
  const { webSocketDebuggerUrl } = JSON.parse(text) as { webSocketDebuggerUrl: string };
  return new URL(webSocketDebuggerUrl).pathname;
}

/** The query, which is the URL of a page to open, without the credentials. */
function pageQuery({ search }: URL): string {
  const rest = search
    .slice(1)
    .split('&')
    .filter((part) => part !== '' && !part.startsWith('apiKey='));
  return rest.length === 0 ? '' : `?${rest.join('&')}`;
}

/** Replaces the addresses in descriptions of pages, which are valid only in the fence, with ones for the client. */
function withReachableAddresses(text: string, host: string, apiKey: string): string {
  let described: unknown;
  try {
    described = JSON.parse(text);
  } catch {
    return text;
  }
  return JSON.stringify(described, (key, value: unknown) => {
    // It is the URL of a DevTools web page, which could not reach the browser.
    if (key === 'devtoolsFrontendUrl') return undefined;
    if (key !== 'webSocketDebuggerUrl' || typeof value !== 'string') return value;
    return `ws://${host}${new URL(value).pathname}?apiKey=${apiKey}`;
  });
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(value));
}
