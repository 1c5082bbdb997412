/** The SDK's server: one per subtask, on the listener of its sandbox. */
import type { Server as Listener, Socket } from 'node:net';
import { type LogType, logType } from '../../logs/logs.ts';
import type { GrpcMethod } from './grpc-call.ts';
import { GrpcServer } from './grpc-server.ts';
import type { SubtaskBudget } from './message-budget.ts';
import { decodeHeaders, decodeText, encodeAnswer } from './sdk-messages.ts';
import type { HeaderField } from './sdk-messages.ts';

export type { HeaderField } from './sdk-messages.ts';

/** Implements the SDK's calls. If one rejects, the answer has code 1 and the error's message. */
export interface SdkHandlers {
  /** Input of the subtask, as JSON text. */
  input(): string;
  /** Stores a row. The worker is answered once it is stored. */
  pushRow(jsonText: string): Promise<void>;
  setHeaders(headers: HeaderField[]): Promise<void>;
  /** Stores a line. @returns why it was dropped; undefined if it was stored */
  log(type: LogType, text: string): Promise<string | undefined>;
  /** Called for every message that was too large, with a sentence for the run's log. */
  rejected(message: string): void;
}

export interface SdkGatewayOptions {
  /** Maximum size of a message in bytes, as sent. */
  readonly messageLimitBytes: number;
  /** Memory for its messages until they are answered. */
  readonly budget: SubtaskBudget;
}

/** May throw if the message is malformed. */
type Method = (handlers: SdkHandlers, request: Buffer) => Promise<Buffer>;

const packages = ['coresdk', 'cafesdk'];
const failureCode = 1;
const success = encodeAnswer(0, 'success');

async function successAfter(done: Promise<void>): Promise<Buffer> {
  await done;
  return success;
}

/** A dropped line is not an error, which would end workers that log a lot. Its answer only says so. */
function logMethod(type: LogType): Method {
  return async (handlers, request) => {
    const dropped = await handlers.log(type, decodeText(request));
    return dropped === undefined ? success : encodeAnswer(0, dropped);
  };
}

/** One buffer per subtask, shared by all pending answers. */
const inputAnswers = new WeakMap<SdkHandlers, Buffer>();

function inputAnswer(handlers: SdkHandlers): Buffer {
  const answer = inputAnswers.get(handlers) ?? encodeAnswer(0, handlers.input());
  inputAnswers.set(handlers, answer);
  return answer;
}

/** All methods by service and name, as in `protos/`. None of them keeps the message while it waits. */
export const sdkMethods: Readonly<Record<string, Method>> = {
  'Parameter/GetInputJSONString': async (handlers) => inputAnswer(handlers),
  'Result/SetTableHeader': (handlers, request) => successAfter(handlers.setHeaders(decodeHeaders(request))),
  'Result/PushData': (handlers, request) => successAfter(handlers.pushRow(decodeText(request))),
  'Log/Debug': logMethod(logType.debug),
  'Log/Info': logMethod(logType.info),
  'Log/Warn': logMethod(logType.warn),
  'Log/Error': logMethod(logType.error),
};

function failure(message: string): Buffer {
  return encodeAnswer(failureCode, message);
}

/** Calls a method; turns errors into answers. */
function answering(method: Method, handlers: SdkHandlers): GrpcMethod {
  return (request) =>
    new Promise<Buffer>((resolve) => resolve(method(handlers, request))).catch((error: unknown) =>
      failure(error instanceof Error ? error.message : String(error)),
    );
}

/** The method as workers know it, such as `/coresdk.Result/PushData`. */
function methodOf(path: string): string {
  return path.slice(path.indexOf('.') + 1);
}

export class SdkGateway {
  readonly #server: GrpcServer;
  #listener: Listener | undefined;

  constructor(handlers: SdkHandlers, { messageLimitBytes, budget }: SdkGatewayOptions) {
    const methods = Object.entries(sdkMethods).flatMap(([name, method]) =>
      packages.map((packageName) => [`/${packageName}.${name}`, answering(method, handlers)] as const),
    );
    this.#server = new GrpcServer({
      methods: new Map(methods),
      messageLimitBytes,
      budget,
      answerTooLarge: (path, sizeBytes) => {
        const size =
          sizeBytes === undefined ? 'its decompressed size exceeds' : `its ${sizeBytes} bytes exceed`;
        const message =
          `a message of ${methodOf(path)} was refused: ${size} the limit of ${messageLimitBytes} bytes ` +
          '(CHELA_SDK_MESSAGE_LIMIT_BYTES)';
        handlers.rejected(message);
        return failure(message);
      },
    });
  }

  /** Serves the listener's connections. The listener still belongs to the caller. */
  serve(listener: Listener): void {
    this.#listener = listener;
    listener.on('connection', this.#accept);
  }

  /** Ends all connections. Handlers of calls in progress finish, but are not answered. Idempotent. */
  close(): void {
    this.#listener?.off('connection', this.#accept);
    this.#server.close();
  }

  readonly #accept = (socket: Socket): void => {
    socket.on('error', () => socket.destroy());
    this.#server.accept(socket);
  };
}
