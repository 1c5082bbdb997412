/** Opens the browsers of one subtask within the limits, measures them, and ends them with the subtask. */
import { chmod, mkdtemp } from 'node:fs/promises';
import type { Server } from 'node:net';
import path from 'node:path';
import type { Config } from '../../configuration/configuration.ts';
import type { Events } from '../../events/events.ts';
import type { Cgroup } from '../cgroup.ts';
import type { Sandbox, SharedTmp } from '../sandbox.ts';
import { BrowserError } from './browser-error.ts';
import { BrowserFence, type BrowserProxy, type FenceOptions } from './browser-fence.ts';
import type { BrowserPlaces } from './browser-places.ts';
import { findChromedriver, findChromium } from './chromium.ts';

/** Maximum number of threads and processes. A browser has about 24 for each open site. */
const processLimit = 4096;
const openFileLimit = 16_384;
/** Longer waits are noted in the run's log. */
const noticeMilliseconds = 1000;

export interface BrowserServices {
  readonly config: Config;
  /** Isolates the browsers, whatever sandbox the workers have. */
  readonly sandbox: Sandbox;
  readonly places: BrowserPlaces;
  readonly events: Events;
}

export interface BrowserOwner {
  /** Existing folder of the subtask. */
  readonly scratchDir: string;
  /** Cgroup of the subtask, which its browsers join. */
  readonly cgroup?: Cgroup | undefined;
  /** The worker's `/tmp`, which its browsers share. */
  readonly tmp?: SharedTmp | undefined;
  readonly removeFolder: (folder: string) => Promise<void>;
  /** Serves the proxy of a browser, without credentials, because nothing else can reach it. */
  readonly serveProxy: (listener: Server) => BrowserProxy;
  /** Called with messages for the run's log. */
  readonly onNotice: (message: string) => void;
}

/** How a browser is used: by one DevTools client, by several, or through chromedriver. */
export type BrowserKind = 'devtools' | 'shared' | 'webdriver';

export interface OpenBrowser {
  readonly fence: BrowserFence;
  /** Ends it and frees its place. Idempotent. */
  close(): Promise<void>;
}

export class SubtaskBrowsers {
  readonly #services: BrowserServices;
  readonly #owner: BrowserOwner;
  readonly #open = new Set<OpenBrowser>();
  readonly #opening = new Set<Promise<OpenBrowser>>();
  readonly #closed = new AbortController();

  constructor(services: BrowserServices, owner: BrowserOwner) {
    this.#services = services;
    this.#owner = owner;
  }

  /**
   * Opens a browser when there is a place for it.
   * @param signal cancels the request; nothing is left running then
   * @throws BrowserError
   */
  async open(kind: BrowserKind, signal: AbortSignal): Promise<OpenBrowser> {
    const opening = this.#openWithin(kind, AbortSignal.any([signal, this.#closed.signal]));
    this.#opening.add(opening);
    try {
      return await opening;
    } finally {
      this.#opening.delete(opening);
    }
  }

  /** Memory of all open browsers; see `SandboxedProcess.memoryBytes`. */
  async memoryBytes(limitBytes?: number): Promise<number> {
    return this.#sum(async (fence) => fence.memoryBytes(limitBytes));
  }

  /** Processor time of all open browsers; see `SandboxedProcess.cpuSeconds`. */
  async cpuSeconds(): Promise<number> {
    return this.#sum(async (fence) => fence.cpuSeconds());
  }

  async #sum(use: (fence: BrowserFence) => Promise<number>): Promise<number> {
    const each = await Promise.all(Array.from(this.#open, async ({ fence }) => use(fence).catch(() => 0)));
    return each.reduce((sum, part) => sum + part, 0);
  }

  /** Ends all browsers and refuses to open more. Idempotent. */
  async close(): Promise<void> {
    this.#closed.abort(new BrowserError('unavailable', 'the subtask has ended'));
    await Promise.allSettled(this.#opening);
    await Promise.all(Array.from(this.#open, async (browser) => browser.close()));
  }

  async #openWithin(kind: BrowserKind, signal: AbortSignal): Promise<OpenBrowser> {
    const { config, places } = this.#services;
    const chromium = findChromium(config);
    const chromedriver = kind === 'webdriver' ? findChromedriver(config) : undefined;
    const place = await this.#place(signal);
    try {
      return await this.#openAt(
        place,
        kind,
        { chromium, chromedriver, hasDebuggingPort: kind === 'shared' },
        signal,
      );
    } catch (error) {
      places.giveBack(place);
      throw error;
    }
  }

  async #place(signal: AbortSignal): Promise<number> {
    const { config, places } = this.#services;
    const { browserQueueSeconds: seconds, browserLimit, browserSubtaskLimit } = config;
    const limits =
      `the limits are ${browserSubtaskLimit} browsers per subtask (CHELA_BROWSER_SUBTASK_LIMIT) and ` +
      `${browserLimit} per runner (CHELA_BROWSER_LIMIT)`;
    const late = new AbortController();
    const timer = setTimeout(() => {
      late.abort(new BrowserError('unavailable', `no browser was available within ${seconds} s: ${limits}`));
    }, seconds * 1000);
    const notice = setTimeout(() => {
      this.#owner.onNotice(`waiting for an available browser: ${limits}`);
    }, noticeMilliseconds);
    try {
      return await places.take(this, AbortSignal.any([signal, late.signal]));
    } finally {
      clearTimeout(timer);
      clearTimeout(notice);
    }
  }

  async #openAt(
    place: number,
    kind: BrowserKind,
    programs: Pick<FenceOptions, 'chromium' | 'chromedriver' | 'hasDebuggingPort'>,
    signal: AbortSignal,
  ): Promise<OpenBrowser> {
    const { config, sandbox, places, events } = this.#services;
    const began = performance.now();
    const { serveProxy, removeFolder, cgroup, tmp } = this.#owner;
    const scratchDir = await mkdtemp(path.join(this.#owner.scratchDir, 'browser-'));
    let fence: BrowserFence;
    try {
      await chmod(scratchDir, 0o711);
      await cgroup?.allowProcesses(processLimit);
      fence = await BrowserFence.open({
        sandbox,
        slot: config.runnerSlots + place,
        scratchDir,
        limits: {
          processes: processLimit,
          openFiles: openFileLimit,
          fileSizeBytes: config.sandboxFileSizeBytes,
          tmpBytes: config.sandboxTmpBytes,
        },
        cgroup,
        tmp,
        ...programs,
        serveProxy,
      });
    } catch (error) {
      await cgroup?.allowProcesses(-processLimit).catch(() => undefined);
      await removeFolder(scratchDir);
      throw new BrowserError('unavailable', `a browser could not be started: ${(error as Error).message}`, {
        cause: error,
      });
    }
    let closing: Promise<void> | undefined;
    const end = async (): Promise<void> => {
      await fence.close();
      await cgroup?.allowProcesses(-processLimit).catch(() => undefined);
      await removeFolder(scratchDir);
      this.#open.delete(browser);
      places.giveBack(place);
      events.emit('browser:closed', { kind });
    };
    const browser: OpenBrowser = {
      fence,
      close: async () => {
        closing ??= end();
        return closing;
      },
    };
    this.#open.add(browser);
    events.emit('browser:opened', { kind, seconds: (performance.now() - began) / 1000 });
    void fence.ended.then(async () => browser.close());
    if (signal.aborted) {
      await browser.close();
      signal.throwIfAborted();
    }
    return browser;
  }
}
