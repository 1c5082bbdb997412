/** DNS messages (RFC 1035) for a server that has only A, AAAA and PTR records. */
import { isIPv6 } from 'node:net';

export const recordTypes = { a: 1, ptr: 12, aaaa: 28, any: 255 } as const;

export const responseCodes = {
  done: 0,
  malformed: 1,
  failed: 2,
  noSuchName: 3,
  notImplemented: 4,
  refused: 5,
} as const;

export type ResponseCode = (typeof responseCodes)[keyof typeof responseCodes];

export interface Question {
  /** In lower case, without a final dot; empty for the root. */
  readonly name: string;
  readonly type: number;
}

export interface AnswerRecord {
  readonly type: number;
  readonly data: Buffer;
}

/** A parsed query: its question, or the error code to answer with. */
export type Reading =
  | { readonly question: Question; readonly end: number }
  | { readonly refusal: ResponseCode }
  /** Not a query: it gets no answer. */
  | undefined;

const headerBytes = 12;
const classInternet = 1;
const classAny = 255;
const flags = {
  response: 0x8000,
  opcode: 0x7800,
  recursionDesired: 0x0100,
  recursionAvailable: 0x0080,
} as const;
/** A compression pointer to the name of the question. */
const nameOfQuestion = 0xc0_0c;
const longestLabel = 63;
const longestName = 255;

/** @returns the labels at an offset and the offset after them; undefined if they are malformed */
function readLabels(message: Buffer, offset: number): { labels: string[]; end: number } | undefined {
  const labels: string[] = [];
  for (let at = offset; at < message.length && at - offset < longestName;) {
    const length = message.readUInt8(at);
    if (length === 0) return { labels, end: at + 1 };
    if (length > longestLabel || at + 1 + length > message.length) return undefined;
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return undefined;
}

export function readQuestion(message: Buffer): Reading {
  if (message.length < headerBytes) return undefined;
  const flagBits = message.readUInt16BE(2);
  if ((flagBits & flags.response) !== 0) return undefined;
  if ((flagBits & flags.opcode) !== 0) return { refusal: responseCodes.notImplemented };
  if (message.readUInt16BE(4) !== 1) return { refusal: responseCodes.malformed };
  const read = readLabels(message, headerBytes);
  if (read === undefined || read.end + 4 > message.length) return { refusal: responseCodes.malformed };
  // A dot within a label could not be told from one between labels.
  if (read.labels.some((label) => label.includes('.'))) return { refusal: responseCodes.noSuchName };
  const questionClass = message.readUInt16BE(read.end + 2);
  if (questionClass !== classInternet && questionClass !== classAny)
    return { refusal: responseCodes.refused };
  const name = read.labels.join('.').toLowerCase();
  return { question: { name, type: message.readUInt16BE(read.end) }, end: read.end + 4 };
}

/**
 * @param message the query
 * @param parts `end` is where its question ends, which is repeated; without it the answer has no question
 */
export function writeAnswer(message: Buffer, code: ResponseCode, parts: Partial<AnswerParts> = {}): Buffer {
  const { end = headerBytes, records = [], seconds = 0 } = parts;
  const header = Buffer.alloc(headerBytes);
  message.copy(header, 0, 0, 2);
  const asked = message.readUInt16BE(2) & (flags.opcode | flags.recursionDesired);
  header.writeUInt16BE(asked | flags.response | flags.recursionAvailable | code, 2);
  header.writeUInt16BE(end > headerBytes ? 1 : 0, 4);
  header.writeUInt16BE(records.length, 6);
  const answers = records.flatMap(({ type, data }) => {
    const head = Buffer.alloc(12);
    head.writeUInt16BE(nameOfQuestion, 0);
    head.writeUInt16BE(type, 2);
    head.writeUInt16BE(classInternet, 4);
    head.writeUInt32BE(seconds, 6);
    head.writeUInt16BE(data.length, 10);
    return [head, data];
  });
  return Buffer.concat([header, message.subarray(headerBytes, end), ...answers]);
}

export interface AnswerParts {
  readonly end: number;
  readonly records: readonly AnswerRecord[];
  /** Time to live of the records. */
  readonly seconds: number;
}

function groupsIn(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}

/** The eight groups of an IPv6 address without an IPv4 part. */
function groupsOf(address: string): number[] {
  const [before = [], after = []] = address.split('::').map(groupsIn);
  const missing = 8 - before.length - after.length;
  return [...before, ...Array.from({ length: missing }, () => 0), ...after];
}

export function addressRecord(address: string): AnswerRecord {
  if (!isIPv6(address)) return { type: recordTypes.a, data: Buffer.from(address.split('.').map(Number)) };
  const data = Buffer.alloc(16);
  for (const [index, group] of groupsOf(address).entries()) data.writeUInt16BE(group, index * 2);
  return { type: recordTypes.aaaa, data };
}

export function nameRecord(name: string): AnswerRecord {
  const labels = name.split('.').filter((label) => label !== '');
  const data = [...labels, ''].flatMap((label) => [
    Buffer.from([label.length]),
    Buffer.from(label, 'latin1'),
  ]);
  return { type: recordTypes.ptr, data: Buffer.concat(data) };
}

/** The address of a reverse name such as `4.3.2.1.in-addr.arpa`, in canonical form. */
export function reversedAddress(name: string): string | undefined {
  if (name.endsWith('.in-addr.arpa')) {
    const parts = name.split('.').slice(0, -2).toReversed();
    return parts.length === 4 ? parts.join('.') : undefined;
  }
  const digits = name.split('.').slice(0, -2).toReversed();
  if (!name.endsWith('.ip6.arpa') || digits.length !== 32) return undefined;
  const groups = Array.from({ length: 8 }, (_, index) => digits.slice(index * 4, index * 4 + 4).join(''));
  const url = URL.parse(`http://[${groups.join(':')}]/`);
  return url?.hostname.slice(1, -1);
}
