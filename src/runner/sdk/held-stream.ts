/**
 * Holds a stream back: its sender gets no further flow-control window, so it can send only the rest of its current one.
 * Node's `pause()` does not do that: a paused stream first fills its buffer, which opens the window.
 */
import type { ServerHttp2Stream } from 'node:http2';

function readNothing(): void {
  // Node's `_read` is what opens the window.
}

export class HeldStream {
  readonly #stream: ServerHttp2Stream;
  readonly #onData: (chunk: Buffer) => void;

  /** @param onData listener of the stream's data, also called with data that still arrives */
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
    // Uncovers the method of its class.
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
