/** Client of a browser's debugging port: descriptions of its pages over HTTP, and WebSockets to them. */
import { randomBytes } from 'node:crypto';
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { BrowserError } from './browser-error.ts';
import type { BrowserFence } from './browser-fence.ts';
import { debuggingPort } from './chromium.ts';
import { readBody } from './webdriver-session.ts';

/** The largest answer, the description of the protocol, has 2 MB. */
const answerLimitBytes = 16 * 1024 * 1024;

export interface PortAnswer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

async function send(
  fence: BrowserFence,
  method: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<ClientRequest> {
  const connection = await fence.debuggingConnection();
  const [host, port] = ['127.0.0.1', debuggingPort];
  const outgoing = httpRequest({ createConnection: () => connection, host, port, method, path, headers });
  outgoing.on('error', () => connection.destroy());
  return outgoing;
}

/** @throws BrowserError if the browser does not answer */
export async function askPort(fence: BrowserFence, method: string, path: string): Promise<PortAnswer> {
  const outgoing = await send(fence, method, path, { connection: 'close' });
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once('response', resolve);
    outgoing.once('error', (cause) => reject(unanswered(cause)));
    outgoing.end();
  });
  const text = (await readBody(answer, answerLimitBytes)).toString();
  const { 'content-type': type = 'text/plain' } = answer.headers;
  return { status: answer.statusCode ?? 500, type, text };
}

/**
 * Opens a WebSocket.
 * @param path of the browser or of a page, such as `/devtools/page/ID`
 * @returns the connection after the handshake, paused
 * @throws BrowserError if there is no such page
 */
export async function openPortSocket(fence: BrowserFence, path: string): Promise<Socket> {
  const outgoing = await send(fence, 'GET', path, {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': randomBytes(16).toString('base64'),
  });
  return new Promise((resolve, reject) => {
    outgoing.once('upgrade', (_answer, socket: Socket, head) => {
      socket.pause();
      if (head.length > 0) socket.unshift(head);
      // The error is followed by 'close'.
      socket.on('error', () => undefined);
      resolve(socket);
    });
    outgoing.once('response', (answer) => {
      answer.resume();
      reject(new BrowserError('unknown command', `the shared browser has nothing at ${path}`));
    });
    outgoing.once('error', (cause) => reject(unanswered(cause)));
    outgoing.end();
  });
}

function unanswered(cause: Error): BrowserError {
  return new BrowserError('unknown error', `the browser did not answer: ${cause.message}`, { cause });
}
