/** Requests of one session of WebDriver, passed on to the chromedriver in its fence. */
import { Agent, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { buffer } from 'node:stream/consumers';
import type { BrowserFence } from './browser-fence.ts';
import { BrowserError } from './browser-error.ts';

/** Commands come one after the other; a few more are those that a client gave up waiting for. */
const mostConnections = 4;

export interface DriverRequest {
  readonly method: string;
  readonly path: string;
  readonly body: Buffer;
}

export class WebDriverSession {
  readonly #agent: Agent;
  readonly #idleMilliseconds: number;
  readonly #onIdle: () => void;
  #idleTimer: NodeJS.Timeout | undefined;
  #underWay = 0;
  #isClosed = false;

  /** @param onIdle told once no command came for so long */
  constructor(fence: BrowserFence, idleMilliseconds: number, onIdle: () => void) {
    this.#idleMilliseconds = idleMilliseconds;
    this.#onIdle = onIdle;
    this.#agent = new Agent({ keepAlive: true, maxSockets: mostConnections });
    this.#agent.createConnection = (_options, callback) => {
      void connect(fence, callback);
      return null;
    };
  }

  /** @returns chromedriver's answer, to be read */
  async send({ method, path, body }: DriverRequest, signal: AbortSignal): Promise<IncomingMessage> {
    clearTimeout(this.#idleTimer);
    this.#underWay += 1;
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const headers = { host: 'localhost', 'content-type': 'application/json; charset=utf-8' };
    const outgoing = httpRequest({
      agent: this.#agent,
      method,
      path,
      headers: { ...headers, 'content-length': body.length },
      signal,
    });
    outgoing.once('response', resolve);
    outgoing.once('error', reject);
    outgoing.once('close', () => {
      this.#underWay -= 1;
      if (this.#underWay > 0 || this.#isClosed) return;
      this.#idleTimer = setTimeout(this.#onIdle, this.#idleMilliseconds);
    });
    outgoing.end(body);
    try {
      return await promise;
    } catch (error) {
      throw new BrowserError('unknown error', `chromedriver did not answer: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  /** Forgets about chromedriver, which has ended. */
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
    // Nobody takes a connection that comes with an error.
    callback?.(error as Error, undefined as never);
  }
}

/** Passes an answer on as it comes. */
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
 * The whole body of a request.
 * @throws BrowserError beyond the limit
 */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const announced = Number(request.headers['content-length'] ?? 0);
  const tooLong = new BrowserError(
    'invalid argument',
    `a command of more than ${limitBytes} bytes (CHELA_BROWSER_MESSAGE_LIMIT_BYTES)`,
  );
  if (announced > limitBytes) throw tooLong;
  let bytes = 0;
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > limitBytes) throw tooLong;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export async function readJson(answer: IncomingMessage): Promise<{ text: Buffer; value: unknown }> {
  const text = await buffer(answer);
  try {
    return { text, value: JSON.parse(text.toString()) };
  } catch {
    return { text, value: undefined };
  }
}
