import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { eventually } from '../../platform/support/eventually.ts';
import { descendantsOf } from '../../platform/support/processes.ts';
import { makeAuthority } from '../certificate-authority.ts';
import { listen } from '../proxy/support/servers.ts';
import { makeReachableFolder, removeFolder } from '../worker-package.ts';
import { openDevtools, serveBrowsers, type ServedBrowsers } from './support/browsers.ts';

const size = 50_000_000;

interface Answered {
  readonly status: number | undefined;
  readonly body: unknown;
}

async function ask(
  port: number,
  address: string,
  authorization = '',
  body?: unknown,
  method = body === undefined ? 'GET' : 'POST',
): Promise<Answered> {
  const headers = authorization === '' ? {} : { authorization };
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path: address, method, headers }, (answer) => {
      text(answer).then(
        (content) => resolve({ status: answer.statusCode, body: content === '' ? '' : JSON.parse(content) }),
        reject,
      );
    });
    outgoing.once('error', reject);
    const content = body === undefined ? '' : JSON.stringify(body);
    if (body !== undefined) outgoing.setHeader('content-length', content.length);
    outgoing.end(content);
  });
}

function basic(auth: string): string {
  return `Basic ${Buffer.from(auth).toString('base64')}`;
}

function browserProcesses(): string[] {
  return descendantsOf(process.pid)
    .map(({ command }) => command)
    .filter((command) => /browser-entry|chromedriver|\/browser\//.test(command));
}

async function nothingLeft(browsers: ServedBrowsers): Promise<void> {
  await expect.poll(() => [...browsers.folders(), ...browserProcesses()]).toEqual([]);
}

async function beginSession({ port, auth }: ServedBrowsers): Promise<string> {
  const capabilities = { alwaysMatch: { browserName: 'chrome' } };
  const { body } = await ask(port, '/wd/hub/session', basic(auth), { capabilities });
  return `/session/${(body as { value: { sessionId: string } }).value.sessionId}`;
}

describe('credentials', () => {
  const wrong: [string, string, Record<string, string>][] = [
    ['none', '/', {}],
    ['a wrong password', '/', { authorization: basic('worker:wrong') }],
    ['a wrong key', '/ws?apiKey=worker:wrong', {}],
    ['a header without credentials', '/', { authorization: 'Basic' }],
  ];

  test.each(wrong)('%s are refused', async (_, address, headers) => {
    const [browsers] = await serveBrowsers();
    const { port } = browsers;
    const query = address.replace(/^[^?]*/, '');
    await expect(openDevtools(browsers, address, headers)).rejects.toThrow(/^401 .*PROXY_AUTH/);
    expect(await ask(port, `/json/version${query}`, headers['authorization'])).toMatchObject({ status: 401 });
    expect(await ask(port, `/session${query}`, headers['authorization'], {})).toMatchObject({ status: 401 });
    expect(browsers.folders()).toEqual([]);
  });

  test("give access to the browser's description and its WebSocket", async () => {
    const [browsers] = await serveBrowsers();
    expect(await ask(browsers.port, '/json/list', basic(browsers.auth))).toEqual({ status: 200, body: [] });
    const { body } = await ask(browsers.port, '/json/version', basic(browsers.auth));
    const { Browser: name, webSocketDebuggerUrl: url } = body as Record<string, string>;
    expect(name).toMatch(/^Chrome\/\d+\./);
    const { pathname, search } = new URL(url ?? '');
    const client = await openDevtools(browsers, `${pathname}${search}`);
    expect((await client.send('Browser.getVersion')).result['product']).toBe(name);
  });
});

describe('a browser', () => {
  // A hundred megabytes may take more than a minute on a machine that also runs other tests.
  test(
    'relays messages of 50 MB in both directions, with its own answers in between',
    { timeout: 240_000 },
    async () => {
      const [browsers] = await serveBrowsers();
      const client = await openDevtools(browsers);
      const sessionId = await client.page();
      const evaluate = async (expression: string): Promise<unknown> => {
        const { result } = await client.send(
          'Runtime.evaluate',
          { expression, returnByValue: true },
          sessionId,
        );
        return (result['result'] as { value: unknown }).value;
      };
      const [downloaded, accented, solved] = await Promise.all([
        evaluate(`'0123456789'.repeat(${size / 10})`),
        evaluate(`'ä€'.repeat(100_000)`),
        client.send('Captchas.automaticSolver', { timeout: 1 }, sessionId),
      ]);
      // Not with toBe, which would print them.
      expect(downloaded === '0123456789'.repeat(size / 10)).toBe(true);
      expect(accented === 'ä€'.repeat(100_000)).toBe(true);
      expect(solved).toMatchObject({ sessionId, result: { status: false, message: expect.any(String) } });
      expect(await evaluate(`'${'y'.repeat(size)}'.length`)).toBe(size);
    },
  );

  test('ends when its client disconnects', async () => {
    const [browsers] = await serveBrowsers();
    const client = await openDevtools(browsers);
    expect(browsers.folders()).toHaveLength(1);
    client.socket.terminate();
    await nothingLeft(browsers);
  });

  test("that crashes closes its client's connection", async () => {
    const [browsers] = await serveBrowsers();
    const client = await openDevtools(browsers);
    client.socket.send(JSON.stringify({ id: 1, method: 'Browser.crash' }));
    expect(await client.closed).toBe(1001);
    await nothingLeft(browsers);
  });

  test('ends with its subtask, and no other starts', async () => {
    const [browsers] = await serveBrowsers();
    const client = await openDevtools(browsers);
    await browsers.endpoint.close();
    await nothingLeft(browsers);
    await client.closed;
    await expect(openDevtools(browsers)).rejects.toThrow(/^503 .*the subtask has ended/);
  });

  test('keeps the name of a download, in whatever script it is written', async () => {
    const [browsers] = await serveBrowsers();
    const client = await openDevtools(browsers);
    const sessionId = await client.page();
    const downloadPath = '/home/worker/downloads';
    await client.send('Browser.setDownloadBehavior', {
      behavior: 'allow',
      downloadPath,
      eventsEnabled: true,
    });
    const expression = `const link = document.createElement('a'); link.download = '数据 – naïve.xlsx';
      link.href = URL.createObjectURL(new Blob(['rows'])); document.body.append(link); link.click()`;
    await client.send('Runtime.evaluate', { expression }, sessionId);
    await eventually(async () => {
      const progress = client.messages.filter(({ method }) => method === 'Browser.downloadProgress');
      return progress.find(({ params }) => params?.['state'] === 'completed');
    });
    const [folder = ''] = browsers.folders();
    const downloads = path.join(browsers.scratchDir, folder, 'home/downloads');
    expect(readdirSync(downloads)).toEqual(['数据 – naïve.xlsx']);
  });

  test('trusts the authorities that the operator added, and no others', async () => {
    const folder = await makeReachableFolder();
    onTestFinished(async () => removeFolder(folder));
    const authority = await makeAuthority(folder);
    const [key, cert] = await Promise.all(
      ['key.pem', 'cert.pem'].map(async (name) => readFile(path.join(authority, name))),
    );
    const { port } = await listen(createHttpsServer({ key, cert }, (_, answer) => answer.end('hello')));
    const errorWith = async (workerCaFile: string): Promise<unknown> => {
      const [browsers] = await serveBrowsers({ workerCaFile, proxyAllowedTargets: [`localhost:${port}`] });
      const client = await openDevtools(browsers);
      const { result } = await client.send(
        'Page.navigate',
        { url: `https://localhost:${port}/` },
        await client.page(),
      );
      return result['errorText'];
    };
    expect(await errorWith('')).toBe('net::ERR_CERT_AUTHORITY_INVALID');
    expect(await errorWith(path.join(authority, 'ca.pem'))).toBeUndefined();
  });

  test('counts toward the limits with all its processes and files', async () => {
    const [browsers] = await serveBrowsers();
    expect(await browsers.endpoint.memoryBytes()).toBe(0);
    await openDevtools(browsers);
    expect(await browsers.endpoint.memoryBytes()).toBeGreaterThan(50_000_000);
  });
});

describe('browsers over the limits', () => {
  test('wait until a browser of the same subtask has ended; other subtasks are unaffected', async () => {
    const [browsers, others] = await serveBrowsers({ browserSubtaskLimit: 1, browserLimit: 2 }, 2);
    const first = await openDevtools(browsers);
    const second = openDevtools(browsers);
    if (others === undefined) throw new Error('there is one subtask only');
    const other = await openDevtools(others);
    await eventually(async () => browsers.notices[0]);
    expect(browsers.notices[0]).toMatch(
      /^waiting for an available browser: .*1 browsers per subtask \(CHELA_BROWSER_SUBTASK_LIMIT\)/,
    );
    expect(browsers.folders()).toHaveLength(1);
    expect(first.socket.readyState).toBe(first.socket.OPEN);
    first.socket.close();
    await (await second).send('Browser.getVersion');
    other.socket.close();
  });

  test('are refused after the maximum wait, with the name of the limit', async () => {
    const [browsers] = await serveBrowsers({ browserLimit: 1, browserQueueSeconds: 1 });
    await openDevtools(browsers);
    // It contacts only what it was told to.
    expect(browsers.notices).toEqual([]);
    const reason = /no browser was available within 1 s: .*1 per runner \(CHELA_BROWSER_LIMIT\)/;
    await expect(openDevtools(browsers)).rejects.toThrow(reason);
    const driven = await ask(browsers.port, '/session', basic(browsers.auth), { capabilities: {} });
    expect(driven).toMatchObject({
      status: 503,
      body: { value: { error: 'session not created', message: expect.stringMatching(reason) } },
    });
    expect(browsers.notices).toContainEqual(expect.stringMatching(reason));
  });
});

describe('WebDriver', () => {
  test('serves a session until it is deleted', async () => {
    const [browsers] = await serveBrowsers({ browserMessageLimitBytes: 1_000_000 });
    const { port } = browsers;
    const auth = basic(browsers.auth);
    const session = await beginSession(browsers);
    expect(await ask(port, `${session}/url`, auth)).toMatchObject({ body: { value: 'about:blank' } });
    const url = 'data:text/plain,here';
    expect(await ask(port, `${session}/url`, auth, { url })).toMatchObject({ status: 200 });
    expect(await ask(port, `${session}/url`, auth)).toEqual({ status: 200, body: { value: url } });
    const unknown = { status: 404, body: { value: { error: 'invalid session id' } } };
    expect(await ask(port, '/session/nobody/url', auth)).toMatchObject(unknown);
    expect(await ask(port, `${session}/element`, auth, 'x'.repeat(2_000_000))).toMatchObject({
      status: 400,
      body: { value: { message: expect.stringMatching(/CHELA_BROWSER_MESSAGE_LIMIT_BYTES/) } },
    });
    expect(await ask(port, session, auth, undefined, 'DELETE')).toEqual({
      status: 200,
      body: { value: null },
    });
    expect(await ask(port, `${session}/url`, auth)).toMatchObject(unknown);
    await nothingLeft(browsers);
    // It contacted only what it was told to.
    expect(browsers.notices).toEqual([]);
  });

  test('ends a session that gets no commands', async () => {
    const [browsers] = await serveBrowsers({ browserIdleSeconds: 1 });
    const session = await beginSession(browsers);
    await nothingLeft(browsers);
    expect(await ask(browsers.port, `${session}/url`, basic(browsers.auth))).toMatchObject({ status: 404 });
  });

  test('rejects wrong capabilities with a reason, and leaves nothing behind', async () => {
    const [browsers] = await serveBrowsers();
    const capabilities = { alwaysMatch: { browserName: 'firefox' } };
    const { status, body } = await ask(browsers.port, '/session', basic(browsers.auth), { capabilities });
    expect(status).toBe(500);
    expect(body).toMatchObject({ value: { error: 'session not created' } });
    await nothingLeft(browsers);
  });
});

test('without Chromium the error says what to install', async () => {
  const [browsers] = await serveBrowsers({ chromium: '/nowhere/chromium' });
  await expect(openDevtools(browsers)).rejects.toThrow(/^503 .*CHELA_CHROMIUM/);
  expect(browsers.notices).toEqual(['CHELA_CHROMIUM must be the path of an executable']);
});
