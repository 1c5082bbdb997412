import { Histogram, type Registry } from 'prom-client';

export interface AnsweredRequest {
  /** Id of the operation in the OpenAPI document; undefined for files, the console and unknown paths. */
  readonly operation: string | undefined;
  readonly method: string;
  readonly statusCode: number;
  /** From the first byte of the request to the last of the answer. */
  readonly seconds: number;
}

const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

export class RequestMeter {
  readonly #durations: Histogram<'operation' | 'method' | 'status'>;

  constructor(registry: Registry) {
    this.#durations = new Histogram({
      name: 'chela_http_request_duration_seconds',
      help: 'Answered HTTP requests. Those that wait for a run or stream events take as long as they wait',
      labelNames: ['operation', 'method', 'status'],
      buckets,
      registers: [registry],
    });
  }

  count({ operation = 'none', method, statusCode, seconds }: AnsweredRequest): void {
    const status = `${Math.floor(statusCode / 100)}xx`;
    // Clients choose the method.
    const known = methods.has(method) ? method : 'other';
    this.#durations.observe({ operation, method: known, status }, seconds);
  }
}
