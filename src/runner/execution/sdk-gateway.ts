/** The SDK's server: one per subtask, on the listener its sandbox hands out. */
import type { Server as Listener, Socket } from 'node:net';
import { Server, ServerCredentials, ServerInterceptingCall } from '@grpc/grpc-js';
import type {
  ConnectionInjector,
  ServerInterceptor,
  ServiceDefinition,
  handleUnaryCall,
} from '@grpc/grpc-js';
import { type LogType, logType } from '../../logs/logs.ts';
import { decodeHeaders, decodeText, encodeAnswer } from './sdk-messages.ts';
import type { HeaderField } from './sdk-messages.ts';

export type { HeaderField } from './sdk-messages.ts';

/** What the SDK's calls do. One that rejects is answered with code 1 and the error's message. */
export interface SdkHandlers {
  /** Input of the subtask, as JSON text. */
  input(): string;
  /** Stores a row; the worker is answered once it is stored. */
  pushRow(jsonText: string): Promise<void>;
  setHeaders(headers: HeaderField[]): Promise<void>;
  log(type: LogType, text: string): Promise<void>;
  /** Told of every message that was too large; the sentence is meant for the run's log. */
  rejected(message: string): void;
}

export interface SdkGatewayOptions {
  /** Largest message that is taken, in bytes as sent. */
  readonly messageLimitBytes: number;
}

type Method = (handlers: SdkHandlers, request: Buffer) => Promise<Buffer>;

/**
 * A message over the limit is still received up to this many times the limit, so that its call can be answered as the
 * SDK expects. Beyond, gRPC ends the call with RESOURCE_EXHAUSTED; the connection lives on.
 */
const receiveFactor = 2;

/** Bounds on what a worker can make the runner hold in memory at a time. */
const streamLimit = 100;
const connectionLimit = 32;

const packages = ['coresdk', 'cafesdk'];
const failureCode = 1;
const success = encodeAnswer(0, 'success');

function logMethod(type: LogType): Method {
  return async (handlers, request) => {
    await handlers.log(type, decodeText(request));
    return success;
  };
}

/** Every method by its service and name, as `protos/` has them. */
export const sdkMethods: Readonly<Record<string, Method>> = {
  'Parameter/GetInputJSONString': async (handlers) => encodeAnswer(0, handlers.input()),
  'Result/SetTableHeader': async (handlers, request) => {
    await handlers.setHeaders(decodeHeaders(request));
    return success;
  },
  'Result/PushData': async (handlers, request) => {
    await handlers.pushRow(decodeText(request));
    return success;
  },
  'Log/Debug': logMethod(logType.debug),
  'Log/Info': logMethod(logType.info),
  'Log/Warn': logMethod(logType.warn),
  'Log/Error': logMethod(logType.error),
};

/** Messages pass gRPC as bytes. It takes an empty text for a missing message, so decoding is the methods' own. */
function asIs(bytes: Buffer): Buffer {
  return bytes;
}

const service: ServiceDefinition = Object.fromEntries(
  packages.flatMap((name) =>
    Object.keys(sdkMethods).map((method) => [
      `${name}.${method}`,
      {
        path: `/${name}.${method}`,
        requestStream: false,
        responseStream: false,
        requestDeserialize: asIs,
        requestSerialize: asIs,
        responseDeserialize: asIs,
        responseSerialize: asIs,
      },
    ]),
  ),
);

export class SdkGateway {
  readonly #handlers: SdkHandlers;
  readonly #limitBytes: number;
  readonly #server: Server;
  readonly #injector: ConnectionInjector;
  readonly #sockets = new Set<Socket>();
  #listener: Listener | undefined;
  #closed = false;

  constructor(handlers: SdkHandlers, { messageLimitBytes }: SdkGatewayOptions) {
    this.#handlers = handlers;
    this.#limitBytes = messageLimitBytes;
    this.#server = new Server({
      'grpc.enable_channelz': 0,
      'grpc.max_receive_message_length': messageLimitBytes * receiveFactor,
      'grpc.max_concurrent_streams': streamLimit,
      interceptors: [this.#reportUnreceived],
    });
    this.#server.addService(
      service,
      Object.fromEntries(
        Object.entries(sdkMethods).flatMap(([method, answer]) =>
          packages.map((name) => [`${name}.${method}`, this.#unary(method, answer)]),
        ),
      ),
    );
    this.#injector = this.#server.createConnectionInjector(ServerCredentials.createInsecure());
  }

  /** Serves every connection the listener accepts; the listener stays its owner's. */
  serve(listener: Listener): void {
    this.#listener = listener;
    listener.on('connection', this.#accept);
  }

  /** Ends all connections; calls under way end in the handlers, unanswered. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#listener?.off('connection', this.#accept);
    this.#server.forceShutdown();
    for (const socket of this.#sockets) socket.destroy();
  }

  readonly #accept = (socket: Socket): void => {
    if (this.#sockets.size >= connectionLimit) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.setNoDelay(true);
    this.#injector.injectConnection(socket);
  };

  /** gRPC answers what exceeds its own limit by itself; all there is to see is a call that ends without a message. */
  readonly #reportUnreceived: ServerInterceptor = (method, call) => {
    let received = false;
    return new ServerInterceptingCall(call, {
      start: (next) => {
        next({
          onReceiveMessage: (message, pass) => {
            received = true;
            pass(message);
          },
          onCancel: () => {
            if (received || this.#closed) return;
            this.#handlers.rejected(
              `a call of ${method.path.slice(1)} ended before its message was received: larger than ` +
                `${this.#limitBytes * receiveFactor} bytes, or cancelled by the worker`,
            );
          },
        });
      },
    });
  };

  #unary(method: string, answer: Method): handleUnaryCall<Buffer, Buffer> {
    return ({ request }, respond) => {
      if (request.length > this.#limitBytes) {
        const message =
          `a message of ${method} was refused: its ${request.length} bytes exceed ` +
          `the limit of ${this.#limitBytes} bytes`;
        this.#handlers.rejected(message);
        respond(null, encodeAnswer(failureCode, message));
        return;
      }
      answer(this.#handlers, request).then(
        (bytes) => respond(null, bytes),
        (error: unknown) => {
          respond(null, encodeAnswer(failureCode, error instanceof Error ? error.message : String(error)));
        },
      );
    };
  }
}
