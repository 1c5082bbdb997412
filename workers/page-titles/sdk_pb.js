'use strict';

/**
 * The messages of coresdk.proto in the Protocol Buffers wire format. They contain only strings and small integers, so
 * this file replaces a protobuf library, which would take longer to install and start.
 */

const wireTypes = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 };

/** @param {number} value a whole number from 0 to 2^31 - 1 */
function encodeVarint(value) {
  const bytes = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** A string or embedded message field. As in any proto3 encoder, an empty string takes no bytes. */
function encodeField(number, content) {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
  if (content === '') return bytes;
  return Buffer.concat([encodeVarint((number << 3) | wireTypes.bytes), encodeVarint(bytes.length), bytes]);
}

/** Decodes a varint as an int32; bits beyond the 32nd of a negative number only repeat its sign. */
function decodeVarint(buffer, start) {
  let value = 0;
  for (let offset = start, shift = 0; offset < buffer.length; offset += 1, shift += 7) {
    const byte = buffer[offset];
    if (shift < 32) value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return { value, end: offset + 1 };
  }
  throw new RangeError('message ends inside a number');
}

/** The value of the field at `start`: a number, a Buffer, or undefined for wire types that no message uses. */
function decodeValue(buffer, start, wireType) {
  switch (wireType) {
    case wireTypes.varint:
      return decodeVarint(buffer, start);
    case wireTypes.fixed64:
      return { value: undefined, end: start + 8 };
    case wireTypes.fixed32:
      return { value: undefined, end: start + 4 };
    case wireTypes.bytes: {
      const length = decodeVarint(buffer, start);
      const end = length.end + length.value;
      if (length.value < 0 || end > buffer.length) throw new RangeError('message ends inside a text');
      return { value: buffer.subarray(length.end, end), end };
    }
    default:
      throw new RangeError(`unknown wire type ${wireType}`);
  }
}

/** All fields of a message by number. The last value wins; unknown fields are kept. */
function decodeFields(buffer) {
  const fields = new Map();
  let offset = 0;
  while (offset < buffer.length) {
    const tag = decodeVarint(buffer, offset);
    const field = decodeValue(buffer, tag.end, tag.value & 7);
    fields.set(tag.value >>> 3, field.value);
    offset = field.end;
  }
  return fields;
}

/** Every response has a code in field 1 and a text in field 2. */
function decodeCodeAndText(buffer) {
  const fields = decodeFields(buffer);
  return { code: fields.get(1) ?? 0, text: fields.get(2)?.toString('utf8') ?? '' };
}

module.exports = {
  encodeEmpty: () => Buffer.alloc(0),

  /** @param {{jsonString: string}} data */
  encodeData: ({ jsonString }) => encodeField(1, jsonString),

  /** @param {{log: string}} line */
  encodeLogLine: ({ log }) => encodeField(1, log),

  /** @param {{headers: {label: string, key: string, format: string}[]}} tableHeader */
  encodeTableHeader: ({ headers }) =>
    Buffer.concat(
      headers.map(({ label, key, format }) =>
        encodeField(1, Buffer.concat([encodeField(1, label), encodeField(2, key), encodeField(3, format)])),
      ),
    ),

  /** @returns {{code: number, jsonString: string}} */
  decodeInputResponse(buffer) {
    const { code, text } = decodeCodeAndText(buffer);
    return { code, jsonString: text };
  },

  /** @returns {{code: number, message: string}} */
  decodeResponse(buffer) {
    const { code, text } = decodeCodeAndText(buffer);
    return { code, message: text };
  },
};
