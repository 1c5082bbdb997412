/**
 * Reads the beginning of a connection in pieces of known form. What follows stays in the stream for whoever reads on. A
 * stream that ends or breaks in between rejects; limits on time are the caller's, by destroying the stream.
 */
import type { Readable } from 'node:stream';

const headEnd = '\r\n\r\n';

/** Resolves when there is something new to read. */
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
 * Takes all there is. Bytes left in the stream would announce themselves again at once to whoever waits for more, and so
 * keep the event loop from fetching these.
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

/** Reads the head of an HTTP message, without the empty line that ends it. Rejects beyond the limit. */
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
