/** Sends the content of a kept file. Workers choose its type and content, so no browser may run it as a page of this server. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { ChelaError } from '../errors.ts';
import type { FileRecord, Files } from '../files/files.ts';
import type { ByteRange } from '../storage/storage.ts';
import { attachment, inline } from './content-disposition.ts';

/** Types that browsers only show. All others are downloaded. */
const shownTypes = new Set(['image/avif', 'image/gif', 'image/jpeg', 'image/png', 'image/webp']);

/**
 * The type to answer with. Scripts of this server may run in the console, so a page of it that is tricked into loading
 * one must not find any here: with `nosniff`, browsers run only files with a type of JavaScript.
 */
function answeredType(mediaType: string): string {
  return mediaType.replace(/^[^;]*(?:java|ecma|live|j)script[^;]*/, 'text/plain');
}

/** How long a redirect to the store may take to be followed. */
export const directLinkSeconds = 300;

function baseName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

/**
 * Reads a Range header with one range. Others are ignored, as HTTP allows.
 * @returns undefined for the whole file
 * @throws ChelaError RANGE_NOT_SATISFIABLE
 */
function rangeOf(header: string | undefined, sizeBytes: number): ByteRange | undefined {
  const [, from = '', to = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? [];
  if (from === '' && to === '') return undefined;
  const start = from === '' ? Math.max(0, sizeBytes - Number(to)) : Number(from);
  const end = from === '' || to === '' ? sizeBytes - 1 : Math.min(Number(to), sizeBytes - 1);
  if (from !== '' && to !== '' && Number(to) < Number(from)) return undefined;
  if (start > end) {
    throw new ChelaError(
      'RANGE_NOT_SATISFIABLE',
      `the range is outside the file, which has ${sizeBytes} bytes`,
    );
  }
  return { start, end };
}

/** Answers with the file, or the part of it that the request asks for. */
export async function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  files: Files,
  file: FileRecord,
): Promise<FastifyReply> {
  const etag = `"${file.sha256.toString('hex')}"`;
  const { range: wanted, 'if-range': ifRange, 'if-none-match': known } = request.headers;
  const disposition = shownTypes.has(file.media_type) ? inline : attachment;
  void reply
    .header('etag', etag)
    .header('accept-ranges', 'bytes')
    .header('cache-control', 'private, no-cache')
    .header('x-content-type-options', 'nosniff')
    .header('content-security-policy', "default-src 'none'; sandbox");
  if (known === etag) return reply.code(304).send();
  if (disposition === attachment && request.method === 'GET') {
    const link = await files.link(file, {
      lifetimeSeconds: directLinkSeconds,
      mediaType: answeredType(file.media_type),
      disposition: disposition(baseName(file.name)),
    });
    if (link !== undefined) return reply.header('cache-control', 'no-store').redirect(link);
  }
  const size = file.size_bytes;
  void reply.header('content-range', `bytes */${size}`);
  const range = ifRange === undefined || ifRange === etag ? rangeOf(wanted, size) : undefined;
  void reply.removeHeader('content-range');
  if (range !== undefined)
    void reply.code(206).header('content-range', `bytes ${range.start}-${range.end}/${size}`);
  void reply
    .type(answeredType(file.media_type))
    .header('content-disposition', disposition(baseName(file.name)))
    .header('content-length', range === undefined ? size : range.end - range.start + 1);
  // An empty stream keeps the header with the size.
  if (request.method === 'HEAD') return reply.send(Readable.from([]));
  return reply.send(await files.content(file, range));
}
