/** An HTTP server that passes requests on to another one, and cuts the connection in the middle of some answers. */
import { createServer, request, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface UnreliableProxy {
  readonly url: string;
  /** Paths with methods of the requests so far, with their ranges. */
  readonly requests: string[];
  /** Cuts each of the next answers to a GET after this many bytes of it. */
  cutNext: (answers: number, afterBytes: number) => void;
  stop: () => void;
}

/** @param tls key and certificate of `localhost`, to serve HTTPS */
export async function startUnreliableProxy(
  target: string,
  tls?: { readonly key: string; readonly cert: string },
): Promise<UnreliableProxy> {
  const requests: string[] = [];
  let [answersToCut, cutAfter] = [0, 0];
  const onRequest: Parameters<typeof createServer>[1] = (incoming, outgoing) => {
    requests.push(`${incoming.method} ${incoming.url?.split('?')[0]} ${incoming.headers.range ?? ''}`.trim());
    const passed = request(
      `${target}${incoming.url}`,
      { method: incoming.method, headers: incoming.headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        const isCut = incoming.method === 'GET' && answersToCut > 0;
        if (!isCut) {
          answer.pipe(outgoing);
          return;
        }
        answersToCut -= 1;
        let sent = 0;
        answer.on('data', (piece: Buffer) => {
          const rest = piece.subarray(0, cutAfter - sent);
          sent += rest.length;
          outgoing.write(rest, () => sent >= cutAfter && outgoing.destroy());
        });
      },
    );
    incoming.pipe(passed);
    passed.on('error', () => outgoing.destroy());
  };
  const server: Server = tls === undefined ? createServer(onRequest) : createSecureServer(tls, onRequest);
  const listening = Promise.withResolvers<void>();
  server.listen(0, 'localhost', listening.resolve);
  await listening.promise;
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://localhost:${port}`,
    requests,
    cutNext: (answers, afterBytes) => ([answersToCut, cutAfter] = [answers, afterBytes]),
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
