/**
 * Holds a stream back: its sender gets no further window, so it can send what its window still has and no more. Node's own
 * `pause()` does not do that: a paused stream fills its buffer first, and the window opens as it does.
 */
import type { ServerHttp2Stream } from 'node:http2';

function readNothing(): void {
  // What opens the window is Node's `_read`.
}

export class HeldStream {
  readonly #stream: ServerHttp2Stream;
  readonly #onData: (chunk: Buffer) => void;

  /** @param onData listener of the stream's data; it is called with what still comes, too */
  constructor(stream: ServerHttp2Stream, onData: (chunk: Buffer) => void) {
    this.#stream = stream;
    this.#onData = onData;
    stream.off('data', onData);
    stream.pause();
    stream._read = readNothing;
    stream.on('readable', this.#drain);
  }

  /** Lets the stream flow again. */
  release(): void {
    const stream = this.#stream;
    stream.off('readable', this.#drain);
    // The one of its class comes back.
    Reflect.deleteProperty(stream, '_read');
    stream.on('data', this.#onData);
    stream.resume();
    if (!stream.destroyed) stream._read(0);
  }

  readonly #drain = (): void => {
    for (;;) {
      const chunk = this.#stream.read() as Buffer | null;
      if (chunk === null) return;
      this.#onData(chunk);
    }
  };
}
