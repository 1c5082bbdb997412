/** Forwards the requests of one WebDriver session to the chromedriver in its fence. */
import { Agent, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { BrowserFence } from './browser-fence.ts';
import { BrowserError } from './browser-error.ts';

/** Clients send one command at a time. More are open only if a client stopped waiting for earlier ones. */
const maxConnections = 4;

export interface DriverRequest {
  readonly method: string;
  readonly path: string;
  readonly body: Buffer | IncomingMessage;
  readonly bodyBytes: number;
}

export class WebDriverSession {
  readonly #agent: Agent;
  readonly #idleMilliseconds: number;
  readonly #onIdle: () => void;
  #idleTimer: NodeJS.Timeout | undefined;
  #openCommands = 0;
  #isClosed = false;

  /** @param onIdle called after this long without a command */
  constructor(fence: BrowserFence, idleMilliseconds: number, onIdle: () => void) {
    this.#idleMilliseconds = idleMilliseconds;
    this.#onIdle = onIdle;
    this.#agent = new Agent({ keepAlive: true, maxSockets: maxConnections });
    this.#agent.createConnection = (_options, callback) => {
      void connect(fence, callback);
      return null;
    };
  }

  /** @returns chromedriver's answer, which the caller reads */
  async send(
    { method, path, body, bodyBytes }: DriverRequest,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    clearTimeout(this.#idleTimer);
    this.#openCommands += 1;
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const headers = { host: 'localhost', 'content-type': 'application/json; charset=utf-8' };
    const outgoing = httpRequest({
      agent: this.#agent,
      method,
      path,
      headers: { ...headers, 'content-length': bodyBytes },
      signal,
    });
    outgoing.once('response', resolve);
    outgoing.on('error', reject);
    outgoing.once('close', () => {
      this.#openCommands -= 1;
      if (this.#openCommands > 0 || this.#isClosed) return;
      this.#idleTimer = setTimeout(this.#onIdle, this.#idleMilliseconds);
    });
    if (Buffer.isBuffer(body)) outgoing.end(body);
    else body.pipe(outgoing);
    try {
      return await promise;
    } catch (error) {
      throw new BrowserError('unknown error', `chromedriver did not answer: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  /** Call it when chromedriver has ended. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#idleTimer);
    this.#agent.destroy();
  }
}

type OnConnection = NonNullable<Parameters<Agent['createConnection']>[1]>;

async function connect(fence: BrowserFence, callback: OnConnection | undefined): Promise<void> {
  try {
    callback?.(null, await fence.connection());
  } catch (error) {
    // With an error, the connection is not used.
    callback?.(error as Error, undefined as never);
  }
}

/** Passes an answer on while it arrives. */
export async function passOn(answer: IncomingMessage, response: ServerResponse): Promise<void> {
  const { 'content-type': type = 'application/json', 'content-length': length } = answer.headers;
  response.writeHead(answer.statusCode ?? 500, {
    'content-type': type,
    'cache-control': 'no-cache',
    ...(length === undefined ? {} : { 'content-length': length }),
  });
  await pipeline(answer, response);
}

/**
 * Reads the whole body of a request or an answer.
 * @throws BrowserError if it exceeds the limit
 */
export async function readBody(message: IncomingMessage, limitBytes: number): Promise<Buffer> {
  let bytes = 0;
  const chunks: Buffer[] = [];
  for await (const chunk of message as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > limitBytes)
      throw new BrowserError('invalid argument', `the body is larger than ${limitBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/**
 * The size of a request's body, from its headers.
 * @throws BrowserError if it exceeds the limit or is not declared
 */
export function announcedBytes(request: IncomingMessage, limitBytes: number): number {
  if (request.headers['transfer-encoding'] !== undefined)
    throw new BrowserError('invalid argument', 'a command with a body must have a Content-Length');
  const bytes = Number(request.headers['content-length'] ?? 0);
  if (bytes <= limitBytes) return bytes;
  const limit = `${limitBytes} bytes (CHELA_BROWSER_MESSAGE_LIMIT_BYTES)`;
  throw new BrowserError('invalid argument', `the command is larger than ${limit}`);
}
