/**
 * A gRPC server for calls with one message in each direction, on Node's HTTP/2. General libraries accept data first and
 * check limits afterwards; this server receives a message only if there is memory for it, and makes the sender wait
 * until then.
 */
import {
  performServerHandshake,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Socket } from 'node:net';
import { endCall, serveCall, type GrpcService } from './grpc-call.ts';
import { CallError, status } from './grpc-status.ts';

/**
 * Limits what a client can make the server buffer outside the budget: a stream that waits for memory has sent up to its
 * initial window of 64 KiB. So only the first connections get many streams each.
 */
const connectionLimit = 32;
const wideConnections = 4;
const streamLimits = { wide: 100, narrow: 8 } as const;
/** Maximum size of a call's metadata, as in other gRPC servers. */
const headerListBytes = 16 * 1024;
/** Node counts answers being sent, and refuses calls above this limit; the largest answer is the input of a run. */
const sessionMemoryMegabytes = 256;

const mediaType = 'application/grpc';

export class GrpcServer {
  readonly #service: GrpcService;
  readonly #connections = new Map<Socket, ServerHttp2Session>();

  constructor(service: GrpcService) {
    this.#service = service;
  }

  /** Serves a connection; closes it if there are too many. */
  accept(socket: Socket): void {
    if (this.#connections.size >= connectionLimit) {
      socket.destroy();
      return;
    }
    const isWide = this.#connections.size < wideConnections;
    socket.setNoDelay(true);
    const session = performServerHandshake(socket, {
      maxSessionMemory: sessionMemoryMegabytes,
      settings: {
        maxConcurrentStreams: isWide ? streamLimits.wide : streamLimits.narrow,
        maxHeaderListSize: headerListBytes,
      },
    });
    this.#connections.set(socket, session);
    socket.once('close', () => this.#connections.delete(socket));
    // Invalid HTTP/2 ends only its own connection.
    session.on('error', () => socket.destroy());
    session.on('stream', this.#serve);
  }

  /** Ends all connections. The methods of calls in progress finish, but are not answered. */
  close(): void {
    for (const [socket, session] of this.#connections) {
      session.destroy();
      socket.destroy();
    }
  }

  readonly #serve = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void => {
    stream.on('error', () => {
      // The client ended the call or its connection.
    });
    if (headers['content-type']?.startsWith(mediaType) !== true) {
      stream.respond({ ':status': 415 }, { endStream: true });
      stream.resume();
    } else if (headers[':method'] === 'POST') {
      // Keeps nothing else of the headers during the call.
      void serveCall(stream, String(headers[':path']), headers['grpc-encoding'], this.#service);
    } else {
      endCall(stream, new CallError(status.unimplemented, 'gRPC calls must be POST requests'));
    }
  };
}
