/** An API client for tests: over HTTP, against any running platform. */
import { buffer } from 'node:stream/consumers';
import { zipFolder } from '../../src/workers/archive.ts';
import { answerCheck } from './api-document.ts';

export interface Answer<Data = unknown> {
  readonly status: number;
  readonly headers: Headers;
  readonly code: number;
  readonly message: string;
  readonly requestId: string;
  readonly details: string[] | undefined;
  readonly data: Data;
}

export interface CallOptions {
  readonly method?: string;
  /** The credential; '' sends none. Defaults to the test account's. */
  readonly key?: string;
  readonly headers?: Record<string, string>;
  /** Sent as JSON, except a string or a form, which are sent unchanged. */
  readonly body?: unknown;
}

export interface EndShape {
  end_reason: string;
  end_detail: Record<string, unknown>;
  error_headline: string;
}

export interface RunShape extends EndShape {
  slug: string;
  run_slug: string;
  scraper_slug: string;
  scraper_title: string;
  version: string;
  status: string;
  results: number;
  usage: string;
  traffic: number;
  origin: string;
  started_at: number;
  finished_at: number;
  duration: number;
  err_msg: string;
}

export interface FinishedRunShape extends EndShape {
  run_slug: string;
  run_status: string;
  is_finished: boolean;
  error_message: string;
  results: { count: number; list: Record<string, unknown>[]; headers: { key: string; label: string }[] };
}

export interface LogLineShape {
  type: number;
  group: string;
  content: string;
  timestamp: number;
}

export interface ResultsShape {
  count: number;
  headers: { key: string; label: string; format: string }[];
  list: Record<string, unknown>[];
}

export interface InstallLogShape {
  status: string;
  err_msg: string;
  started_at: number;
  finished_at: number;
  lines: { number: number; content: string; timestamp: number }[];
  is_truncated: boolean;
}

export class TestClient {
  readonly url: string;
  readonly key: string;

  /**
   * @param url of the platform
   * @param key the default credential of calls
   */
  constructor(url: string, key: string) {
    this.url = url;
    this.key = key;
  }

  /** Calls `/api/v2` + path. Every response is checked against the OpenAPI document. */
  async call<Data = unknown>(apiPath: string, options: CallOptions = {}): Promise<Answer<Data>> {
    const { body, key = this.key } = options;
    const isJson = body !== undefined && typeof body !== 'string' && !(body instanceof FormData);
    const method = options.method ?? (body === undefined ? 'GET' : 'POST');
    const response = await fetch(`${this.url}/api/v2${apiPath}`, {
      method,
      headers: {
        ...(key === '' ? {} : { authorization: `Bearer ${key}` }),
        ...(body instanceof FormData ? {} : { 'content-type': 'application/json' }),
        ...options.headers,
      },
      body: isJson ? JSON.stringify(body) : body,
    });
    const envelope = (await response.json()) as {
      code: number;
      message: string;
      request_id: string;
      details?: string[];
      data: Data;
    };
    const check = await answerCheck(this.url);
    check.check(method, `/api/v2${apiPath.split('?')[0]}`, response.status, envelope);
    return {
      status: response.status,
      headers: response.headers,
      code: envelope.code,
      message: envelope.message,
      requestId: envelope.request_id,
      details: envelope.details,
      data: envelope.data,
    };
  }

  /** Publishes a folder as a worker of the test account. @returns its slug */
  async publish(folder: string, title: string): Promise<string> {
    const form = new FormData();
    form.append('scraper_file', new Blob([await buffer(await zipFolder(folder))]), 'package.zip');
    form.append('title', title);
    const answer = await this.call<{ slug: string }>('/workers', { body: form });
    if (answer.code !== 0) throw new Error(`${answer.message} ${answer.details?.join('; ') ?? ''}`);
    return answer.data.slug;
  }

  /** Waits until the dependencies of a version are installed or have failed. @returns its install log */
  async installed(workerId: string, version = 'latest'): Promise<InstallLogShape> {
    const deadline = Date.now() + 120_000;
    for (;;) {
      const { data } = await this.call<InstallLogShape>(
        `/workers/${workerId}/versions/${version}/install-log`,
      );
      if (data.status !== 'waiting' && data.status !== 'installing') return data;
      if (Date.now() > deadline) throw new Error(`the dependencies of ${workerId} are still ${data.status}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Starts a run and waits for its end. */
  async runSync(
    workerId: string,
    custom: Record<string, unknown>,
    system: Record<string, unknown> = {},
  ): Promise<FinishedRunShape> {
    const answer = await this.call<FinishedRunShape>(`/workers/${workerId}/runs`, {
      body: { is_async: false, limit: 100, input: { parameters: { custom, system } } },
    });
    if (answer.code !== 0) throw new Error(answer.message);
    return answer.data;
  }

  /** Starts a run. @returns its slug */
  async runAsync(
    workerId: string,
    custom: Record<string, unknown>,
    system: Record<string, unknown> = {},
  ): Promise<string> {
    const answer = await this.call<{ run_slug: string }>(`/workers/${workerId}/runs`, {
      body: { input: { parameters: { custom, system } } },
    });
    if (answer.code !== 0) throw new Error(answer.message);
    return answer.data.run_slug;
  }

  async run(slug: string): Promise<RunShape> {
    return (await this.call<RunShape>(`/worker-runs/${slug}`)).data;
  }

  /** The newest lines of a run's log, oldest first. */
  async log(slug: string): Promise<LogLineShape[]> {
    return (await this.call<{ list: LogLineShape[] }>(`/worker-runs/${slug}/log`)).data.list;
  }

  /** The first hundred rows of a run, without the platform's own column. */
  async results(slug: string): Promise<ResultsShape> {
    const { data } = await this.call<ResultsShape>(`/worker-runs/${slug}/result?limit=100`);
    for (const row of data.list) delete row['__coreclaw_data_id__'];
    return data;
  }
}
