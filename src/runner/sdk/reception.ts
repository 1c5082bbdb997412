/** Receives the message of a call once there is memory for it. */
import type { ServerHttp2Stream } from 'node:http2';
import type { Admission, SubtaskBudget } from './message-budget.ts';
import { HeldStream } from './held-stream.ts';
import { IncomingMessage, type Announcement } from './incoming-message.ts';
import { CallError, status } from './grpc-status.ts';

/** The result of receiving a message. */
export type Received =
  | { readonly kind: 'message'; readonly isCompressed: boolean }
  /** Larger than the limit; nothing was kept. */
  | { readonly kind: 'too large'; readonly sizeBytes: number }
  /** The call ended before its message was complete. */
  | { readonly kind: 'gone' };

export interface ReceptionLimits {
  readonly messageLimitBytes: number;
  readonly budget: SubtaskBudget;
}

const compressedFlag = 1;
/** Maximum expansion factor of gzip and deflate. */
const largestExpansion = 1032;

export class Reception {
  readonly #stream: ServerHttp2Stream;
  readonly #limits: ReceptionLimits;
  readonly #message = new IncomingMessage();
  readonly #settled = Promise.withResolvers<Received>();
  #admission: Admission | undefined;
  #isAdmitted = false;
  #hasEnded = false;

  constructor(stream: ServerHttp2Stream, limits: ReceptionLimits) {
    this.#stream = stream;
    this.#limits = limits;
    stream.on('data', this.#receive);
    stream.once('end', () => {
      this.#hasEnded = true;
      this.#settle();
    });
    stream.once('close', () => this.#settled.resolve({ kind: 'gone' }));
  }

  /** Resolves once the message is complete and there is memory for it. @throws CallError for no message, or several */
  async received(): Promise<Received> {
    return this.#settled.promise;
  }

  /** Returns the content of a received message and releases it. */
  take(): Buffer {
    return this.#message.take();
  }

  /** Releases the memory. Idempotent. */
  release(): void {
    this.#message.discard();
    this.#admission?.release();
  }

  readonly #receive = (chunk: Buffer): void => {
    const wasAnnounced = this.#message.announced !== undefined;
    this.#message.write(chunk);
    const { announced } = this.#message;
    if (announced !== undefined && !wasAnnounced) this.#ask(announced);
  };

  #ask({ flag, sizeBytes }: Announcement): void {
    const { messageLimitBytes, budget } = this.#limits;
    if (sizeBytes > messageLimitBytes) {
      // Reads and discards the rest, so that the client, which does not know the limit, can finish its call.
      this.#message.discard();
      this.#stream.off('data', this.#receive).resume();
      return;
    }
    let held: HeldStream | undefined;
    const largestBytes = flag === compressedFlag ? sizeBytes * largestExpansion : sizeBytes;
    const admission = budget.admit(Math.min(largestBytes, messageLimitBytes), () => {
      this.#isAdmitted = true;
      held?.release();
      this.#settle();
    });
    this.#admission = admission;
    if (!this.#isAdmitted) held = new HeldStream(this.#stream, this.#receive);
  }

  #settle(): void {
    if (!this.#hasEnded) return;
    const { announced, isComplete, isOverlong } = this.#message;
    const { resolve, reject } = this.#settled;
    if (announced !== undefined && announced.sizeBytes > this.#limits.messageLimitBytes) {
      resolve({ kind: 'too large', sizeBytes: announced.sizeBytes });
    } else if (announced === undefined || isOverlong) {
      reject(new CallError(status.unimplemented, 'calls of this method must have exactly one message'));
    } else if (!isComplete) {
      reject(new CallError(status.internal, 'the call ended in the middle of a message'));
    } else if (announced.flag > compressedFlag) {
      reject(new CallError(status.internal, `a message has the unknown flag ${announced.flag}`));
    } else if (this.#isAdmitted) {
      resolve({ kind: 'message', isCompressed: announced.flag === compressedFlag });
    }
  }
}
