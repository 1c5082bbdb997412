/**
 * The client side of `HttpLoad`: keep-alive connections that each send the next request when the previous one is answered.
 * It speaks HTTP over bare sockets, since a general client would use as much processor time as the server it measures.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { LoadAnswer, LoadJob, LoadResult } from './http-load.ts';
import { median } from './statistics.ts';

const endOfHead = Buffer.from('\r\n\r\n');

/** Length of the response at the start of the bytes; undefined until its headers are complete. */
function answerLength(bytes: Buffer): number | undefined {
  const headLength = bytes.indexOf(endOfHead);
  if (headLength === -1) return undefined;
  const head = bytes.toString('latin1', 0, headLength);
  if (!head.startsWith('HTTP/1.1 200 ')) throw new Error(`the server answered ${head.split('\r\n')[0]}`);
  const bodyLength = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
  if (bodyLength === undefined) throw new Error('the server answered without Content-Length');
  return headLength + endOfHead.length + Number(bodyLength);
}

function requestTexts({ port, paths, headers }: LoadJob): string[] {
  const fields = Object.entries({ host: `127.0.0.1:${port}`, ...headers })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  return paths.map((path) => `GET ${path} HTTP/1.1\r\n${fields}\r\n`);
}

async function perform(job: LoadJob): Promise<LoadResult> {
  const requests = requestTexts(job);
  const sockets: Socket[] = Array.from({ length: job.connections }, () => connect(job.port, '127.0.0.1'));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  const latencies: number[] = [];
  const start = performance.now();
  const end = start + job.milliseconds;
  await Promise.all(
    sockets.map(
      (socket, index) =>
        new Promise<void>((resolve, reject) => {
          let next = index;
          let sentAt = 0;
          let received: Buffer = Buffer.alloc(0);
          const send = (): void => {
            next = (next + 1) % requests.length;
            sentAt = performance.now();
            socket.write(requests[next] ?? '', 'latin1');
          };
          socket.setNoDelay(true);
          socket.on('error', reject);
          socket.on('close', () => reject(new Error('the server closed a connection')));
          socket.on('data', (chunk: Buffer) => {
            received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
            try {
              if (received.length !== answerLength(received)) return;
            } catch (error) {
              reject(error);
              return;
            }
            received = Buffer.alloc(0);
            const now = performance.now();
            latencies.push(now - sentAt);
            if (now < end) send();
            else resolve();
          });
          send();
        }),
    ),
  ).finally(() => {
    for (const socket of sockets) socket.destroy();
  });
  const seconds = (performance.now() - start) / 1000;
  return { requestsPerSecond: latencies.length / seconds, medianMilliseconds: median(latencies) };
}

async function answerTo(job: LoadJob): Promise<LoadAnswer> {
  try {
    return { result: await perform(job) };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

process.on('message', (job: LoadJob) => {
  void answerTo(job).then((answer) => process.send?.(answer));
});
