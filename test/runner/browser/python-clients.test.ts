/** Browsers as Python libraries use them. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { eventually } from '../../platform/support/eventually.ts';
import { preparePython } from '../../support/python-environment.ts';
import { serveBrowsers, type ServedBrowsers } from './support/browsers.ts';

const folder = path.join(import.meta.dirname, 'python');
let python: string;
beforeAll(async () => {
  python = await preparePython(path.join(folder, 'requirements.txt'));
});

/** @returns the port of a site with some pages, which closes with the test */
async function serveSite(): Promise<number> {
  const site = createServer((request, response) => {
    const [, kind, size] = (request.url ?? '').split('/');
    if (kind === 'bytes') response.end(Buffer.alloc(Number(size)));
    else
      response.setHeader('content-type', 'text/html').end(`<title>Page ${kind}</title><h1>Hello</h1><input>`);
  });
  site.listen(0, '127.0.0.1');
  onTestFinished(() => {
    site.closeAllConnections();
    site.close();
  });
  await once(site, 'listening');
  return (site.address() as AddressInfo).port;
}

/** @returns what a script prints */
async function run(script: string, { port, auth }: ServedBrowsers, ...args: string[]): Promise<unknown> {
  const address = `127.0.0.1:${port}`;
  const { stdout } = await promisify(execFile)(python, [path.join(folder, script), ...args], {
    env: { ChromeWs: address, ChromeHttp: address, PROXY_AUTH: auth },
  });
  return JSON.parse(stdout);
}

test('DrissionPage opens a socket for each tab, and all reach the same browser', async () => {
  const sitePort = await serveSite();
  const [browsers] = await serveBrowsers({
    proxyAllowedTargets: [`127.0.0.1:${sitePort}`],
    browserSubtaskLimit: 1,
  });
  expect(await run('drissionpage.py', browsers, `http://127.0.0.1:${sitePort}`)).toEqual({
    version: expect.stringMatching(/^Chrome\/\d+\./),
    title: 'Page one',
    heading: 'Hello',
    heard: expect.stringMatching(/\/bytes\/3$/),
    titles: ['Page one', 'Page two'],
    typed: 'typed',
    solved: false,
    picture: 'PNG',
    left: ['Page one'],
    again: [],
  });
  await eventually(async () => (browsers.folders().length === 0 ? true : undefined));
});

test('Selenium uploads files of its own machine', async () => {
  const [browsers] = await serveBrowsers();
  expect(await run('selenium_upload.py', browsers)).toEqual([{ name: 'Bericht ä.txt', text: 'hello' }]);
});
