/** The endpoint as clients of WebDriver see it: chromedriver with a browser for each session, led by session id. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { BrowserError } from './browser-error.ts';
import { findChromium, programInFence, type ChromiumSettings } from './chromium.ts';
import type { OpenBrowser, SubtaskBrowsers } from './subtask-browsers.ts';
import { fencedCapabilities } from './webdriver-capabilities.ts';
import { announcedBytes, passOn, readBody, WebDriverSession } from './webdriver-session.ts';

/** Clients of the former Selenium server put this before every path. */
const formerPrefix = /^\/wd\/hub(?=\/)/;
/** Where clients upload a file, and what chromedriver calls that. */
const uploadPath = /^(\/session\/[^/]+)\/se\/file$/;
const sessionPath = /^\/session\/([^/]+)(\/.*)?$/;
/** For the clean end of a session; then it ends all the same. */
const quitMilliseconds = 5000;

/** Extensions come in them, which are files. */
const capabilitiesLimitBytes = 16 * 1024 * 1024;

interface Limits {
  readonly messageBytes: number;
  readonly idleMilliseconds: number;
}

interface Led {
  readonly session: WebDriverSession;
  readonly browser: OpenBrowser;
}

export class WebDriverFrontend {
  readonly #settings: ChromiumSettings;
  readonly #browsers: SubtaskBrowsers;
  readonly #limits: Limits;
  readonly #led = new Map<string, Led>();

  constructor(settings: ChromiumSettings, browsers: SubtaskBrowsers, limits: Limits) {
    this.#settings = settings;
    this.#browsers = browsers;
    this.#limits = limits;
  }

  /** @throws BrowserError for the answer, where there is none yet */
  async handle(request: IncomingMessage, response: ServerResponse, fullPath: string): Promise<void> {
    const path = fullPath.replace(formerPrefix, '').replace(uploadPath, '$1/file');
    const method = request.method ?? 'GET';
    if (path === '/status' && method === 'GET') {
      sendJson(response, { value: { ready: true, message: 'each session gets its own browser' } });
      return;
    }
    const left = new AbortController();
    response.once('close', () => left.abort(new BrowserError('unknown error', 'the client disconnected')));
    if (path === '/session' && method === 'POST') {
      await this.#begin(request, response, left.signal);
      return;
    }
    const [, id = ''] = sessionPath.exec(path) ?? [];
    if (id === '') throw new BrowserError('unknown command', `${path} does not exist`);
    const led = this.#led.get(id);
    if (led === undefined)
      throw new BrowserError('invalid session id', 'the session does not exist or has ended');
    if (method === 'DELETE' && path === `/session/${id}`) {
      await this.#quit(led, path, response);
      return;
    }
    const bodyBytes = announcedBytes(request, this.#limits.messageBytes);
    await passOn(await led.session.send({ method, path, body: request, bodyBytes }, left.signal), response);
  }

  async #begin(request: IncomingMessage, response: ServerResponse, signal: AbortSignal): Promise<void> {
    const chromium = findChromium(this.#settings);
    const browser = await this.#browsers.open('webdriver', signal);
    const session = new WebDriverSession(
      browser.fence,
      this.#limits.idleMilliseconds,
      () => void browser.close(),
    );
    void browser.fence.ended.finally(() => session.close());
    try {
      // Read only now, so that no more of them are in memory than there are browsers.
      const wanted = parsed(await readBody(request, capabilitiesLimitBytes));
      const body = Buffer.from(JSON.stringify(fencedCapabilities(wanted, programInFence(chromium))));
      const command = { method: 'POST', path: '/session', body, bodyBytes: body.length };
      const answer = await session.send(command, signal);
      const text = await readBody(answer, capabilitiesLimitBytes);
      const id = sessionIdOf(parsed(text));
      if (id === undefined) await browser.close();
      else this.#lead(id, { session, browser });
      response.writeHead(answer.statusCode ?? 500, { 'content-type': 'application/json; charset=utf-8' });
      response.end(text);
    } catch (error) {
      await browser.close();
      throw signal.aborted ? signal.reason : error;
    }
  }

  #lead(id: string, led: Led): void {
    this.#led.set(id, led);
    void led.browser.fence.ended.then(() => this.#led.delete(id));
  }

  async #quit({ session, browser }: Led, path: string, response: ServerResponse): Promise<void> {
    const command = { method: 'DELETE', path, body: Buffer.alloc(0), bodyBytes: 0 };
    await session.send(command, AbortSignal.timeout(quitMilliseconds)).then(
      (answer) => answer.resume(),
      () => undefined,
    );
    await browser.close();
    sendJson(response, { value: null });
  }
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch (error) {
    throw new BrowserError('invalid argument', 'the body is not valid JSON', { cause: error });
  }
}

function sessionIdOf(answer: unknown): string | undefined {
  const { value } = (answer ?? {}) as { value?: { sessionId?: unknown } | null };
  return typeof value?.sessionId === 'string' ? value.sessionId : undefined;
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(value));
}
