/** Icons of workers: small images in formats that all browsers support, detected by their first bytes. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { ChelaError, invalidArgument } from '../errors.ts';
import { BlobNotFoundError, type Storage } from '../storage/storage.ts';
import type { WorkerBlobs } from './worker-blobs.ts';

const limitBytes = 256 * 1024;
/** Maximum length of an icon as a data URL. */
export const iconTextLimit = Math.ceil((limitBytes * 4) / 3) + 100;
const dataUrl = /^data:image\/(?:png|jpeg|gif|webp);base64,([A-Za-z0-9+/]+={0,2})$/;

/** Without SVG, which can contain scripts. */
const kinds = [
  { extension: 'png', mediaType: 'image/png', sign: /^\x89PNG\r\n/ },
  { extension: 'jpg', mediaType: 'image/jpeg', sign: /^\xFF\xD8\xFF/ },
  { extension: 'gif', mediaType: 'image/gif', sign: /^GIF8[79]a/ },
  { extension: 'webp', mediaType: 'image/webp', sign: /^RIFF[^]{4}WEBP/ },
] as const;

export interface WorkerIcon {
  readonly mediaType: string;
  readonly content: Buffer;
}

/**
 * Stores the image in a data URL.
 * @returns its key in the storage
 * @throws ChelaError INVALID_ARGUMENT if it is not such an image
 */
export async function storeIcon(storage: Storage, blobs: WorkerBlobs, text: string): Promise<string> {
  const [, encoded] = dataUrl.exec(text) ?? [];
  if (encoded === undefined) {
    throw invalidArgument('icon must be empty or a base64 data URL of a png, jpeg, gif or webp image');
  }
  const content = Buffer.from(encoded, 'base64');
  if (content.length > limitBytes)
    throw invalidArgument(`icon must not be larger than ${limitBytes / 1024} KiB`);
  const start = content.toString('latin1', 0, 16);
  const kind = kinds.find(({ sign }) => sign.test(start));
  if (kind === undefined) throw invalidArgument('icon is not a png, jpeg, gif or webp image');
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 32);
  const key = `icons/${hash}.${kind.extension}`;
  await blobs.claim(key);
  await storage.write(key, Readable.from([content]));
  return key;
}

/** @throws ChelaError NOT_FOUND */
export async function readIcon(storage: Storage, key: string): Promise<WorkerIcon> {
  const kind = kinds.find(({ extension }) => key.endsWith(`.${extension}`));
  const content = await storage
    .read(key)
    .then(buffer)
    .catch((error: unknown) => {
      if (error instanceof BlobNotFoundError) return undefined;
      throw error;
    });
  if (kind === undefined || content === undefined)
    throw new ChelaError('NOT_FOUND', 'this worker has no icon');
  return { mediaType: kind.mediaType, content };
}
