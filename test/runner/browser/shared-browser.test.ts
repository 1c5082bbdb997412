/** The browser that DevTools clients of one subtask share, and how clients get one of their own. */
import { describe, expect, test } from 'vitest';
import { eventually } from '../../platform/support/eventually.ts';
import { openDevtools, serveBrowsers, type DevtoolsClient, type ServedBrowsers } from './support/browsers.ts';

const size = 20_000_000;

/** Connects as a library that does not identify itself, like DrissionPage. */
async function join(browsers: ServedBrowsers, headers: Record<string, string> = {}): Promise<DevtoolsClient> {
  return openDevtools(browsers, `/ws?apiKey=${browsers.auth}`, headers);
}

async function newTarget(client: DevtoolsClient): Promise<string> {
  const { result } = await client.send('Target.createTarget', { url: 'about:blank' });
  return result['targetId'] as string;
}

async function attach(client: DevtoolsClient, targetId: string): Promise<string> {
  const { result } = await client.send('Target.attachToTarget', { targetId, flatten: true });
  return result['sessionId'] as string;
}

async function evaluate(client: DevtoolsClient, expression: string, sessionId?: string): Promise<unknown> {
  const options = { expression, returnByValue: true };
  const { result } = await client.send('Runtime.evaluate', options, sessionId);
  return (result['result'] as { value: unknown }).value;
}

interface Page {
  readonly id: string;
  readonly type: string;
  readonly webSocketDebuggerUrl: string;
}

async function ask(
  { port, auth }: ServedBrowsers,
  path: string,
  method = 'GET',
): Promise<{ status: number; body: unknown }> {
  const authorization = `Basic ${Buffer.from(auth).toString('base64')}`;
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers: { authorization } });
  const text = await answer.text();
  return {
    status: answer.status,
    body: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text,
  };
}

function addressOf({ webSocketDebuggerUrl }: Page): string {
  const { pathname, search } = new URL(webSocketDebuggerUrl);
  return `${pathname}${search}`;
}

async function nothingLeft(browsers: ServedBrowsers): Promise<void> {
  await eventually(async () => (browsers.folders().length === 0 ? true : undefined));
}

describe('sockets at /ws', () => {
  test('share a browser as long as one of them is open', async () => {
    const [browsers] = await serveBrowsers({ browserSubtaskLimit: 1 });
    const [first, second] = await Promise.all([join(browsers), join(browsers)]);
    expect(browsers.folders()).toHaveLength(1);
    const session = await attach(second, await newTarget(first));
    await evaluate(second, 'document.title = "shared"', session);
    first.socket.close();
    await first.closed;
    const third = await join(browsers);
    const { result } = await third.send('Target.getTargets');
    expect(result['targetInfos']).toContainEqual(expect.objectContaining({ title: 'shared' }));
    second.socket.close();
    third.socket.close();
    await nothingLeft(browsers);
    // The next client gets a new one.
    const next = await join(browsers);
    const { result: fresh } = await next.send('Target.getTargets');
    expect(fresh['targetInfos']).not.toContainEqual(expect.objectContaining({ title: 'shared' }));
  });

  test('relay long messages in both directions, with our own answers in between', async () => {
    const [browsers] = await serveBrowsers();
    const client = await join(browsers);
    const session = await attach(client, await newTarget(client));
    const [long, accented, solved] = await Promise.all([
      evaluate(client, `'0123456789'.repeat(${size / 10})`, session),
      evaluate(client, `'ä€'.repeat(20_000)`, session),
      client.send('Captchas.automaticSolver', {}, session),
    ]);
    // Not with toBe, which would print them.
    expect(long === '0123456789'.repeat(size / 10)).toBe(true);
    expect(accented === 'ä€'.repeat(20_000)).toBe(true);
    expect(solved).toMatchObject({ sessionId: session, result: { status: false } });
    expect(await evaluate(client, `'${'y'.repeat(size)}'.length`, session)).toBe(size);
    expect(await evaluate(client, `'${'y'.repeat(1000)}'.length`, session)).toBe(1000);
  });

  test('are closed when the browser ends', async () => {
    const [browsers] = await serveBrowsers();
    const [first, second] = await Promise.all([join(browsers), join(browsers)]);
    await first.send('Browser.close');
    await Promise.all([first.closed, second.closed]);
    await nothingLeft(browsers);
    expect((await (await join(browsers)).send('Browser.getVersion')).result).toHaveProperty('product');
  });

  test('do not depend on a client that leaves before the browser is ready', async () => {
    const [browsers] = await serveBrowsers();
    const first = join(browsers);
    const second = join(browsers);
    await eventually(async () => (browsers.folders().length > 0 ? true : undefined));
    void first.then((client) => client.socket.terminate());
    expect((await (await second).send('Browser.getVersion')).result).toHaveProperty('product');
  });
});

describe('a client', () => {
  test.each([
    ['Playwright', '/ws', { 'user-agent': 'Playwright/1.50.0 (x64; debian 12) node/24.1' }],
    ['Puppeteer', '/ws', { 'user-agent': 'Puppeteer 24.1.0' }],
    ['any client at /', '/', {}],
    ['any client with browser=own', '/ws?browser=own', {}],
  ])('gets a browser of its own: %s', async (_, address, headers) => {
    const [browsers] = await serveBrowsers();
    const authorization = `Basic ${Buffer.from(browsers.auth).toString('base64')}`;
    await join(browsers);
    const client = await openDevtools(browsers, address, { ...headers, authorization });
    expect(browsers.folders()).toHaveLength(2);
    client.socket.close();
  });

  test('that would get its own joins the shared browser with browser=shared', async () => {
    const [browsers] = await serveBrowsers();
    await join(browsers);
    const headers = { 'user-agent': 'Puppeteer 24.1.0' };
    await openDevtools(browsers, `/ws?apiKey=${browsers.auth}&browser=shared`, headers);
    expect(browsers.folders()).toHaveLength(1);
  });

  test('that chooses something else is told what exists', async () => {
    const [browsers] = await serveBrowsers();
    const address = `/ws?apiKey=${browsers.auth}&browser=mine`;
    await expect(openDevtools(browsers, address)).rejects.toThrow(
      /^400 .*browser must be one of: own, shared/,
    );
  });
});

describe('over HTTP', () => {
  test('pages of the shared browser are listed, opened and closed, with addresses that clients reach', async () => {
    const [browsers] = await serveBrowsers();
    expect(await ask(browsers, '/json')).toEqual({ status: 200, body: [] });
    const opened = await ask(browsers, '/json/new?data:text/html,<title>Opened</title>', 'PUT');
    expect(opened.status).toBe(200);
    const page = await openDevtools(browsers, addressOf(opened.body as Page));
    // The page may still be loading.
    await eventually(async () => ((await evaluate(page, 'document.title')) === 'Opened' ? true : undefined));
    const { body } = await ask(browsers, '/json/list');
    const listed = (body as Page[]).find(({ id }) => id === (opened.body as Page).id);
    expect(listed).toMatchObject({ type: 'page' });
    // Keeps the browser open while its page is closed.
    const client = await join(browsers);
    expect((await ask(browsers, `/json/close/${listed?.id}`)).status).toBe(200);
    await page.closed;
    client.socket.close();
    await nothingLeft(browsers);
  });

  test('a page that does not exist is refused', async () => {
    const [browsers] = await serveBrowsers();
    const address = `/devtools/page/nobody?apiKey=${browsers.auth}`;
    await expect(openDevtools(browsers, address)).rejects.toThrow(/^404 .*no browser is open/);
    await join(browsers);
    await expect(openDevtools(browsers, address)).rejects.toThrow(
      /^404 .*nothing at \/devtools\/page\/nobody/,
    );
  });

  test('a browser that no client uses ends', async () => {
    const [browsers] = await serveBrowsers({ browserIdleSeconds: 1 });
    await ask(browsers, '/json/new', 'PUT');
    expect(browsers.folders()).toHaveLength(1);
    await nothingLeft(browsers);
  });
});
