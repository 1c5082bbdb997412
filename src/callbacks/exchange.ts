/**
 * One request to a receiver and its answer, with limits on everything that the receiver controls: time, headers, body,
 * redirects.
 */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { AddressGuard } from '../addresses/addresses.ts';
import { portOf, urlRefusal } from './callback-url.ts';

/** Redirects that repeat the request. A 303 would turn it into a GET, which delivers nothing. */
const redirectStatuses = new Set([301, 302, 307, 308]);
const maxRedirects = 3;
const headerLimitBytes = 16 * 1024;
/** Reading stops here, and the answer counts as complete. */
const answerLimitBytes = 64 * 1024;
const keptAnswerBytes = 1024;

export interface CallbackRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text. */
  readonly body: string;
}

export interface ExchangeOutcome {
  /** Status of the last answer received. */
  readonly statusCode: number | undefined;
  /** Why it failed; `''` if the receiver answered 2xx in time. */
  readonly error: string;
  /** The start of the answer's body, as text. */
  readonly answer: string;
  readonly milliseconds: number;
}

interface Received {
  statusCode?: number;
  readonly chunks: Buffer[];
}

/**
 * Sends one callback. Never rejects: errors are part of the outcome.
 * @param limitMilliseconds for the whole exchange: name resolution, connection, redirects, and the complete answer
 */
export async function exchange(
  request: CallbackRequest,
  guard: AddressGuard,
  limitMilliseconds: number,
): Promise<ExchangeOutcome> {
  const start = performance.now();
  const limit = AbortSignal.timeout(limitMilliseconds);
  const received: Received = { chunks: [] };
  let error: string;
  try {
    error = await post(request, guard, limit, received);
  } catch (thrown) {
    error = limit.aborted ? `no complete answer within ${limitMilliseconds / 1000} s` : messageOf(thrown);
  }
  return {
    statusCode: received.statusCode,
    error,
    answer: textOf(received.chunks),
    milliseconds: Math.round(performance.now() - start),
  };
}

/** @returns what is wrong with the answer, or '' */
async function post(
  request: CallbackRequest,
  guard: AddressGuard,
  limit: AbortSignal,
  received: Received,
): Promise<string> {
  let url = new URL(request.url);
  for (let redirects = 0; ; redirects += 1) {
    const refusal = urlRefusal(url, guard);
    if (refusal !== undefined) return `${redirects === 0 ? 'the callback URL' : 'a redirect'} ${refusal}`;
    const response = await send(url, request, guard, limit);
    const { statusCode = 0, headers } = response;
    received.statusCode = statusCode;
    if (!redirectStatuses.has(statusCode) || headers.location === undefined) {
      await readStart(response, received.chunks);
      return statusCode >= 200 && statusCode < 300 ? '' : `answered ${statusCode}`;
    }
    response.destroy();
    if (redirects === maxRedirects) return `redirected more than ${maxRedirects} times`;
    const target = URL.parse(headers.location, url.href);
    if (target === null) return 'redirected to an invalid URL';
    if (url.protocol === 'https:' && target.protocol === 'http:') return 'redirected from https to http';
    url = target;
  }
}

function send(
  url: URL,
  { headers, body }: CallbackRequest,
  guard: AddressGuard,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const outgoing = request(url, {
    method: 'POST',
    headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    // A new connection each time: a kept one may have been checked under different settings.
    agent: false,
    lookup: guard.lookup(portOf(url)),
    maxHeaderSize: headerLimitBytes,
    signal,
  });
  outgoing.on('response', resolve);
  outgoing.on('error', reject);
  outgoing.on('upgrade', (_response, socket) => {
    socket.destroy();
    reject(new Error('answered 101'));
  });
  // Catches every other way to fail: at the latest, the signal destroys the request.
  outgoing.on('close', () => reject(new Error('the connection was closed without an answer')));
  outgoing.end(body);
  return promise;
}

async function readStart(response: IncomingMessage, chunks: Buffer[]): Promise<void> {
  let readBytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    if (readBytes < keptAnswerBytes) chunks.push(chunk.subarray(0, keptAnswerBytes - readBytes));
    readBytes += chunk.length;
    if (readBytes >= answerLimitBytes) return;
  }
}

/** Removes U+0000, which PostgreSQL cannot store in text. */
function textOf(chunks: readonly Buffer[]): string {
  return Buffer.concat(chunks).toString('utf8').replaceAll('\0', '\u{FFFD}');
}

/** If several addresses were tried, the outer error has no message of its own. */
function messageOf(error: unknown): string {
  const first = error instanceof AggregateError ? (error.errors as unknown[])[0] : error;
  return (first as Error).message;
}
