/** A receiver of callbacks on loopback. */
import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The raw text. */
  readonly body: string;
}

export interface CallbackJson {
  readonly run_slug: string;
  readonly run_id: string;
  readonly run_status: string;
  readonly error_message: string;
  readonly execution_start_timestamp: number;
  readonly execution_end_timestamp: number;
  readonly running_duration: number;
  readonly result_count: number;
  readonly result_message: string;
}

/** @param index of the request among all requests to this receiver, from 0 */
export type Answerer = (response: ServerResponse, request: ReceivedRequest, index: number) => void;

const receivedLimitMilliseconds = 30_000;

export function accept(response: ServerResponse): void {
  response.end('thank you');
}

/** Answers with a status and no body. */
export function answerStatus(statusCode: number, headers: Record<string, string> = {}): Answerer {
  return (response) => response.writeHead(statusCode, headers).end();
}

export class Receiver {
  readonly requests: ReceivedRequest[] = [];
  readonly port: number;
  readonly #server: Server;
  #arrived = Promise.withResolvers<void>();

  constructor(server: Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  /** Listens on a free port of loopback. */
  static async start(answer: Answerer = accept): Promise<Receiver> {
    const server = createServer((request, response) => void receiver.#receive(request, response, answer));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const receiver = new Receiver(server);
    return receiver;
  }

  async #receive(request: IncomingMessage, response: ServerResponse, answer: Answerer): Promise<void> {
    const { method = '', url = '', headers } = request;
    const received = { method, path: url, headers, body: await text(request) };
    this.requests.push(received);
    this.#arrived.resolve();
    this.#arrived = Promise.withResolvers();
    answer(response, received, this.requests.length - 1);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/callback?client=7`;
  }

  /** Resolves with the first requests once that many have arrived. */
  async received(count: number): Promise<ReceivedRequest[]> {
    const late = AbortSignal.timeout(receivedLimitMilliseconds);
    const end = once(late, 'abort').then(() => {
      throw new Error(
        `${this.requests.length} of ${count} requests have come: ${JSON.stringify(this.requests)}`,
      );
    });
    end.catch(() => undefined);
    while (this.requests.length < count) await Promise.race([this.#arrived.promise, end]);
    return this.requests.slice(0, count);
  }

  /** The bodies of all requests so far. */
  get bodies(): CallbackJson[] {
    return this.requests.map(({ body }) => JSON.parse(body) as CallbackJson);
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}
