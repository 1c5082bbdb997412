/**
 * Bounds the time that one subtask's requests take in the runner's event loop. A body in chunks of one byte costs
 * thousands of times more than the same number of bytes in one piece, so the bytes are parsed in slices, one in each
 * turn of the event loop. Expensive slices get smaller, and are followed by a pause.
 */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

const smallestSlice = 2 * 1024;
const largestSlice = 16 * 1024;
/** Time that parsing a slice may take. */
const expensiveMilliseconds = 2;
/** Length of the pause after an expensive slice, in multiples of its time. */
const pauseFactor = 9;

/** The turns of all connections of one subtask. */
export class Pace {
  sliceBytes = smallestSlice;
  #waiting: (() => void)[] = [];
  #isScheduled = false;

  /** Calls `feed` in a later turn of the event loop. It parses a slice of `sliceBytes`. */
  next(feed: () => void): void {
    this.#waiting.push(feed);
    if (!this.#isScheduled) this.#schedule(0);
  }

  #schedule(pauseMilliseconds: number): void {
    this.#isScheduled = true;
    if (pauseMilliseconds === 0) setImmediate(() => this.#turn());
    else setTimeout(() => this.#turn(), pauseMilliseconds);
  }

  #turn(): void {
    const began = performance.now();
    this.#waiting.shift()?.();
    const took = performance.now() - began;
    const isExpensive = took > expensiveMilliseconds;
    this.sliceBytes = isExpensive ? smallestSlice : Math.min(largestSlice, this.sliceBytes * 2);
    this.#isScheduled = false;
    if (this.#waiting.length > 0 || isExpensive) this.#schedule(isExpensive ? took * pauseFactor : 0);
  }
}

/** A connection whose bytes arrive at the pace of its subtask. */
export class PacedConnection extends Duplex {
  readonly #socket: Socket;
  readonly #pace: Pace;
  #received: Buffer = Buffer.alloc(0);
  #isWanted = false;
  #isFeeding = false;
  #hasEnded = false;

  constructor(socket: Socket, pace: Pace) {
    // Holds one slice, because slices that accumulate would be parsed together.
    super({ allowHalfOpen: true, readableHighWaterMark: 1 });
    this.#socket = socket;
    this.#pace = pace;
    socket.on('data', (chunk: Buffer) => {
      socket.pause();
      this.#received = chunk;
      this.#feedSoon();
    });
    socket.once('end', () => {
      this.#hasEnded = true;
      this.#feedSoon();
    });
    // Followed by 'close'.
    socket.on('error', () => undefined);
    // What arrived before the end is still delivered.
    socket.once('close', () => {
      if (!this.#hasEnded) this.destroy();
    });
  }

  override _read(): void {
    this.#isWanted = true;
    this.#feedSoon();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done);
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }

  #feedSoon(): void {
    if (this.#isFeeding || !this.#isWanted) return;
    if (this.#received.length === 0 && !this.#hasEnded) {
      this.#socket.resume();
      return;
    }
    this.#isFeeding = true;
    this.#pace.next(() => this.#feed());
  }

  #feed(): void {
    this.#isFeeding = false;
    if (this.destroyed) return;
    if (this.#received.length === 0) {
      this.push(null);
      return;
    }
    const slice = this.#received.subarray(0, this.#pace.sliceBytes);
    this.#received = this.#received.subarray(slice.length);
    this.#isWanted = this.push(slice);
    this.#feedSoon();
  }
}
