/** Browsers as workers use them: with their client libraries, from inside the sandbox. */
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeReachableFolder, removeFolder } from '../runner/worker-package.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { descendantsOf } from './support/processes.ts';
import { publishScriptedWorker, runForever } from './support/scripted-worker.ts';

const root = path.join(import.meta.dirname, '../..');
const sdkFolder = path.join(root, 'workers/page-titles');
const clients = ['playwright-core', 'puppeteer-core', 'selenium-webdriver'];

const entry = `'use strict';
const sdk = require('./sdk');
const AsyncFunction = (async () => {}).constructor;
sdk
  .getInput()
  .then((input) => new AsyncFunction('sdk', 'input', 'require', input.script)(sdk, input, require))
  .then(
    () => process.exit(0),
    (error) => {
      console.error(error.stack);
      process.exit(1);
    },
  );
`;

async function versionHere(name: string): Promise<string> {
  const text = await readFile(path.join(root, 'node_modules', name, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** A worker that depends on the client libraries of these tests. */
async function publishWorker(
  client: TestPlatform,
  title = 'Browsing',
  files: Record<string, string> = {},
): Promise<string> {
  const names = [...clients, '@grpc/grpc-js'];
  const dependencies = Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await versionHere(name)] as const)),
  );
  const sdk = await Promise.all(
    ['sdk.js', 'sdk_pb.js', 'sdk_grpc_pb.js'].map(
      async (name) => [name, await readFile(path.join(sdkFolder, name), 'utf8')] as const,
    ),
  );
  const manifest = JSON.stringify({ name: 'browsing', version: '1.0.0', type: 'commonjs', dependencies });
  return publishScriptedWorker(client, title, {
    ...Object.fromEntries(sdk),
    'main.js': entry,
    'package.json': manifest,
    // The scripted worker's own lock file lists other dependencies.
    'package-lock.json': JSON.stringify({ lockfileVersion: 3, packages: {} }),
    ...files,
  });
}

const items = ['one'];
let platform: TestPlatform;
let cacheDir: string;
let worker: string;
let site: Server;
let sitePort: number;
beforeAll(async () => {
  site = createServer((request, response) => {
    const [, kind, size] = (request.url ?? '').split('/');
    if (kind === 'bytes')
      response.setHeader('access-control-allow-origin', '*').end(Buffer.alloc(Number(size)));
    else response.setHeader('content-type', 'text/html').end(`<title>Page ${kind}</title><h1>Hello</h1>`);
  });
  site.listen(0, '127.0.0.1');
  await once(site, 'listening');
  sitePort = (site.address() as AddressInfo).port;
  cacheDir = await makeReachableFolder();
  platform = await startTestPlatform({
    cacheDir,
    proxyAllowedTargets: [`127.0.0.1:${sitePort}`],
    // Sandboxes waiting for the next subtask are not leftovers.
    warmSandboxes: 0,
  });
  worker = await publishWorker(platform);
  // Installs its dependencies.
  await platform.runSync(worker, { script: '', items });
});
afterAll(async () => {
  await platform.close();
  await removeFolder(cacheDir);
  site.closeAllConnections();
  site.close();
});

const page = (): string => `http://127.0.0.1:${sitePort}`;

async function valueOf(script: string, by = worker): Promise<{ value: unknown; slug: string }> {
  const answer = await platform.runSync(by, {
    script: `const { PROXY_AUTH, ChromeWs, ChromeHttp } = process.env;
      const value = await (async () => { ${script} })(); await sdk.pushData({ value });`,
    items,
  });
  if (answer.error_message !== '') {
    const lines = (await platform.log(answer.run_slug)).map(({ content }) => content);
    throw new Error(`${answer.error_message}: ${lines.join('\n')}`);
  }
  return { value: answer.results.list[0]?.['value'], slug: answer.run_slug };
}

describe('a worker', () => {
  test.each([
    ['with credentials in the URL', 'connectOverCDP(`ws://${PROXY_AUTH}@${ChromeWs}`)'],
    ['with credentials as an API key', 'connectOverCDP(`ws://${ChromeWs}/ws?apiKey=${PROXY_AUTH}`)'],
    [
      'over HTTP',
      `connectOverCDP('http://' + ChromeHttp, { headers: { authorization: 'Basic ' + Buffer.from(PROXY_AUTH).toString('base64') } })`,
    ],
  ])('opens pages with Playwright, %s', async (_, connect) => {
    const { value } = await valueOf(`
      const browser = await require('playwright-core').chromium.${connect};
      const page = await browser.newPage();
      await page.goto('${page()}/one');
      const shot = await page.screenshot();
      const title = await page.title();
      await browser.close();
      return [title, shot.subarray(1, 4).toString()];`);
    expect(value).toEqual(['Page one', 'PNG']);
  });

  test('opens pages with Puppeteer, which reports that no captcha solver is available', async () => {
    const { value } = await valueOf(`
      const browser = await require('puppeteer-core').connect({ browserWSEndpoint: \`ws://\${PROXY_AUTH}@\${ChromeWs}\` });
      const page = await browser.newPage();
      await page.goto('${page()}/two');
      const session = await page.createCDPSession();
      const solved = await session.send('Captchas.automaticSolver', {});
      const title = await page.title();
      await browser.disconnect();
      return [title, solved.status];`);
    expect(value).toEqual(['Page two', false]);
  });

  test('opens pages with Selenium', async () => {
    const { value } = await valueOf(`
      const { Builder, By } = require('selenium-webdriver');
      const chrome = require('selenium-webdriver/chrome');
      const options = new chrome.Options().addArguments('--proxy-server=127.0.0.1:1', '--window-size=700,500', '--user-data-dir=/nowhere')
        .setBinaryPath('/bin/false');
      const driver = await new Builder().forBrowser('chrome').setChromeOptions(options)
        .usingServer('http://' + PROXY_AUTH + '@' + ChromeHttp).build();
      await driver.get('${page()}/three');
      const text = await driver.findElement(By.css('h1')).getText();
      const width = await driver.executeScript('return outerWidth');
      const title = await driver.getTitle();
      await driver.quit();
      return [title, text, width];`);
    expect(value).toEqual(['Page three', 'Hello', 700]);
  });
});

describe('a browser', () => {
  const open = `const browser = await require('playwright-core').chromium.connectOverCDP(process.env.CDP_ENDPOINT);
    const page = await browser.newPage();`;
  const failure = `const failure = (page, url) => page.goto(url).then(() => 'shown', (error) => /net::(\\w+)/.exec(error.message)?.[1]);`;

  test('counts toward the traffic of its run', async () => {
    const size = 3_000_000;
    const { slug, value } = await valueOf(`${open}
      await page.goto('${page()}/one');
      return page.evaluate((url) => fetch(url).then((answer) => answer.arrayBuffer()).then(({ byteLength }) => byteLength), '${page()}/bytes/${size}');`);
    expect(value).toBe(size);
    const { traffic } = await platform.run(slug);
    expect(traffic).toBeGreaterThan(size);
    expect(traffic).toBeLessThan(size + 20_000);
  });

  test('reaches what its run may reach, and the log explains refusals', async () => {
    const { port: apiPort } = new URL(platform.url);
    const { slug, value } = await valueOf(`${open} ${failure}
      const guarded = [];
      for (const host of ['127.0.0.1:${apiPort}', 'localhost:20086', '192.168.0.1']) guarded.push(await failure(page, 'http://' + host));
      return { guarded, allowed: await failure(await browser.newPage(), '${page()}/one') };`);
    expect(value).toEqual({
      guarded: Array.from({ length: 3 }, () => 'ERR_SOCKS_CONNECTION_FAILED'),
      allowed: 'shown',
    });
    const contents = (await platform.log(slug)).map(({ content }) => content);
    expect(contents).toContainEqual(
      expect.stringMatching(/^SYSTEM: proxy: 192\.168\.0\.1:80 is not a public address/),
    );
  });

  test('reaches nothing without its proxy: not the host, the worker or the network', async () => {
    const { port: apiPort } = new URL(platform.url);
    const hosts = [`127.0.0.1:${apiPort}`, `127.0.0.1:${sitePort}`, '127.0.0.1:20086', '127.0.0.1:20087'];
    const { value } = await valueOf(`${failure}
      const browser = await require('puppeteer-core').connect({ browserWSEndpoint: process.env.BROWSER_WS_ENDPOINT });
      const context = await browser.createBrowserContext({ proxyServer: '127.0.0.1:1', proxyBypassList: ['127.0.0.1', '192.0.2.1'] });
      const page = await context.newPage();
      const past = [];
      for (const host of ${JSON.stringify(hosts)}) past.push(await failure(page, 'http://' + host));
      const named = await browser.createBrowserContext({ proxyServer: process.env.PROXY_DOMAIN, proxyBypassList: ['<-loopback>'] });
      return {
        past,
        away: await failure(page, 'http://192.0.2.1'),
        files: await failure(page, 'file:///work/main.js'),
        named: await failure(await named.newPage(), '${page()}/one'),
      };`);
    expect(value).toEqual({
      past: hosts.map(() => 'ERR_CONNECTION_REFUSED'),
      away: expect.stringMatching(/^ERR_(ADDRESS_UNREACHABLE|INTERNET_DISCONNECTED)$/),
      files: 'ERR_FILE_NOT_FOUND',
      named: 'shown',
    });
  });

  test('uses the proxies that its worker serves, each in its own context', async () => {
    const { slug, value } = await valueOf(`${failure}
      const browser = await require('puppeteer-core').connect({ browserWSEndpoint: process.env.BROWSER_WS_ENDPOINT });
      const serve = (name) => new Promise((resolve) => {
        const server = require('node:http').createServer((request, response) => {
          response.setHeader('content-type', 'text/html').end('<title>' + name + ' ' + request.url + '</title>');
        });
        server.listen(0, '127.0.0.1', () => resolve(server.address().port));
      });
      const pageBy = async (proxyServer) => (await browser.createBrowserContext({ proxyServer })).newPage();
      const titleBy = async (proxyServer) => {
        const page = await pageBy(proxyServer);
        await page.goto('http://nowhere.example/one');
        return page.title();
      };
      const [one, two] = [await serve('first'), await serve('second')];
      const titles = await Promise.all([titleBy('http://127.0.0.1:' + one), titleBy('localhost:' + two)]);
      const own = await browser.newPage();
      await own.goto('${page()}/own');
      const refused = [];
      for (const proxy of ['127.0.0.1:9', 'http://192.168.0.1:3128', 'http://[::ffff:127.0.0.1]:' + one])
        refused.push(await failure(await pageBy(proxy), 'http://nowhere.example/'));
      return { titles, own: await own.title(), refused };`);
    expect(value).toEqual({
      titles: ['first http://nowhere.example/one', 'second http://nowhere.example/one'],
      own: 'Page own',
      refused: Array.from({ length: 3 }, () => expect.stringMatching(/^ERR_/)),
    });
    const contents = (await platform.log(slug)).map(({ content }) => content);
    expect(contents).toContainEqual(
      expect.stringMatching(/^SYSTEM: browser: the proxy 127\.0\.0\.1:9 of a browser context: .*refused/),
    );
    expect(contents).toContainEqual(
      expect.stringMatching(/^SYSTEM: proxy: 192\.168\.0\.1:3128 is not a public address/),
    );
  });

  test('counts toward the memory of its subtask', async () => {
    const slug = await platform.runAsync(
      worker,
      {
        script: `${open}
          await page.evaluate(() => { globalThis.kept = Array.from({ length: 80 }, () => new Uint8Array(10_000_000).fill(1)); });
          ${runForever}`,
        items,
      },
      { memory: 512 },
    );
    expect(await platform.finished(slug)).toMatchObject({
      status: 'failed',
      err_msg: 'stopped at the memory limit of 512 MB (memory)',
    });
  });
});

/** Commands of browser processes, and the folders of subtasks. */
async function leftovers(): Promise<string[]> {
  const processes = descendantsOf(process.pid).map(({ command }) => command);
  const scratch = await readdir(path.join(cacheDir, 'scratch'), { recursive: true });
  const folders = scratch.filter((name) => name.includes(path.sep));
  return [
    ...processes.filter((command) => /browser-entry|chromedriver|\/browser\//.test(command)),
    ...folders,
  ];
}

describe('no process is left of browsers', () => {
  const openBoth = `
    const chrome = require('selenium-webdriver/chrome');
    await new (require('selenium-webdriver').Builder)().forBrowser('chrome')
      .usingServer('http://' + process.env.PROXY_AUTH + '@' + process.env.ChromeHttp).build();
    await require('playwright-core').chromium.connectOverCDP(process.env.CDP_ENDPOINT);`;

  test('whose worker ended without closing them', async () => {
    const answer = await platform.runSync(worker, { script: openBoth, items });
    expect(answer.error_message).toBe('');
    expect(await leftovers()).toEqual([]);
  });

  test('whose run was aborted', async () => {
    const slug = await platform.runAsync(worker, {
      script: `${openBoth} await sdk.log.info('ready'); ${runForever}`,
      items,
    });
    await platform.logged(slug, 'ready');
    const before = await leftovers();
    expect(before.filter((line) => line.includes('--remote-debugging-pipe')).length).toBeGreaterThan(0);
    expect(before.filter((line) => line.includes('chromedriver')).length).toBeGreaterThan(0);
    await platform.call(`/worker-runs/${slug}/abort`, { method: 'POST' });
    expect((await platform.finished(slug)).err_msg).toBe('run aborted by user');
    expect(await leftovers()).toEqual([]);
  });
});

test('a worker finds browsers at the fixed names, and has no privileges', async () => {
  const published = await publishWorker(platform, 'Browsing at fixed names', {
    'endpoints.js': `module.exports = { devtools: 'chrome-ws-inner.cafescraper.com', webdriver: 'chrome-http-inner.coreclaw.com' };`,
  });
  const { value } = await valueOf(
    `const { devtools, webdriver } = require('/work/endpoints.js');
    const browser = await require('playwright-core').chromium.connectOverCDP('ws://' + PROXY_AUTH + '@' + devtools);
    const authorization = 'Basic ' + Buffer.from(PROXY_AUTH).toString('base64');
    const { value: { ready } } = await (await fetch('http://' + webdriver + '/status', { headers: { authorization } })).json();
    const status = require('fs').readFileSync('/proc/self/status', 'utf8');
    const capabilities = [...status.matchAll(/^Cap(?:Prm|Eff|Bnd|Amb):\\s+0*(\\w+)$/gm)].map(([, bits]) => bits);
    return { version: browser.version(), ready, capabilities };`,
    published,
  );
  expect(value).toEqual({
    version: expect.stringMatching(/^\d+\./),
    ready: true,
    capabilities: ['0', '0', '0', '0'],
  });
});

describe('files', () => {
  const read = `Promise.all(Array.from(document.querySelector('input').files, async (file) => [file.name, await file.text()]))`;
  const html = `data:text/html;charset=utf-8,<input type=file><a id=a download="Bericht ä.txt" href="data:text/plain,saved">save</a>`;
  const openForm = `const page = await browser.newPage(); await page.goto('${html}');`;
  const playwright = `const fs = require('fs');
    const browser = await require('playwright-core').chromium.connectOverCDP(process.env.CDP_ENDPOINT);`;

  test('in /tmp are uploaded and downloaded with Playwright', async () => {
    const { value } = await valueOf(`${playwright} ${openForm}
      fs.writeFileSync('/tmp/u.txt', 'hello');
      await page.setInputFiles('input', '/tmp/u.txt');
      const uploaded = await page.evaluate("${read.replaceAll('"', '\\"')}");
      const [download] = await Promise.all([page.waitForEvent('download'), page.click('#a')]);
      await download.saveAs('/work/saved.txt');
      const texts = [fs.readFileSync('/work/saved.txt', 'utf8'), fs.readFileSync(await download.path(), 'utf8')];
      await browser.close();
      return { uploaded, name: download.suggestedFilename(), texts };`);
    expect(value).toEqual({
      uploaded: [['u.txt', 'hello']],
      name: 'Bericht ä.txt',
      texts: ['saved', 'saved'],
    });
  });

  test('in /tmp are uploaded with Puppeteer, and downloads are saved there', async () => {
    const { value } = await valueOf(`const fs = require('fs');
      const browser = await require('puppeteer-core').connect({ browserWSEndpoint: process.env.BROWSER_WS_ENDPOINT });
      ${openForm}
      fs.writeFileSync('/tmp/u.txt', 'hello');
      await (await page.$('input')).uploadFile('/tmp/u.txt');
      const uploaded = await page.evaluate("${read.replaceAll('"', '\\"')}");
      const session = await browser.target().createCDPSession();
      await session.send('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: '/tmp/saved', eventsEnabled: true });
      const done = new Promise((resolve) => session.on('Browser.downloadProgress', ({ state }) => state === 'completed' && resolve()));
      await page.click('#a');
      await done;
      const [name] = fs.readdirSync('/tmp/saved');
      const text = fs.readFileSync('/tmp/saved/' + name, 'utf8');
      await browser.disconnect();
      return { uploaded, name, text };`);
    expect(value).toEqual({ uploaded: [['u.txt', 'hello']], name: 'Bericht ä.txt', text: 'saved' });
  });

  test('outside /tmp stay private, for both the worker and the browser', async () => {
    const { value } = await valueOf(`${playwright} ${openForm}
      fs.writeFileSync('/work/secret.txt', 'hello');
      fs.symlinkSync('/work/secret.txt', '/tmp/link.txt');
      const shown = async (file) => (await browser.newPage()).goto('file://' + file).then(() => 'shown', (error) => /net::(\\w+)/.exec(error.message)?.[1]);
      const seen = { work: await shown('/work/secret.txt'), link: await shown('/tmp/link.txt') };
      fs.writeFileSync('/tmp/open.txt', 'hello');
      seen.tmp = await shown('/tmp/open.txt');
      seen.profile = fs.existsSync('/tmp/profile') || (fs.existsSync('/var/tmp') && fs.readdirSync('/var/tmp').length > 0);
      seen.names = fs.readdirSync('/tmp').filter((name) => !name.startsWith('playwright'));
      await browser.close();
      return seen;`);
    expect(value).toEqual({
      work: 'ERR_FILE_NOT_FOUND',
      link: 'ERR_FILE_NOT_FOUND',
      tmp: 'shown',
      profile: false,
      names: ['link.txt', 'open.txt'],
    });
  });
});
