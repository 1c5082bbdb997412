/**
 * Reads and writes the messages of `protos/` by hand. Each consists of a few strings, and a general protobuf library
 * would cost more than everything else in a call.
 */

export interface HeaderField {
  readonly label: string;
  readonly key: string;
  readonly format: string;
}

const varint = 0;
const fixed64 = 1;
const lengthDelimited = 2;
const fixed32 = 5;

class MessageReader {
  readonly #bytes: Buffer;
  #position = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#position >= this.#bytes.length;
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; scale < 2 ** 63; scale *= 128) {
      const byte = this.#bytes[this.#position];
      if (byte === undefined) break;
      this.#position += 1;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    throw new RangeError('broken protobuf message: a number does not end');
  }

  bytes(): Buffer {
    const length = this.varint();
    const end = this.#position + length;
    if (end > this.#bytes.length)
      throw new RangeError('broken protobuf message: a field is longer than the message');
    const content = this.#bytes.subarray(this.#position, end);
    this.#position = end;
    return content;
  }

  /** Skips a field that this version does not know. */
  skip(wireType: number): void {
    if (wireType === varint) this.varint();
    else if (wireType === fixed64) this.#position += 8;
    else if (wireType === lengthDelimited) this.bytes();
    else if (wireType === fixed32) this.#position += 4;
    else throw new RangeError(`broken protobuf message: wire type ${wireType} does not exist`);
  }
}

/** Calls `visit` with each length-delimited field; skips others. */
function forEachField(message: Buffer, visit: (field: number, content: Buffer) => void): void {
  const reader = new MessageReader(message);
  while (!reader.atEnd) {
    const tag = reader.varint();
    const wireType = tag % 8;
    if (wireType === lengthDelimited) visit(Math.floor(tag / 8), reader.bytes());
    else reader.skip(wireType);
  }
}

/** `{string = 1}`: a row or a log line. @throws RangeError if the bytes are not a protobuf message */
export function decodeText(message: Buffer): string {
  let text = '';
  forEachField(message, (field, content) => {
    if (field === 1) text = content.toString('utf8');
  });
  return text;
}

/** `TableHeader`. @throws RangeError if the bytes are not a protobuf message */
export function decodeHeaders(message: Buffer): HeaderField[] {
  const headers: HeaderField[] = [];
  forEachField(message, (field, content) => {
    if (field !== 1) return;
    const item = { label: '', key: '', format: '' };
    const names = [undefined, 'label', 'key', 'format'] as const;
    forEachField(content, (itemField, itemContent) => {
      const name = names[itemField];
      if (name !== undefined) item[name] = itemContent.toString('utf8');
    });
    headers.push(item);
  });
  return headers;
}

function encodeVarint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** `{code = 1, string = 2}`: every answer, including the input. @param code not negative */
export function encodeAnswer(code: number, text: string): Buffer {
  const content = Buffer.from(text, 'utf8');
  const start = code === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([8]), encodeVarint(code)]);
  if (content.length === 0) return start;
  return Buffer.concat([start, Buffer.from([18]), encodeVarint(content.length), content]);
}
