import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { publishBundledWorkers } from '../../src/workers/bundled-workers.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';

let platform: TestPlatform;
let site: Server;
let port: number;
beforeAll(async () => {
  site = createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end(`<title>Page ${request.url}</title>`);
  });
  site.listen(0, '127.0.0.1');
  await once(site, 'listening');
  ({ port } = site.address() as AddressInfo);
  platform = await startTestPlatform({ proxyAllowedTargets: [`127.0.0.1:${port}`] });
  await publishBundledWorkers(platform.platform);
});
afterAll(async () => {
  await platform.close();
  site.closeAllConnections();
  site.close();
});

test('chela/page-titles reads the pages of a site through the run proxy', async () => {
  const urls = [`http://127.0.0.1:${port}/a`, `http://localhost:${port}/b`, 'http://10.0.0.1/'];
  const start_urls = urls.map((url) => ({ url }));
  const answer = await platform.runSync('chela~page-titles', { start_urls, retries: 0 });
  expect(answer).toMatchObject({ run_status: 'succeeded', error_message: '' });
  const rows = new Map(answer.results.list.map((row) => [row['url'], row]));
  expect(rows.get(urls[0])).toMatchObject({ status: 200, title: 'Page /a', error: '' });
  expect(rows.get(urls[1])).toMatchObject({ status: 200, title: 'Page /b', error: '' });
  expect(rows.get(urls[2])).toMatchObject({
    status: null,
    error: 'Socks5 proxy rejected connection - NotAllowed',
  });
  expect((await platform.run(answer.run_slug)).traffic).toBeGreaterThan(300);
  expect((await platform.log(answer.run_slug)).map(({ content }) => content)).toContain(
    'reading pages through the proxy',
  );
});
