/** What a worker can keep, over HTTP on a port of its own loopback: files of its run, and stores of its account. */
import {
  createServer,
  type IncomingMessage,
  type Server as HttpServer,
  type ServerResponse,
} from 'node:http';
import type { Server, Socket } from 'node:net';
import { isDatabaseError } from '../../database/database.ts';
import { ChelaError, invalidArgument } from '../../errors.ts';
import { inTurn } from '../../requests-in-turn.ts';
import { Slots } from '../../services/slots.ts';
import { FileRequests, type ServedFiles } from './file-requests.ts';
import { Pace, PacedConnection } from './paced-connection.ts';
import { StoreRequests, type ServedStores } from './store-requests.ts';
import { answerJson, parseRequest } from './worker-request.ts';

/** The address of the gateway in every sandbox. */
export const storageAddress = { host: '127.0.0.1', port: 20_088 } as const;

const connectionLimit = 256;
/** Requests of a subtask that use the database or the storage at the same time. The bodies of others are not read. */
const requestsAtOnce = 8;
/** Longer than workers pause between requests, so that none is sent on a connection that is being closed. */
const keepAliveMilliseconds = 120_000;
/** How much of a refused body is read, so that clients that send all of it before they read see the answer. */
const drainLimitBytes = 1024 * 1024 * 1024;

export interface GatewayOptions extends ServedFiles, ServedStores {
  /** Called with the reason if something that the worker wants to keep is refused. */
  readonly onRefused: (what: 'file' | 'value', message: string) => void;
  /** Called with each failure that is not the worker's. */
  readonly onFailure: (error: unknown) => void;
}

/** A worker's environment variables for the gateway. */
export function storageEnvironment(): Record<string, string> {
  const { host, port } = storageAddress;
  const url = `http://${host}:${port}`;
  return { CHELA_FILES_URL: `${url}/files`, CHELA_STORES_URL: `${url}/stores` };
}

export class StorageGateway {
  readonly #options: GatewayOptions;
  readonly #files: FileRequests;
  readonly #stores: StoreRequests;
  readonly #http: HttpServer;
  readonly #pace = new Pace();
  readonly #connections = new Set<PacedConnection>();
  readonly #active = new Set<Promise<void>>();

  constructor(options: GatewayOptions) {
    this.#options = options;
    const slots = new Slots(requestsAtOnce);
    this.#files = new FileRequests(options, slots);
    this.#stores = new StoreRequests(options, slots);
    this.#http = createServer({ keepAliveTimeout: keepAliveMilliseconds, requestTimeout: 0 });
    this.#http.on(
      'request',
      inTurn((request, response) => this.#begin(request, response)),
    );
  }

  /** Serves the listener's connections. The caller still has to close the listener. */
  serve(listener: Server): void {
    listener.maxConnections = connectionLimit;
    listener.on('connection', (socket: Socket) => {
      socket.setNoDelay(true);
      const connection = new PacedConnection(socket, this.#pace);
      this.#connections.add(connection);
      connection.once('close', () => this.#connections.delete(connection));
      this.#http.emit('connection', connection);
    });
  }

  /** Ends all connections, and resolves when what they kept is stored and the rest is discarded. */
  async close(): Promise<void> {
    for (const connection of this.#connections) connection.destroy();
    await Promise.all(this.#active);
  }

  #begin(request: IncomingMessage, response: ServerResponse): void {
    const answer = this.#answer(request, response);
    this.#active.add(answer);
    void answer.finally(() => this.#active.delete(answer));
  }

  /** Never rejects. */
  async #answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      refuseOtherHosts(incoming);
      const request = parseRequest(incoming, response);
      await (request.kind === 'files' ? this.#files : this.#stores).handle(request);
    } catch (error) {
      const hasLeft = response.destroyed || (incoming.destroyed && !incoming.complete);
      if (response.headersSent || hasLeft) response.destroy();
      else this.#refuse(incoming, response, error);
    }
  }

  #refuse(incoming: IncomingMessage, response: ServerResponse, error: unknown): void {
    const refusal = this.#refusal(error);
    const { key, kind, message } = refusal;
    if (incoming.method === 'PUT' && kind.status < 500 && kind.status !== 412)
      this.#options.onRefused(incoming.url?.startsWith('/files') === true ? 'file' : 'value', message);
    drain(incoming);
    answerJson(response, kind.status, { error: key, message });
  }

  #refusal(error: unknown): ChelaError {
    if (error instanceof ChelaError) return error;
    this.#options.onFailure(error);
    return isDatabaseError(error)
      ? new ChelaError('DATABASE_ERROR', 'the database of the platform is not available: try again')
      : new ChelaError('SYSTEM_ERROR', 'the platform could not store or read this: try again');
  }
}

/** Pages that a worker opens in a browser of its own must not reach it under another host name. */
function refuseOtherHosts({ headers: { host = '' } }: IncomingMessage): void {
  const { host: ownHost, port } = storageAddress;
  const [name = ''] = host.split(':', 1);
  if (name !== ownHost && name !== 'localhost')
    throw invalidArgument(`send the request to http://${ownHost}:${port}`);
}

/** Reads and drops the rest of a request. */
function drain(incoming: IncomingMessage): void {
  let bytes = 0;
  incoming.on('error', () => incoming.destroy());
  incoming.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > drainLimitBytes) incoming.destroy();
  });
  incoming.resume();
}
