/**
 * Reads the messages of a handshake from a connection. The bytes after them stay in the stream. Reading rejects if the
 * stream ends or fails. Callers that need a time limit destroy the stream.
 */
import type { Readable } from 'node:stream';

const headEnd = '\r\n\r\n';

/** Resolves when there are new bytes to read. */
async function readable(stream: Readable): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const fail = (): void =>
    reject(stream.errored ?? new Error('the connection was closed during the handshake'));
  if (stream.destroyed || stream.readableEnded) fail();
  stream.once('readable', resolve).once('end', fail).once('close', fail);
  await promise.finally(() => {
    stream.off('readable', resolve).off('end', fail).off('close', fail);
  });
}

/**
 * Reads all available bytes. If some were left in the stream, `readable` would be emitted again immediately, and the
 * event loop would never read more from the connection.
 */
async function readAvailable(stream: Readable): Promise<Buffer> {
  for (;;) {
    const bytes = stream.read() as Buffer | null;
    if (bytes !== null) return bytes;
    await readable(stream);
  }
}

/** Reads exactly `count` bytes. */
export async function readBytes(stream: Readable, count: number): Promise<Buffer> {
  let bytes: Buffer = Buffer.alloc(0);
  while (bytes.length < count) bytes = Buffer.concat([bytes, await readAvailable(stream)]);
  if (bytes.length > count) stream.unshift(bytes.subarray(count));
  return bytes.subarray(0, count);
}

/** Reads the head of an HTTP message, without the empty line at its end. Rejects if it exceeds the limit. */
export async function readHead(stream: Readable, limitBytes: number): Promise<string> {
  let head: Buffer = Buffer.alloc(0);
  for (;;) {
    const searched = Math.max(0, head.length - headEnd.length);
    head = Buffer.concat([head, await readAvailable(stream)]);
    const end = head.indexOf(headEnd, searched);
    if (end >= 0) {
      const rest = head.subarray(end + headEnd.length);
      if (rest.length > 0) stream.unshift(rest);
      return head.toString('latin1', 0, end);
    }
    if (head.length > limitBytes) throw new Error(`the headers are larger than ${limitBytes} bytes`);
  }
}
