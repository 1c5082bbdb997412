/** Load on an HTTP server, made by a separate process, so that client and server share no event loop. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

export interface LoadJob {
  readonly port: number;
  /** Requested in turn on every connection. */
  readonly paths: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  /** Each has one request in flight at a time. */
  readonly connections: number;
  readonly milliseconds: number;
}

export interface LoadResult {
  readonly requestsPerSecond: number;
  readonly medianMilliseconds: number;
}

export type LoadAnswer = { readonly result: LoadResult } | { readonly error: string };

export class HttpLoad implements AsyncDisposable {
  readonly #child: ChildProcess = fork(path.join(import.meta.dirname, 'http-load-process.ts'), {
    detached: true,
  });

  /** @throws Error if a response was not 200 or a connection broke */
  async run(job: LoadJob): Promise<LoadResult> {
    const answered = once(this.#child, 'message') as Promise<[LoadAnswer]>;
    this.#child.send(job);
    const [answer] = await answered;
    if ('error' in answer) throw new Error(answer.error);
    return answer.result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.disconnect();
    await exited;
  }
}
