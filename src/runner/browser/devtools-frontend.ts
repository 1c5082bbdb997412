/** The endpoint as clients of DevTools see it: a browser for each WebSocket, and where to find it. */
import { execFile } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { promisify } from 'node:util';
import { WebSocketServer, type WebSocket } from 'ws';
import { BrowserError } from './browser-error.ts';
import type { BrowserFence } from './browser-fence.ts';
import { CdpSession } from './cdp-session.ts';
import { findChromium, type ChromiumSettings } from './chromium.ts';
import type { SubtaskBrowsers } from './subtask-browsers.ts';

const socketPaths = /^\/(?:ws\/?|devtools\/browser(?:\/.*)?)?$/;
const versionPaths = /^\/json\/version\/?$/;
/** No browser has targets before a client opened it. */
const listPaths = /^\/json(?:\/list)?\/?$/;
const startMilliseconds = 60_000;
const firstQuestion = { id: 1, method: 'Browser.getVersion' } as const;

export class DevtoolsFrontend {
  readonly #settings: ChromiumSettings;
  readonly #browsers: SubtaskBrowsers;
  readonly #server: WebSocketServer;
  readonly #sessions = new Set<CdpSession>();

  /** @param messageLimitBytes of one message of a client */
  constructor(settings: ChromiumSettings, browsers: SubtaskBrowsers, messageLimitBytes: number) {
    this.#settings = settings;
    this.#browsers = browsers;
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: messageLimitBytes,
    });
  }

  /** Whether a request by HTTP is for this frontend. */
  serves(path: string): boolean {
    return path.startsWith('/json');
  }

  /**
   * Answers what DevTools say of themselves by HTTP.
   * @param authorization the credentials that the request came with, for the address of the WebSocket
   */
  async describe(path: string, host: string, authorization: string, response: ServerResponse): Promise<void> {
    const program = findChromium(this.#settings);
    if (listPaths.test(path)) {
      sendJson(response, []);
      return;
    }
    if (!versionPaths.test(path)) throw new BrowserError('unknown command', `${path} does not exist`);
    sendJson(response, {
      Browser: `Chrome/${await versionOf(program)}`,
      'Protocol-Version': '1.3',
      webSocketDebuggerUrl: `ws://${host}/ws?apiKey=${authorization}`,
    });
  }

  /**
   * Opens a browser for a client and serves it until either of them ends. The handshake is answered when the browser is
   * ready.
   * @throws BrowserError for the answer to the handshake, where there is no browser
   */
  async connect(request: IncomingMessage, socket: Socket, head: Buffer, path: string): Promise<void> {
    if (!socketPaths.test(path)) throw new BrowserError('unknown command', `no browser exists at ${path}`);
    const given = new AbortController();
    const leave = (): void => given.abort(new BrowserError('unknown error', 'the client disconnected'));
    // Nothing is sent before the handshake is answered; only who reads sees an end.
    socket.on('end', leave).on('close', leave).resume();
    const browser = await this.#browsers.open('devtools', given.signal);
    given.signal.addEventListener('abort', () => void browser.close());
    const late = setTimeout(
      () => given.abort(new BrowserError('session not created', 'starting the browser timed out')),
      startMilliseconds,
    );
    try {
      const pipe = await browser.fence.connection();
      await firstAnswer(pipe, browser.fence);
      clearTimeout(late);
      const session = new CdpSession(await this.#handshake(request, socket, head), pipe);
      this.#sessions.add(session);
      await session.run();
      this.#sessions.delete(session);
    } catch (error) {
      throw given.signal.aborted ? given.signal.reason : error;
    } finally {
      clearTimeout(late);
      socket.off('end', leave).off('close', leave);
      await browser.close();
    }
  }

  async #handshake(request: IncomingMessage, socket: Socket, head: Buffer): Promise<WebSocket> {
    const { promise, resolve, reject } = Promise.withResolvers<WebSocket>();
    // A request that is no handshake is answered there, and its connection closed.
    socket.once('close', () => reject(new BrowserError('invalid argument', 'not a WebSocket handshake')));
    this.#server.handleUpgrade(request, socket, head, resolve);
    return promise;
  }

  close(): void {
    for (const session of this.#sessions) session.close('the subtask has ended');
  }
}

/** Resolves once the browser answers; what it says from then on is left to be read. */
async function firstAnswer(pipe: Socket, fence: BrowserFence): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onData = (chunk: Buffer): void => {
    if (!chunk.includes(0)) return;
    pipe.off('data', onData).pause();
    resolve();
  };
  pipe.on('data', onData);
  pipe.once('close', () => void fence.ended.then(() => reject(fence.failure())));
  pipe.write(`${JSON.stringify(firstQuestion)}\0`);
  return promise;
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(value));
}

const versions = new Map<string, Promise<string>>();

/** Asked once of each program. */
async function versionOf(program: string): Promise<string> {
  let version = versions.get(program);
  if (version === undefined) {
    version = promisify(execFile)(program, ['--version'], { env: {} }).then(
      ({ stdout }) => /\b\d+(?:\.\d+)+/.exec(stdout)?.[0] ?? '0',
    );
    versions.set(program, version);
  }
  return version.catch((error: unknown) => {
    versions.delete(program);
    throw error;
  });
}
