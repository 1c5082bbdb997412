/** The media type of a kept file: what the worker says, otherwise by the name's ending. */
import path from 'node:path';
import { MIMEType } from 'node:util';

const lengthLimit = 200;
const unknown = 'application/octet-stream';

const byEnding: Readonly<Record<string, string>> = {
  '.avif': 'image/avif',
  '.css': 'text/css',
  '.csv': 'text/csv',
  '.gif': 'image/gif',
  '.gz': 'application/gzip',
  '.htm': 'text/html',
  '.html': 'text/html',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.jsonl': 'application/jsonl',
  '.log': 'text/plain',
  '.md': 'text/markdown',
  '.mhtml': 'multipart/related',
  '.mp3': 'audio/mpeg',
  '.mp4': 'video/mp4',
  '.parquet': 'application/vnd.apache.parquet',
  '.pdf': 'application/pdf',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain',
  '.webm': 'video/webm',
  '.webp': 'image/webp',
  '.xlsx': 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  '.xml': 'application/xml',
  '.zip': 'application/zip',
};

/** What HTTP clients send when the program that uses them gives no type. */
const placeholders = new Set(['', unknown, 'application/x-www-form-urlencoded']);

/**
 * @param given the Content-Type of the upload; `''` without one
 * @returns type, subtype and charset; undefined if what is given is not a media type
 */
export function mediaTypeOf(given: string, name: string): string | undefined {
  if (placeholders.has(given.trim().toLowerCase()))
    return byEnding[path.posix.extname(name).toLowerCase()] ?? unknown;
  if (given.length > lengthLimit) return undefined;
  try {
    const { essence, params } = new MIMEType(given);
    const charset = params.get('charset');
    return charset === null || !/^[\w.:-]+$/.test(charset) ? essence : `${essence}; charset=${charset}`;
  } catch {
    return undefined;
  }
}
