/**
 * The registries as seen by a sandbox without a network: plain HTTP on its own loopback. The gateway forwards to the
 * registries in the operator's configuration, with the operator's credentials, and to the files that their answers link
 * to. So neither a package manager nor the code that it runs ever gets a credential or reaches another host.
 */
import {
  createServer,
  type IncomingMessage,
  type Server as HttpServer,
  type ServerResponse,
} from 'node:http';
import type { Server } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { AddressRefusedError } from '../../addresses/addresses.ts';
import { inTurn } from '../../requests-in-turn.ts';
import type { RegistryPlace } from './lock-file.ts';
import type { RegistryClient } from './registry-client.ts';
import { replaceAnchors, replaceTarballs, type Replace } from './registry-links.ts';

/** Address of the gateway in sandboxes. */
export const gatewayAddress = { host: '127.0.0.1', port: 6001 } as const;

const registryPlace = /http:\/\/127\.0\.0\.1:(\d{1,5})\/registry\/(\d+)\/?/g;
const filePlace = /http:\/\/127\.0\.0\.1:(\d{1,5})\/file\/(\d+)\/[^\s)"']*/g;

/** npm's documents for packages with thousands of versions reach tens of megabytes. */
const documentLimitBytes = 256 * 1024 * 1024;
/** Maximum number of open connections. npm uses 15, pip uses one. */
const connectionLimit = 64;
const filePath = /^\/file\/(\d+)\/[^/]*?(\.metadata)?$/;
const registryPath = /^\/registry\/(\d+)\/(.*)$/s;
const maxNotices = 20;
const passedOn = ['content-type', 'content-length', 'retry-after', 'last-modified'] as const;

export interface ServedRegistry {
  /** `npm` serves documents of packages, `index` serves pages of projects below its URL, `page` is a single page. */
  readonly kind: 'npm' | 'index' | 'page';
  /** With a trailing slash, unless it is a page. */
  readonly url: string;
}

/**
 * Paths that may be requested below the URL of a registry, without percent signs: nothing that uses the operator's
 * account, and nothing that escapes upwards.
 */
const allowedPaths: Readonly<Record<ServedRegistry['kind'], RegExp>> = {
  npm: /^(?!-(?:\/|$))(?!.*(?:^|\/)(?:\.{0,2})(?:\/|$))[^?#\\%\s]+$/,
  index: /^[\w.-]+\/?$/,
  page: /^$/,
};

export class RegistryGateway {
  readonly #client: RegistryClient;
  readonly #registries: readonly ServedRegistry[];
  readonly #server: HttpServer;
  readonly #closed = new AbortController();
  /** URLs that answers linked to, by number. */
  readonly #files: URL[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #notices = new Set<string>();
  readonly #documentLimitBytes: number;
  readonly #port: number;
  /** Total size of the documents that are being read or sent. */
  #documentBytes = 0;
  #onNotice: (message: string) => void = () => undefined;

  /**
   * @param options.limitBytes maximum size of a document, and of all documents in flight together
   * @param options.port under which package managers reach it; the one in sandboxes if omitted
   */
  constructor(
    client: RegistryClient,
    registries: readonly ServedRegistry[],
    {
      limitBytes = documentLimitBytes,
      port = gatewayAddress.port,
    }: { limitBytes?: number; port?: number | undefined } = {},
  ) {
    this.#client = client;
    this.#registries = registries;
    this.#documentLimitBytes = limitBytes;
    this.#port = port;
    this.#server = createServer(
      inTurn((request, response) => {
        this.#answer(request, response).catch((error: Error) => {
          if (!this.#closed.signal.aborted) this.#notice(error.message);
          if (response.headersSent) response.destroy();
          // Package managers retry failures, but not refusals.
          else refuse(response, error instanceof AddressRefusedError ? 403 : 502, error.message);
        });
      }),
    );
  }

  /**
   * Serves connections of the listener, which still belongs to the caller.
   * @param onNotice called when a registry could not be reached, once per distinct message
   */
  serve(listener: Server, onNotice: (message: string) => void): void {
    this.#onNotice = onNotice;
    listener.maxConnections = connectionLimit;
    listener.on('connection', (socket) => this.#server.emit('connection', socket));
  }

  /** Ends all requests. */
  close(): void {
    this.#closed.abort();
    this.#server.closeAllConnections();
    this.#client.close();
  }

  get #origin(): string {
    return `http://${gatewayAddress.host}:${this.#port}`;
  }

  /** URL of a registry for package managers, by its index in the list. */
  localUrl(index: number): string {
    const isPage = this.#registries[index]?.kind === 'page';
    return `${this.#origin}/registry/${index}${isPage ? '' : '/'}`;
  }

  /** URLs of the npm registries for package managers. */
  npmPlaces(): RegistryPlace[] {
    return this.#registries.flatMap(({ kind, url }, index) =>
      kind === 'npm' ? [{ url, localUrl: this.localUrl(index) }] : [],
    );
  }

  /** Restores the original addresses in a line of a package manager. */
  readable(line: string): string {
    const isOwn = (port: string): boolean => Number(port) === this.#port;
    return line
      .replaceAll(registryPlace, (whole, port: string, index: string) => {
        const registry = isOwn(port) ? this.#registries[Number(index)] : undefined;
        return registry?.url ?? whole;
      })
      .replaceAll(filePlace, (whole, port: string, number: string) => {
        const file = isOwn(port) ? this.#files[Number(number)] : undefined;
        return file === undefined ? whole : `${file.origin}${file.pathname}`;
      });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url = '' } = request;
    if (method !== 'GET' && method !== 'HEAD') {
      refuse(response, 405, 'only GET and HEAD are supported here');
      return;
    }
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const signal = AbortSignal.any([gone.signal, this.#closed.signal]);
    const [, number, metadata] = filePath.exec(url) ?? [];
    const file = this.#files[Number(number)];
    if (file !== undefined) await this.#sendFile(withSuffix(file, metadata), request, response, signal);
    else await this.#sendOfRegistry(url, request, response, signal);
  }

  async #sendOfRegistry(
    path: string,
    request: IncomingMessage,
    response: ServerResponse,
    signal: AbortSignal,
  ): Promise<void> {
    const [, index = '', rest = ''] = registryPath.exec(path.endsWith('/') ? path : `${path}/`) ?? [];
    const registry = this.#registries[Number(index || 'none')];
    const asked = path.endsWith('/') ? rest : rest.slice(0, -1);
    const target = registry && targetOf(registry, asked);
    if (registry === undefined || target === undefined) {
      refuse(response, 403, 'only the package registry can be reached during an installation');
      return;
    }
    if (/\.(?:tgz|tar\.gz)$/.test(target.pathname)) await this.#sendFile(target, request, response, signal);
    else await this.#sendDocument(registry, target, request, response, signal);
  }

  async #sendFile(
    url: URL,
    request: IncomingMessage,
    response: ServerResponse,
    signal: AbortSignal,
  ): Promise<void> {
    const { response: file } = await this.#client.get(url, headersOf(request, '*/*'), signal);
    response.statusCode = file.statusCode ?? 502;
    for (const name of passedOn)
      if (file.headers[name] !== undefined) response.setHeader(name, file.headers[name]);
    if (request.method === 'HEAD') {
      file.destroy();
      response.end();
    } else await pipeline(file, response);
  }

  async #sendDocument(
    { kind }: ServedRegistry,
    url: URL,
    request: IncomingMessage,
    response: ServerResponse,
    signal: AbortSignal,
  ): Promise<void> {
    const accept =
      kind === 'npm'
        ? (request.headers.accept ?? '*/*')
        : 'application/vnd.pypi.simple.v1+html, text/html;q=0.9';
    const found = await this.#client.get(url, headersOf(request, accept), signal);
    const { statusCode = 502, headers } = found.response;
    const text = await this.#documentOf(found.response, url, response);
    const replace: Replace = (link) => this.#localLink(link);
    const local = kind === 'npm' ? replaceTarballs(text, replace) : replaceAnchors(text, found.url, replace);
    response.statusCode = statusCode;
    const retryAfter = headers['retry-after'];
    if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter);
    response.setHeader('content-type', headers['content-type'] ?? 'text/plain');
    response.setHeader('content-length', Buffer.byteLength(local));
    response.end(request.method === 'HEAD' ? undefined : local);
  }

  /**
   * Reads an answer's full text, whatever length it declares.
   * @param sent response to the client; the document counts toward the limit until it is closed
   * @throws Error if it exceeds the limit
   */
  async #documentOf(answer: IncomingMessage, { host }: URL, sent: ServerResponse): Promise<string> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const release = (): void => {
      this.#documentBytes -= bytes;
      bytes = 0;
    };
    sent.once('close', release);
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      if (sent.closed) throw new Error('the request ended early');
      bytes += chunk.length;
      this.#documentBytes += chunk.length;
      if (bytes > this.#documentLimitBytes) throw new Error(`the answer of ${host} is too large`);
      if (this.#documentBytes > this.#documentLimitBytes)
        throw new Error(`too many large answers of ${host} are requested at the same time`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  }

  #notice(message: string): void {
    if (this.#notices.has(message) || this.#notices.size >= maxNotices) return;
    this.#notices.add(message);
    this.#onNotice(message);
  }

  /** Authors control parts of documents, so links in them must not lead to a registry's API. */
  #isInterface(url: URL): boolean {
    return this.#registries.some(({ kind, url: base }) => {
      if (kind !== 'npm' || !url.href.startsWith(base)) return false;
      return targetOf({ kind, url: base }, url.href.slice(base.length).replace(/[?#].*$/s, '')) === undefined;
    });
  }

  #localLink(url: URL): string | undefined {
    if (!/^https?:$/.test(url.protocol) || this.#isInterface(url)) return undefined;
    const { hash } = url;
    const remote = new URL(url);
    remote.hash = '';
    let number = this.#numbers.get(remote.href);
    if (number === undefined) {
      number = this.#files.push(remote) - 1;
      this.#numbers.set(remote.href, number);
    }
    const name = remote.pathname.slice(remote.pathname.lastIndexOf('/') + 1);
    return `${this.#origin}/file/${number}/${name}${hash}`;
  }
}

/** pip requests the metadata of a wheel at a URL derived from the wheel's. */
function withSuffix(file: URL, suffix: string | undefined): URL {
  if (suffix === undefined || file.pathname.endsWith(suffix)) return file;
  const url = new URL(file);
  url.pathname += suffix;
  return url;
}

function targetOf({ kind, url }: ServedRegistry, asked: string): URL | undefined {
  if (!allowedPaths[kind].test(decoded(asked))) return undefined;
  const target = URL.parse(kind === 'page' ? url : `${url}${asked}`);
  return target?.href.startsWith(url) ? target : undefined;
}

/** Decodes percent signs; a malformed text stays unchanged. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function headersOf(request: IncomingMessage, accept: string): Record<string, string> {
  return { accept, 'user-agent': request.headers['user-agent'] ?? 'chela', 'accept-encoding': 'identity' };
}

function refuse(response: ServerResponse, status: number, reason: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${reason}\n`);
}
