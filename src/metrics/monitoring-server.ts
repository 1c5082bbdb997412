/**
 * The port of `CHELA_METRICS_PORT`, which also a runner has. It answers from the start of the process, so that a
 * supervisor does not take a long migration for a hang.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StartStop } from '../services/service.ts';
import type { Readiness } from '../system/readiness.ts';
import { version } from '../version.ts';
import type { Metrics } from './metrics.ts';
import { jsonAnswer, metricsAnswer, metricsPaths, type PageAnswer } from './metrics-page.ts';

interface MonitoringServerOptions {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** `''` lets everybody read the metrics. */
  readonly token: string;
  readonly readiness: Readiness;
}

export class MonitoringServer extends StartStop {
  readonly name = 'monitoring';
  readonly #options: MonitoringServerOptions;
  #metrics: Metrics | undefined;
  #server: Server | undefined;

  constructor(options: MonitoringServerOptions) {
    super();
    this.#options = options;
  }

  /** URL of the server while it is started. */
  get address(): string | undefined {
    const address = this.#server?.address() as AddressInfo | null | undefined;
    if (!address) return undefined;
    const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
    return `http://${host}:${address.port}`;
  }

  /** Shows these metrics from now on. */
  show(metrics: Metrics): void {
    this.#metrics = metrics;
  }

  protected override async begin(): Promise<void> {
    const { host, port } = this.#options;
    const server = createServer({ requestTimeout: 10_000 }, (request, response) => {
      void this.#serve(request, response);
    });
    this.#server = server;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once('error', reject);
    server.listen(port, host, resolve);
    await promise;
    server.off('error', reject);
  }

  protected override async end(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined || !server.listening) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = await this.#answer(request).catch((error: unknown) =>
      jsonAnswer(500, { error: (error as Error).message }),
    );
    const { statusCode, contentType, headers, body } = answer;
    response.writeHead(statusCode, {
      'content-type': contentType,
      'content-length': Buffer.byteLength(body),
      ...headers,
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  }

  async #answer({ method, url = '', headers }: IncomingMessage): Promise<PageAnswer> {
    if (method !== 'GET' && method !== 'HEAD') {
      return { ...jsonAnswer(405, { error: 'use GET' }), headers: { allow: 'GET, HEAD' } };
    }
    const [path = ''] = url.split('?');
    if (path === '/health') return jsonAnswer(200, { status: 'ok', version });
    if (path === '/ready') {
      const status = await this.#options.readiness.state();
      return jsonAnswer(status === 'ready' ? 200 : 503, { status });
    }
    const page = metricsPaths.find((known) => known === path);
    if (page === undefined) {
      return jsonAnswer(404, { error: `this port has /health, /ready, ${metricsPaths.join(' and ')}` });
    }
    if (this.#metrics === undefined) return jsonAnswer(503, { error: 'the process is starting' });
    const { authorization } = headers;
    return metricsAnswer(this.#metrics, page, { token: this.#options.token, authorization });
  }
}
