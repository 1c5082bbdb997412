/** What a container prints, as the Docker Engine sends it: frames of both streams on one connection. */
import { once } from 'node:events';
import { PassThrough, type Readable } from 'node:stream';

const headerBytes = 8;
const standardError = 2;

export interface ContainerOutput {
  readonly stdout: Readable;
  readonly stderr: Readable;
}

/** Pieces of the frames in order, however the connection cuts them. */
async function* frames(connection: Readable): AsyncGenerator<{ readonly stream: number; piece: Buffer }> {
  let header = Buffer.alloc(0);
  let [stream, left] = [0, 0];
  for await (const chunk of connection as AsyncIterable<Buffer>) {
    let rest = chunk;
    while (rest.length > 0) {
      if (left > 0) {
        const piece = rest.subarray(0, left);
        left -= piece.length;
        rest = rest.subarray(piece.length);
        yield { stream, piece };
      } else {
        const missing = headerBytes - header.length;
        header = Buffer.concat([header, rest.subarray(0, missing)]);
        rest = rest.subarray(missing);
        if (header.length < headerBytes) continue;
        [stream, left] = [header.readUInt8(0), header.readUInt32BE(4)];
        header = Buffer.alloc(0);
      }
    }
  }
}

/** Resolves once a stream takes more, or never will. Nothing of the wait is left on the stream: a worker may print for hours. */
async function taken(stream: PassThrough): Promise<void> {
  const over = new AbortController();
  const { signal } = over;
  try {
    await Promise.race([once(stream, 'drain', { signal }), once(stream, 'close', { signal })]);
  } finally {
    over.abort();
  }
}

async function distribute(connection: Readable, stdout: PassThrough, stderr: PassThrough): Promise<void> {
  for await (const { stream, piece } of frames(connection)) {
    const target = stream === standardError ? stderr : stdout;
    if (target.destroyed || target.write(piece)) continue;
    // The container waits with us: its pipe fills up.
    await taken(target);
  }
}

/** @param connection as `attach` opens it, without a terminal; it is destroyed with either of the streams */
export function containerOutput(connection: Readable): ContainerOutput {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const streams = [stdout, stderr];
  distribute(connection, stdout, stderr)
    // A connection that breaks ends the output; the container's own end says the rest.
    .catch(() => undefined)
    .finally(() => {
      for (const stream of streams) stream.end();
    });
  for (const stream of streams) {
    stream.once('close', () => {
      if (!stream.readableEnded) connection.destroy();
    });
  }
  return { stdout, stderr };
}
