/** The endpoint for WebDriver clients: each session has its own chromedriver and browser, found by session id. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { BrowserError } from './browser-error.ts';
import { findChromium, programInFence, type ChromiumSettings } from './chromium.ts';
import type { OpenBrowser, SubtaskBrowsers } from './subtask-browsers.ts';
import { fencedCapabilities } from './webdriver-capabilities.ts';
import { announcedBytes, passOn, readBody, WebDriverSession } from './webdriver-session.ts';

/** Clients of older Selenium servers put this prefix before every path. */
const seleniumPrefix = /^\/wd\/hub(?=\/)/;
/** Paths for file uploads, which chromedriver has under another name. */
const uploadPath = /^(\/session\/[^/]+)\/se\/file$/;
const sessionPath = /^\/session\/([^/]+)(\/.*)?$/;
/** Time for a session to end cleanly. After that it is killed. */
const quitMilliseconds = 5000;

/** Large, because capabilities can contain extensions as files. */
const capabilitiesLimitBytes = 16 * 1024 * 1024;

interface Limits {
  readonly messageBytes: number;
  readonly idleMilliseconds: number;
}

interface ActiveSession {
  readonly session: WebDriverSession;
  readonly browser: OpenBrowser;
}

export class WebDriverFrontend {
  readonly #settings: ChromiumSettings;
  readonly #browsers: SubtaskBrowsers;
  readonly #limits: Limits;
  readonly #sessions = new Map<string, ActiveSession>();

  constructor(settings: ChromiumSettings, browsers: SubtaskBrowsers, limits: Limits) {
    this.#settings = settings;
    this.#browsers = browsers;
    this.#limits = limits;
  }

  /** @throws BrowserError to answer with, if nothing has been sent yet */
  async handle(request: IncomingMessage, response: ServerResponse, fullPath: string): Promise<void> {
    const path = fullPath.replace(seleniumPrefix, '').replace(uploadPath, '$1/file');
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
    const active = this.#sessions.get(id);
    if (active === undefined)
      throw new BrowserError('invalid session id', 'the session does not exist or has ended');
    if (method === 'DELETE' && path === `/session/${id}`) {
      await this.#quit(active, path, response);
      return;
    }
    const bodyBytes = announcedBytes(request, this.#limits.messageBytes);
    await passOn(
      await active.session.send({ method, path, body: request, bodyBytes }, left.signal),
      response,
    );
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
      // Read only now, so that memory holds at most one body per browser.
      const wanted = parsed(await readBody(request, capabilitiesLimitBytes));
      const body = Buffer.from(JSON.stringify(fencedCapabilities(wanted, programInFence(chromium))));
      const command = { method: 'POST', path: '/session', body, bodyBytes: body.length };
      const answer = await session.send(command, signal);
      const text = await readBody(answer, capabilitiesLimitBytes);
      const id = sessionIdOf(parsed(text));
      if (id === undefined) await browser.close();
      else this.#register(id, { session, browser });
      response.writeHead(answer.statusCode ?? 500, { 'content-type': 'application/json; charset=utf-8' });
      response.end(text);
    } catch (error) {
      await browser.close();
      throw signal.aborted ? signal.reason : error;
    }
  }

  #register(id: string, active: ActiveSession): void {
    this.#sessions.set(id, active);
    void active.browser.fence.ended.then(() => this.#sessions.delete(id));
  }

  async #quit({ session, browser }: ActiveSession, path: string, response: ServerResponse): Promise<void> {
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
