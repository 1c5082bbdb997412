/** Compressed gRPC messages. */
import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { CallError, status } from './grpc-status.ts';

const decompressors = new Map([
  ['gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
]);

/** Value of the header `grpc-accept-encoding`. */
export const acceptedEncodings = ['identity', ...decompressors.keys()].join(',');

/**
 * @returns undefined if it is larger than the limit
 * @throws CallError if it is not compressed as its header says, or the compression is not supported
 */
export async function decompress(
  content: Buffer,
  encoding: string,
  limitBytes: number,
): Promise<Buffer | undefined> {
  const decompressor = decompressors.get(encoding);
  if (decompressor === undefined) {
    throw encoding === 'identity'
      ? new CallError(
          status.internal,
          'a message is marked as compressed, but the call has no grpc-encoding header',
        )
      : new CallError(status.unimplemented, `messages compressed with ${encoding} are not supported`);
  }
  try {
    return await decompressor(content, { maxOutputLength: limitBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return undefined;
    throw new CallError(status.internal, `a message could not be decompressed with ${encoding}`);
  }
}
