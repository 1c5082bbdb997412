/** A gRPC call with one message in each direction. */
import type { ServerHttp2Stream } from 'node:http2';
import { acceptedEncodings, decompress } from './compression.ts';
import { Reception, type ReceptionLimits } from './reception.ts';
import { CallError, encodeStatusMessage, status } from './grpc-status.ts';

/** Answers a message. If it rejects, the call ends with the status `internal`. */
export type GrpcMethod = (message: Buffer) => Promise<Buffer>;

export interface GrpcService extends ReceptionLimits {
  /** By path, such as `/coresdk.Result/PushData`. */
  readonly methods: ReadonlyMap<string, GrpcMethod>;
  /**
   * Answers a message that exceeds the limit.
   * @param sizeBytes undefined for a compressed message, whose size is unknown
   */
  answerTooLarge(path: string, sizeBytes: number | undefined): Buffer;
}

const prefixBytes = 5;
/** Larger answers are not copied to prepend their prefix. */
const maxCopiedBytes = 16 * 1024;

const answerHeaders = {
  ':status': 200,
  'content-type': 'application/grpc+proto',
  'grpc-accept-encoding': acceptedEncodings,
} as const;

/** Ends a call without an answer; discards what the client still sends. */
export function endCall(stream: ServerHttp2Stream, { code, message }: CallError): void {
  if (stream.destroyed || stream.headersSent) return;
  const ending = { 'grpc-status': String(code), 'grpc-message': encodeStatusMessage(message) };
  stream.respond({ ...answerHeaders, ...ending }, { endStream: true });
  stream.resume();
}

function sendAnswer(stream: ServerHttp2Stream, answer: Buffer): void {
  if (stream.destroyed) return;
  stream.respond(answerHeaders, { waitForTrailers: true });
  stream.once('wantTrailers', () => {
    if (!stream.destroyed) stream.sendTrailers({ 'grpc-status': String(status.ok) });
  });
  const prefix = Buffer.alloc(prefixBytes);
  prefix.writeUInt32BE(answer.length, 1);
  if (answer.length <= maxCopiedBytes) {
    stream.end(Buffer.concat([prefix, answer]));
  } else {
    stream.write(prefix);
    stream.end(answer);
  }
}

/**
 * Serves a call until it ends. Never rejects.
 * @param encoding compression of its message, if any
 */
export async function serveCall(
  stream: ServerHttp2Stream,
  path: string,
  encoding: string | string[] | undefined,
  service: GrpcService,
): Promise<void> {
  const method = service.methods.get(path);
  if (method === undefined) {
    endCall(stream, new CallError(status.unimplemented, `the method ${path} does not exist`));
    return;
  }
  const reception = new Reception(stream, service);
  try {
    const received = await reception.received();
    if (received.kind === 'gone') return;
    if (received.kind === 'too large') {
      sendAnswer(stream, service.answerTooLarge(path, received.sizeBytes));
      return;
    }
    const answer = received.isCompressed
      ? decompress(reception.take(), String(encoding ?? 'identity'), service.messageLimitBytes).then(
          (content) => (content === undefined ? service.answerTooLarge(path, undefined) : method(content)),
        )
      : method(reception.take());
    sendAnswer(stream, await answer);
  } catch (error) {
    endCall(
      stream,
      error instanceof CallError ? error : new CallError(status.internal, (error as Error).message),
    );
  } finally {
    reception.release();
  }
}
