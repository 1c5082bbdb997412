/** Reads a container's output, which the Docker Engine sends as frames of both streams on one connection. */
import { once } from 'node:events';
import { PassThrough, type Readable } from 'node:stream';

const headerBytes = 8;
const standardError = 2;

export interface ContainerOutput {
  readonly stdout: Readable;
  readonly stderr: Readable;
}

/** Yields the content of frames in order, however the connection splits it. */
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

/** Resolves when a stream has drained or closed. Removes its listeners, because a worker may print for hours. */
async function drained(stream: PassThrough): Promise<void> {
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
    // Meanwhile the container's pipe fills up, so the container waits too.
    await drained(target);
  }
}

/** @param connection from `attach`, without a terminal; destroyed if one of the streams is closed early */
export function containerOutput(connection: Readable): ContainerOutput {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const streams = [stdout, stderr];
  distribute(connection, stdout, stderr)
    // A broken connection ends the output. The container's exit is reported separately.
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
