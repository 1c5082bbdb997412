/**
 * Reads what a target sends into buffers that are used again, and writes them to the worker's connection: half the processor
 * time of a pipe, which has Node make a new buffer for every read and stop and start the flow between two of them.
 */
import type { OnReadOpts, Socket } from 'node:net';

const bufferBytes = 64 * 1024;
/** Buffers of one connection that wait to be taken; beyond, reading stops. */
const mostWaiting = 8;
/** Buffers without a use that are kept for the next. */
const mostKept = 64;
const kept: Buffer[] = [];

function giveBack(buffer: Buffer): void {
  if (kept.length < mostKept) kept.push(buffer);
}

interface Chunk {
  readonly buffer: Buffer;
  readonly length: number;
}

export class RelayReader {
  /** Option of `connect()` that has the connection read by this reader. */
  readonly onread: OnReadOpts;
  /** Came before there was anybody to take it; then reading stops. */
  #early: Chunk | undefined;
  #source: Socket | undefined;
  #sink: Socket | undefined;
  #onBytes: (bytes: number) => void = () => undefined;
  #waiting = 0;
  #isStopped = false;

  constructor() {
    this.onread = {
      buffer: () => kept.pop() ?? Buffer.allocUnsafeSlow(bufferBytes),
      callback: (length, buffer) => this.#pass({ length, buffer: buffer as Buffer }),
    };
  }

  /** Has somebody told of the bytes that were read, as they are passed on. */
  onBytes(listener: (bytes: number) => void): void {
    this.#onBytes = listener;
  }

  /** Writes all that is read to the sink, no faster than that takes it, and then its end. */
  pipe(source: Socket, sink: Socket): void {
    this.#source = source;
    this.#sink = sink;
    source.once('end', () => sink.end());
    if (this.#early !== undefined) this.#pass(this.#early);
    this.#early = undefined;
    this.#resume();
  }

  /** @returns false where reading has to stop */
  #pass(chunk: Chunk): boolean {
    const { buffer, length } = chunk;
    if (this.#sink === undefined) {
      this.#early = chunk;
      this.#isStopped = true;
      return false;
    }
    this.#waiting += 1;
    this.#onBytes(length);
    this.#sink.write(buffer.subarray(0, length), () => {
      this.#waiting -= 1;
      giveBack(buffer);
      this.#resume();
    });
    this.#isStopped = this.#waiting >= mostWaiting;
    return !this.#isStopped;
  }

  #resume(): void {
    if (!this.#isStopped || this.#waiting >= mostWaiting || this.#source?.destroyed !== false) return;
    this.#isStopped = false;
    this.#source.resume();
  }
}
