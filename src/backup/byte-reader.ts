/** Reads a stream of pieces of any size by numbers of bytes, and by lines. Buffers no more than was asked for. */
export class ByteReader {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  /** @returns that many bytes; fewer at the end of the stream */
  async upTo(sizeBytes: number): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    let missing = sizeBytes;
    while (missing > 0) {
      const piece = await this.#next();
      if (piece === undefined) break;
      const taken = piece.subarray(0, missing);
      this.#rest = piece.subarray(taken.length);
      missing -= taken.length;
      parts.push(taken);
    }
    return Buffer.concat(parts);
  }

  /** @returns the text up to the next line feed; undefined if there is none within the limit */
  async line(limitBytes: number): Promise<string | undefined> {
    const bytes: number[] = [];
    while (bytes.length < limitBytes) {
      const [byte] = await this.upTo(1);
      if (byte === undefined) return undefined;
      if (byte === 0x0a) return Buffer.from(bytes).toString();
      bytes.push(byte);
    }
    return undefined;
  }

  /** Ends the stream before its end. */
  async close(): Promise<void> {
    await this.#pieces.return?.();
  }

  /** What is left of the last piece, or the next one. */
  async #next(): Promise<Uint8Array | undefined> {
    while (this.#rest.length === 0) {
      const { done, value } = await this.#pieces.next();
      if (done === true) return undefined;
      this.#rest = value;
    }
    const piece = this.#rest;
    this.#rest = new Uint8Array(0);
    return piece;
  }
}
