/** A receiver of OpenTelemetry traces: decodes OTLP over HTTP in JSON. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { eventually } from '../../platform/support/eventually.ts';

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: number | string };
}

interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly Attribute[];
}

interface Export {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
}

export interface ReceivedSpan extends Omit<OtlpSpan, 'attributes'> {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
}

function valuesOf(attributes: readonly Attribute[]): Record<string, unknown> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, value.stringValue ?? Number(value.intValue)]),
  );
}

export class TraceReceiver {
  readonly spans: ReceivedSpan[] = [];
  readonly headers: Record<string, unknown>[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        this.headers.push(request.headers);
        const body = Buffer.concat(chunks);
        this.#read(request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body);
        response.setHeader('content-type', 'application/json').end('{}');
      });
    });
  }

  static async start(): Promise<TraceReceiver> {
    const receiver = new TraceReceiver();
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1/traces`;
  }

  /** Resolves once a span has arrived. */
  span(matches: (span: ReceivedSpan) => boolean): Promise<ReceivedSpan> {
    return eventually(async () => this.spans.find(matches));
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #read(body: Buffer): void {
    for (const { resource, scopeSpans } of (JSON.parse(body.toString()) as Export).resourceSpans) {
      for (const { spans } of scopeSpans) {
        for (const span of spans) {
          const { attributes, ...rest } = span;
          this.spans.push({
            ...rest,
            attributes: valuesOf(attributes),
            resource: valuesOf(resource.attributes),
          });
        }
      }
    }
  }
}
