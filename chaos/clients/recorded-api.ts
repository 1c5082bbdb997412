/** Calls the APIs as a client would, and records every call and what came back. */
import type { Call, History, RunState } from '../history/history.ts';

/** Longer than an API that works takes, shorter than most faults. */
const timeoutMilliseconds = 5000;
export const pageSize = 100;

interface Request {
  readonly method?: string;
  readonly body?: unknown;
  readonly key?: string;
}

interface Reply<Data> {
  readonly call: Call;
  /** Of a successful answer. */
  readonly data?: Data;
}

interface Envelope {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly request_id?: unknown;
  readonly data?: unknown;
}

function isEnvelope(body: Envelope | undefined): body is { code: number; message: string; data?: unknown } {
  const { code, message, request_id: requestId } = body ?? {};
  return typeof code === 'number' && typeof message === 'string' && typeof requestId === 'string';
}

function parse(text: string): Envelope | undefined {
  try {
    return (JSON.parse(text) ?? undefined) as Envelope | undefined;
  } catch {
    return undefined;
  }
}

interface RunShape {
  readonly run_slug: string;
  readonly status: RunState['status'];
  readonly results: number;
  readonly finished_at: number;
  readonly end_reason: string;
}

/** What the worker pushed: `key` only with an upsert key. */
interface ResultRow {
  readonly token: string;
  readonly n: number;
  readonly key?: string;
}

export class RecordedApi {
  readonly #client: string;
  readonly #apiKey: string;
  readonly #history: History;

  constructor(client: string, apiKey: string, history: History) {
    this.#client = client;
    this.#apiKey = apiKey;
    this.#history = history;
  }

  /** @param path below `/api/v2` */
  async #call<Data>(url: string, path: string, request: Request = {}): Promise<Reply<Data>> {
    const beganMs = performance.now();
    const seen = (rest: Omit<Call, 'client' | 'beganMs' | 'endedMs'>): Call => ({
      client: this.#client,
      beganMs,
      endedMs: performance.now(),
      ...rest,
    });
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${url}/api/v2${path}`, {
        method: request.method ?? 'GET',
        signal: AbortSignal.timeout(timeoutMilliseconds),
        headers: {
          authorization: `Bearer ${this.#apiKey}`,
          ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(request.key === undefined ? {} : { 'idempotency-key': request.key }),
        },
        body: request.body === undefined ? undefined : JSON.stringify(request.body),
      });
      text = await response.text();
    } catch (error) {
      return { call: seen({ http: 0, problem: (error as Error).message }) };
    }
    const body = parse(text);
    if (!isEnvelope(body)) return { call: seen({ http: response.status, problem: text.slice(0, 200) }) };
    const { code, message } = body;
    const problem = code === 0 ? {} : { problem: message };
    const call = seen({ http: response.status, code, ...problem });
    return code === 0 ? { call, data: body.data as Data } : { call };
  }

  /** Starts a run of a worker. @returns its slug, unless there was no answer or an error */
  async start(url: string, worker: string, key: string, body: object): Promise<string | undefined> {
    return this.#start(url, `/workers/${worker}/runs`, key, body);
  }

  /** Starts a run again. @returns slug of the new run, unless there was no answer or an error */
  async rerun(url: string, run: string, key: string): Promise<string | undefined> {
    return this.#start(url, `/worker-runs/${run}/rerun`, key, {});
  }

  async #start(url: string, path: string, key: string, body: object): Promise<string | undefined> {
    const { call, data } = await this.#call<{ run_slug: string }>(url, path, { method: 'POST', body, key });
    this.#history.add({ op: 'start', key, run: data?.run_slug, ...call });
    return data?.run_slug;
  }

  /** @returns slug of the worker's newest run */
  async last(url: string, worker: string): Promise<string | undefined> {
    const { call, data } = await this.#call<RunShape>(url, `/workers/${worker}/runs/last`);
    this.#history.add({ op: 'last', run: data?.run_slug, ...call });
    return data?.run_slug;
  }

  async read(url: string, run: string): Promise<RunState | undefined> {
    const { call, data } = await this.#call<RunShape>(url, `/worker-runs/${run}`);
    const state =
      data === undefined
        ? undefined
        : {
            status: data.status,
            results: data.results,
            finishedAt: data.finished_at,
            endReason: data.end_reason,
          };
    this.#history.add({ op: 'read', run, state, ...call });
    return state;
  }

  /** @returns number of rows on the page */
  async page(url: string, run: string, page: number): Promise<number | undefined> {
    const path = `/worker-runs/${run}/result?offset=${page}&limit=${pageSize}`;
    const { call, data } = await this.#call<{ list: ResultRow[] }>(url, path);
    const rows = data?.list.map(({ key, token, n }) => key ?? `${token} ${n}`);
    this.#history.add({ op: 'page', run, page, rows, ...call });
    return rows?.length;
  }

  async abort(url: string, run: string): Promise<void> {
    const { call } = await this.#call(url, `/worker-runs/${run}/abort`, { method: 'POST', body: {} });
    this.#history.add({ op: 'abort', run, ...call });
  }
}
