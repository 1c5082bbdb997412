/** Concurrent clients that start runs, follow them, abort them and start them again, through either API. */
import { setTimeout as delay } from 'node:timers/promises';
import { isFinished } from '../../src/runs/statuses.ts';
import type { History } from '../history/history.ts';
import type { Random } from '../random.ts';
import { pageSize, RecordedApi } from './recorded-api.ts';

export interface LoadOptions {
  readonly apiUrls: readonly string[];
  readonly apiKey: string;
  readonly worker: string;
  readonly callbackUrl: string;
  readonly history: History;
}

/** Runs of one client that have not ended, at most. */
const activeLimit = 3;
const pauseMs = [30, 200] as const;
/** A start without an answer is repeated with the same key. */
const startAttempts = 6;

interface KnownRun {
  readonly slug: string;
  readonly key: string;
  isEnded: boolean;
}

export class LoadClient {
  readonly runs: KnownRun[] = [];
  readonly #name: string;
  readonly #options: LoadOptions;
  readonly #random: Random;
  readonly #api: RecordedApi;
  #starts = 0;

  constructor(name: string, options: LoadOptions, random: Random) {
    this.#name = name;
    this.#options = options;
    this.#random = random;
    this.#api = new RecordedApi(name, options.apiKey, options.history);
  }

  /** Works until it is told to stop. */
  async work(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      await this.#step();
      await delay(this.#random.between(...pauseMs));
    }
  }

  async #step(): Promise<void> {
    const active = this.runs.filter(({ isEnded }) => !isEnded);
    const choices = [
      { weight: active.length < activeLimit ? 6 : 0, act: () => this.#start() },
      { weight: 3, act: () => this.#api.last(this.#url(), this.#options.worker) },
      { weight: active.length > 0 ? 6 : 0, act: () => this.#read(this.#random.pick(active)) },
      { weight: active.length > 0 ? 6 : 0, act: () => this.#readRows(this.#random.pick(active)) },
      {
        weight: active.length > 0 ? 1 : 0,
        act: () => this.#api.abort(this.#url(), this.#random.pick(active).slug),
      },
      { weight: this.runs.length > 0 ? 3 : 0, act: () => this.#read(this.#random.pick(this.runs)) },
      { weight: this.runs.length > 0 ? 3 : 0, act: () => this.#readRows(this.#random.pick(this.runs)) },
      { weight: active.length < activeLimit && this.runs.length > 0 ? 1 : 0, act: () => this.#rerun() },
    ];
    await this.#random.weighted(choices).act();
  }

  /** Reads each run and all its rows once more, when nothing changes any more. */
  async readEverything(): Promise<void> {
    await this.#api.last(this.#url(), this.#options.worker);
    for (const run of this.runs) {
      await this.#read(run);
      for (let page = 1; (await this.#api.page(this.#url(), run.slug, page)) === pageSize; page += 1);
    }
  }

  #url(): string {
    return this.#random.pick(this.#options.apiUrls);
  }

  #nextKey(): string {
    this.#starts += 1;
    return `${this.#name}-${this.#starts}`;
  }

  async #start(): Promise<void> {
    const key = this.#nextKey();
    const random = this.#random;
    const body = {
      callback_url: random.next() < 0.5 ? this.#options.callbackUrl : undefined,
      input: {
        parameters: {
          custom: {
            parts: Array.from({ length: random.whole(1, 2) }, (_, part) => `part ${part}`),
            rows: random.whole(0, 400),
            upserts: random.whole(0, 40),
            lines: random.whole(0, 60),
            pause_ms: random.whole(5, 60),
          },
          system: { memory: 512 },
        },
      },
    };
    await this.#untilAnswered(key, (url) => this.#api.start(url, this.#options.worker, key, body));
  }

  async #rerun(): Promise<void> {
    const { slug } = this.#random.pick(this.runs);
    const key = this.#nextKey();
    await this.#untilAnswered(key, (url) => this.#api.rerun(url, slug, key));
  }

  /** Some clients are impatient and ask both APIs at once. */
  async #untilAnswered(key: string, start: (url: string) => Promise<string | undefined>): Promise<void> {
    for (let attempt = 0; attempt < startAttempts; attempt += 1) {
      const urls = this.#random.next() < 0.2 ? this.#options.apiUrls : [this.#url()];
      const slugs = await Promise.all(urls.map(start));
      const slug = slugs.find((one) => one !== undefined);
      if (slug !== undefined) {
        this.runs.push({ slug, key, isEnded: false });
        return;
      }
    }
  }

  async #read(run: KnownRun): Promise<void> {
    const state = await this.#api.read(this.#url(), run.slug);
    if (state !== undefined && isFinished(state.status)) run.isEnded = true;
  }

  async #readRows(run: KnownRun): Promise<void> {
    await this.#api.page(this.#url(), run.slug, this.#random.whole(1, 3));
  }
}
