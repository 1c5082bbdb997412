/**
 * A server of gRPC for calls with one message each way, on Node's HTTP/2. A general library takes in what comes and asks
 * afterwards; here a message is received only when there is room for it, and until then its sender has to wait.
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
 * Bounds on what a client can have the server hold beyond the budget: a stream that waits for room has sent up to its first
 * window of 64 KiB. So only the first connections get many streams each.
 */
const connectionLimit = 32;
const wideConnections = 4;
const streamLimits = { wide: 100, narrow: 8 } as const;
/** Largest metadata of a call, as other servers of gRPC have it. */
const headerListBytes = 16 * 1024;
/** Node counts an answer that is being sent, and refuses new calls beyond; the largest answer is the input of a run. */
const sessionMemoryMegabytes = 256;

const mediaType = 'application/grpc';

export class GrpcServer {
  readonly #service: GrpcService;
  readonly #connections = new Map<Socket, ServerHttp2Session>();

  constructor(service: GrpcService) {
    this.#service = service;
  }

  /** Serves a connection; one too many is closed. */
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
    // What is no HTTP/2 ends its connection only.
    session.on('error', () => socket.destroy());
    session.on('stream', this.#serve);
  }

  /** Ends all connections; calls under way end in their methods, unanswered. */
  close(): void {
    for (const [socket, session] of this.#connections) {
      session.destroy();
      socket.destroy();
    }
  }

  readonly #serve = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void => {
    stream.on('error', () => {
      // The client ended the call, or its connection.
    });
    if (headers['content-type']?.startsWith(mediaType) !== true) {
      stream.respond({ ':status': 415 }, { endStream: true });
      stream.resume();
    } else if (headers[':method'] === 'POST') {
      // Nothing else of the headers is kept while the call is under way.
      void serveCall(stream, String(headers[':path']), headers['grpc-encoding'], this.#service);
    } else {
      endCall(stream, new CallError(status.unimplemented, 'a call of gRPC is a POST request'));
    }
  };
}
