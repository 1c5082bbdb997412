/** The browser that DevTools clients of one subtask share. It opens for the first client and closes after the last. */
import type { BrowserFence } from './browser-fence.ts';
import type { BrowserError } from './browser-error.ts';
import { startPipe } from './devtools-pipe.ts';
import type { SubtaskBrowsers } from './subtask-browsers.ts';

/** A client's use of the shared browser. */
export interface Visit {
  readonly fence: BrowserFence;
  /**
   * The browser closes after the last visit. Idempotent.
   * @param lingerMilliseconds how long it then waits for another visit; 0 if omitted
   */
  leave(lingerMilliseconds?: number): void;
}

interface Stay {
  readonly fence: Promise<BrowserFence>;
  readonly abort: AbortController;
  visits: number;
  timer?: NodeJS.Timeout | undefined;
}

export class SharedBrowser {
  readonly #browsers: SubtaskBrowsers;
  /** @returns a signal that aborts with a BrowserError if the browser takes too long to start */
  readonly #startLimit: () => { signal: AbortSignal; clear: () => void };
  #stay: Stay | undefined;

  constructor(browsers: SubtaskBrowsers, startLimit: () => { signal: AbortSignal; clear: () => void }) {
    this.#browsers = browsers;
    this.#startLimit = startLimit;
  }

  /** Whether it is open or opening. */
  get isOpen(): boolean {
    return this.#stay !== undefined;
  }

  /**
   * Opens the browser unless it is open.
   * @param signal cancels the wait of this visitor only
   * @throws BrowserError
   */
  async visit(signal: AbortSignal): Promise<Visit> {
    const stay = (this.#stay ??= this.#open());
    clearTimeout(stay.timer);
    stay.visits += 1;
    let hasLeft = false;
    const leave = (lingerMilliseconds = 0): void => {
      if (hasLeft) return;
      hasLeft = true;
      stay.visits -= 1;
      if (stay.visits > 0) return;
      if (lingerMilliseconds === 0) this.#end(stay);
      else stay.timer = setTimeout(() => this.#end(stay), lingerMilliseconds);
    };
    try {
      return { fence: await unlessAborted(stay.fence, signal), leave };
    } catch (error) {
      leave();
      throw error;
    }
  }

  #open(): Stay {
    const abort = new AbortController();
    const stay: Stay = { abort, visits: 0, fence: this.#start(abort, () => this.#forget(stay)) };
    stay.fence.catch(() => this.#forget(stay));
    return stay;
  }

  async #start(abort: AbortController, onEnd: () => void): Promise<BrowserFence> {
    const browser = await this.#browsers.open('shared', abort.signal);
    const close = (): void => void browser.close();
    const limit = this.#startLimit();
    limit.signal.addEventListener('abort', close);
    abort.signal.addEventListener('abort', close);
    void browser.fence.ended.then(onEnd);
    try {
      // The browser ends with its pipe, so the pipe stays open. Nothing more is sent on it.
      (await startPipe(browser.fence)).resume();
      abort.signal.throwIfAborted();
      return browser.fence;
    } catch (error) {
      close();
      throw limit.signal.aborted ? (limit.signal.reason as BrowserError) : error;
    } finally {
      limit.clear();
    }
  }

  #forget(stay: Stay): void {
    clearTimeout(stay.timer);
    if (this.#stay === stay) this.#stay = undefined;
  }

  #end(stay: Stay): void {
    this.#forget(stay);
    stay.abort.abort();
  }
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort);
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
