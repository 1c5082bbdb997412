/** What a browser downloads for its first page. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openConsole, type ConsoleBrowser } from './support/console-browser.ts';

const maxRequests = 20;
const maxBytes = 300_000;

let browser: ConsoleBrowser;
beforeAll(async () => {
  browser = await openConsole();
});
afterAll(async () => browser.close());

test('the page to sign in comes in few requests and compressed', async () => {
  const { page, platform } = browser;
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  let [requests, bytes] = [0, 0];
  session.on('Network.requestWillBeSent', () => (requests += 1));
  session.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
  await page.goto(`${platform.url}/`, { waitUntil: 'networkidle' });
  await page.getByLabel('E-mail').waitFor();
  expect(requests).toBeLessThanOrEqual(maxRequests);
  expect(bytes).toBeLessThan(maxBytes);
});
