/** Compresses answers for clients that accept it. */
import compress from '@fastify/compress';
import { constants } from 'node:zlib';
import type { ApiApp } from './api-context.ts';

/** Smaller answers gain less than their compression costs. */
const threshold = 1024;
/** Answers up to this size are compressed at once, larger ones in threads. */
const syncThreshold = 16 * 1024;

const compressedTypes = /^(?:text\/(?!event-stream)|application\/(?:json|[\w.+-]*(?:json|xml))\b)/;

/**
 * Fast levels: an answer is compressed once per request. Event streams are left alone, because their events must not
 * wait for each other; routes that answer with parts of files turn compression off.
 */
export async function addCompression(app: ApiApp): Promise<void> {
  await app.register(compress, {
    encodings: ['br', 'gzip'],
    threshold,
    syncThreshold,
    customTypes: (type) => compressedTypes.test(type),
    brotliOptions: { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } },
    zlibOptions: { level: 4 },
  });
}
