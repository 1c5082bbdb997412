/**
 * Framing of DevTools messages on a connection to a browser: NUL-terminated texts (pipe), or WebSocket frames (debugging
 * port). Messages from the browser are decoded in pieces as they arrive, so they may be of any length.
 */

export interface Piece {
  readonly bytes: Buffer;
  /** Whether it is the last piece of its message. */
  readonly isLast: boolean;
}

export interface Framing {
  /** Encodes a message to the browser. */
  encode(message: Buffer): readonly Buffer[];
  /** Decodes a chunk from the browser into pieces of messages. */
  decode(chunk: Buffer): Iterable<Piece>;
}

const separator = 0;

/** Framing of the pipe. */
export class PipeFraming implements Framing {
  encode(message: Buffer): readonly Buffer[] {
    return [message, Buffer.of(separator)];
  }

  *decode(chunk: Buffer): Iterable<Piece> {
    let begin = 0;
    while (begin < chunk.length) {
      const end = chunk.indexOf(separator, begin);
      const isLast = end !== -1;
      const bytes = chunk.subarray(begin, isLast ? end : chunk.length);
      yield { bytes, isLast };
      begin += bytes.length + 1;
    }
  }
}

/** Bits and codes of RFC 6455, section 5.2. */
const finalBit = 0x80;
const maskBit = 0x80;
const textOpcode = 0x1;
const firstControlOpcode = 0x8;
const lengthIn16Bits = 126;
const lengthIn64Bits = 127;
/** Clients must mask their messages. This mask leaves them unchanged. */
const emptyMask = Buffer.alloc(4);

/** Framing of a WebSocket to the debugging port, after its handshake. */
export class SocketFraming implements Framing {
  #header = Buffer.alloc(0);
  #unreadBytes = 0;
  #isFinal = false;
  #isControl = false;

  encode(message: Buffer): readonly Buffer[] {
    return [headerOf(message.length), emptyMask, message];
  }

  *decode(chunk: Buffer): Iterable<Piece> {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#unreadBytes === 0) {
        const before = this.#header.length;
        this.#header = Buffer.concat([this.#header, rest.subarray(0, 10 - before)]);
        const length = payloadLength(this.#header);
        if (length === undefined) return;
        rest = rest.subarray(length.headerBytes - before);
        const [first = 0] = this.#header;
        this.#header = Buffer.alloc(0);
        this.#isFinal = (first & finalBit) !== 0;
        this.#isControl = (first & 0xf) >= firstControlOpcode;
        this.#unreadBytes = length.payloadBytes;
      }
      const bytes = rest.subarray(0, this.#unreadBytes);
      rest = rest.subarray(bytes.length);
      this.#unreadBytes -= bytes.length;
      // Control frames are dropped: the browser sends one only before it closes the connection.
      if (!this.#isControl) yield { bytes, isLast: this.#isFinal && this.#unreadBytes === 0 };
    }
  }
}

function headerOf(length: number): Buffer {
  const first = finalBit | textOpcode;
  if (length < lengthIn16Bits) return Buffer.of(first, maskBit | length);
  if (length <= 0xffff) {
    const header = Buffer.of(first, maskBit | lengthIn16Bits, 0, 0);
    header.writeUInt16BE(length, 2);
    return header;
  }
  const header = Buffer.alloc(10);
  header.set([first, maskBit | lengthIn64Bits]);
  header.writeBigUInt64BE(BigInt(length), 2);
  return header;
}

/** @returns undefined if the header is not complete */
function payloadLength(
  header: Buffer,
): { readonly headerBytes: number; readonly payloadBytes: number } | undefined {
  const [, second] = header;
  if (second === undefined) return undefined;
  const short = second & 0x7f;
  if (short < lengthIn16Bits) return { headerBytes: 2, payloadBytes: short };
  const headerBytes = short === lengthIn16Bits ? 4 : 10;
  if (header.length < headerBytes) return undefined;
  const payloadBytes = headerBytes === 4 ? header.readUInt16BE(2) : Number(header.readBigUInt64BE(2));
  return { headerBytes, payloadBytes };
}
