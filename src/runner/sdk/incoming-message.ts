/**
 * The single message of a call while it arrives: a flag, a four-byte size, the content. Bytes are copied into one
 * growing buffer, because chunks from the socket are views into larger buffers: a worker that sends its message byte by
 * byte among other data would make the runner keep all of that.
 */
const prefixBytes = 5;
const firstBufferBytes = 16 * 1024;

export interface Announcement {
  readonly flag: number;
  readonly sizeBytes: number;
}

export class IncomingMessage {
  #announced: Announcement | undefined;
  #prefix = Buffer.alloc(0);
  #content: Buffer = Buffer.alloc(0);
  #receivedBytes = 0;
  #isOverlong = false;

  /** Known once the prefix has arrived. */
  get announced(): Announcement | undefined {
    return this.#announced;
  }

  get isBegun(): boolean {
    return this.#announced !== undefined || this.#prefix.length > 0;
  }

  get isComplete(): boolean {
    return this.#receivedBytes === this.#announced?.sizeBytes;
  }

  /** Whether more arrived than was announced. */
  get isOverlong(): boolean {
    return this.#isOverlong;
  }

  write(chunk: Buffer): void {
    if (this.#announced !== undefined) {
      this.#add(chunk, this.#announced.sizeBytes);
      return;
    }
    const start = this.#prefix.length === 0 ? chunk : Buffer.concat([this.#prefix, chunk]);
    if (start.length < prefixBytes) {
      this.#prefix = Buffer.from(start);
      return;
    }
    this.#announced = { flag: start.readUInt8(0), sizeBytes: start.readUInt32BE(1) };
    this.#prefix = Buffer.alloc(0);
    this.#add(start.subarray(prefixBytes), this.#announced.sizeBytes);
  }

  /** Returns the content and releases it. */
  take(): Buffer {
    const content = this.#content.subarray(0, this.#receivedBytes);
    this.discard();
    return content;
  }

  /** Drops the content. */
  discard(): void {
    this.#content = Buffer.alloc(0);
  }

  #add(chunk: Buffer, sizeBytes: number): void {
    const receivedBytes = this.#receivedBytes + chunk.length;
    if (receivedBytes > sizeBytes) {
      this.#isOverlong = true;
      return;
    }
    if (receivedBytes > this.#content.length) {
      const grown = Buffer.allocUnsafe(
        Math.min(sizeBytes, Math.max(receivedBytes, 2 * this.#content.length, firstBufferBytes)),
      );
      this.#content.copy(grown, 0, 0, this.#receivedBytes);
      this.#content = grown;
    }
    chunk.copy(this.#content, this.#receivedBytes);
    this.#receivedBytes = receivedBytes;
  }
}
