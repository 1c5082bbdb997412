import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunHostList } from '../../src/answers/run-hosts.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { eventually } from './support/eventually.ts';
import { publishScriptedWorker, runForever } from './support/scripted-worker.ts';

const pageTitles = path.join(import.meta.dirname, '../../workers/page-titles');

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

async function publishWorker(client: TestPlatform): Promise<string> {
  // That worker's dependencies include a SOCKS client and its SDK.
  const names = ['package.json', 'package-lock.json', 'sdk.js', 'sdk_pb.js', 'sdk_grpc_pb.js'];
  const files = Object.fromEntries(
    await Promise.all(
      names.map(async (name) => [name, await readFile(path.join(pageTitles, name), 'utf8')] as const),
    ),
  );
  return publishScriptedWorker(client, 'Through the proxy', { ...files, 'main.js': entry });
}

let platform: TestPlatform;
let worker: string;
/** Sends what the path requests: `/bytes/1000`, or endlessly. */
let site: Server;
let sitePort: number;
beforeAll(async () => {
  site = createServer((request, response) => {
    const [, kind, size] = (request.url ?? '').split('/');
    if (kind === 'bytes') response.end(Buffer.alloc(Number(size)));
    else {
      const fill = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(16_384)));
      };
      response.on('drain', fill);
      fill();
    }
  });
  site.listen(0, '127.0.0.1');
  await once(site, 'listening');
  sitePort = (site.address() as AddressInfo).port;
  platform = await startTestPlatform({
    proxyAllowedTargets: [`127.0.0.1:${sitePort}`],
    outputLineLimitBytes: 2000,
    // More than the tests open, so that each connection takes and returns a turn.
    hostConnectionLimit: 1000,
  });
  worker = await publishWorker(platform);
});
afterAll(async () => {
  await platform.close();
  site.closeAllConnections();
  site.close();
});

const items = ['one'];
/** Gives a script `open(host, port)`, a connection through the SOCKS client, and `download(url)`, which resolves with a size. */
const prelude = `
  const http = require('http');
  const [user, password] = process.env.PROXY_AUTH.split(':');
  const open = async (host, port, domain = process.env.PROXY_DOMAIN) => (await require('socks').SocksClient.createConnection({
    proxy: { host: domain.split(':')[0], port: Number(domain.split(':')[1]), type: 5, userId: user, password },
    command: 'connect', destination: { host, port } })).socket;
  const download = async (port, path) => {
    const socket = await open('127.0.0.1', port);
    socket.write('GET ' + path + ' HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n');
    let size = 0;
    for await (const chunk of socket) size += chunk.length;
    return size;
  };
`;

async function valueOf(script: string): Promise<{ value: unknown; slug: string }> {
  const answer = await platform.runSync(worker, {
    script: `${prelude} const value = await (async () => { ${script} })(); await sdk.pushData({ value });`,
    items,
  });
  if (answer.error_message !== '') throw new Error(answer.error_message);
  return { value: answer.results.list[0]?.['value'], slug: answer.run_slug };
}

describe('a worker in its sandbox', () => {
  test('reaches the network over SOCKS, by every name of the proxy', async () => {
    const { value } = await valueOf(`
      const domains = [process.env.PROXY_DOMAIN, 'proxy-inner.cafescraper.com:6000', 'proxy-inner.coreclaw.com:6000'];
      return Promise.all(domains.map(async (domain) => {
        const socket = await open('127.0.0.1', ${sitePort}, domain);
        socket.write('GET /bytes/5 HTTP/1.0\\r\\n\\r\\n');
        const chunks = [];
        for await (const chunk of socket) chunks.push(chunk);
        return Buffer.concat(chunks).toString().split(' ')[1];
      }));`);
    expect(value).toEqual(['200', '200', '200']);
  });

  test('reaches the network over HTTP, with CONNECT and with absolute URLs', async () => {
    const { value } = await valueOf(`
      const headers = { 'Proxy-Authorization': 'Basic ' + Buffer.from(process.env.PROXY_AUTH).toString('base64') };
      const proxy = { host: 'proxy-inner.cafescraper.com', port: 6000, headers };
      const plain = await new Promise((resolve, reject) => http.get({ ...proxy, path: 'http://127.0.0.1:${sitePort}/bytes/7' }, resolve).on('error', reject));
      plain.resume();
      const tunnel = await new Promise((resolve, reject) => http.request({ ...proxy, method: 'CONNECT', path: '127.0.0.1:${sitePort}' })
        .on('connect', (response, socket) => resolve(socket)).on('error', reject).end());
      const inside = await new Promise((resolve, reject) => http.get({ createConnection: () => tunnel, path: '/bytes/8' }, resolve).on('error', reject));
      return [plain.statusCode, plain.headers['content-length'], inside.statusCode, inside.headers['content-length']];`);
    expect(value).toEqual([200, '7', 200, '8']);
  });

  test('reaches only public addresses unless the operator allows others, and the log says why', async () => {
    const { value, slug } = await valueOf(`
      const refusal = (host, port) => open(host, port).then(() => 'open', (error) => error.message);
      return [await refusal('127.0.0.1', ${new URL(platform.url).port}), await refusal('localhost', ${sitePort + 1})];`);
    expect(value).toEqual(Array.from({ length: 2 }, () => 'Socks5 proxy rejected connection - NotAllowed'));
    const contents = (await platform.log(slug)).map(({ content }) => content);
    expect(contents).toContainEqual(
      expect.stringMatching(
        /^SYSTEM: proxy: 127\.0\.0\.1:\d+ is not a public address: .*CHELA_PROXY_ALLOWED_TARGETS/,
      ),
    );
    const { data } = await platform.call<RunHostList>(`/worker-runs/${slug}/network?subtask=1&sort=host`);
    expect(data.list.map(({ host, refusals }) => [host, refusals])).toEqual(
      ['127.0.0.1', 'localhost'].map((host) => [host, [{ reason: 'private_address', count: 1 }]]),
    );
  });

  test('reaches only hosts on the allow-lists of its worker and its run', async () => {
    const setList = async (allowed_hosts: string[] | null) =>
      platform.call(`/workers/${worker}`, { method: 'PUT', body: { allowed_hosts } });
    expect((await setList(['127.0.0.1'])).code).toBe(0);
    const script = `${prelude}
      const outcome = (host) => open(host, ${sitePort}).then((socket) => { socket.destroy(); return 'open' }, (error) => error.message);
      await sdk.pushData({ value: [await outcome('127.0.0.1'), await outcome('localhost'), await outcome('localhost')] });`;
    const refused = 'Socks5 proxy rejected connection - NotAllowed';
    const outcomesOf = async (system: object = {}) => {
      const { results, run_slug: slug } = await platform.runSync(worker, { script, items }, { ...system });
      return { slug, value: results.list[0]?.['value'] };
    };
    const { slug, value } = await outcomesOf();
    expect(value).toEqual(['open', refused, refused]);
    const contents = (await platform.log(slug)).map(({ content }) => content);
    expect(contents.filter((content) => content.includes('allow-list'))).toEqual([
      `SYSTEM: proxy: localhost:${sitePort} is not on the worker's allow-list: its owner can add it in the settings of the worker`,
    ]);
    expect((await outcomesOf({ allowed_hosts: [] })).value).toEqual([refused, refused, refused]);
    await setList(null);
  });

  test('never shows its password in the log, however it prints it', async () => {
    const { slug, value } = await valueOf(`
      const auth = process.env.PROXY_AUTH, [user, password] = auth.split(':');
      const basic = Buffer.from(auth).toString('base64');
      const print = (text) => new Promise((done) => process.stdout.write(text, done));
      await sdk.log.info('sdk ' + auth);
      await sdk.log.error('header Basic ' + basic);
      console.log('printed', auth, 'http://' + auth + '@host');
      console.error('printed', auth);
      for (const letter of 'piece by piece ' + auth + '\\n') { await print(letter); await new Promise(setImmediate); }
      for (const before of [1960, 1980, 1999, 2000]) {
        await print('x'.repeat(before) + auth.slice(0, 20));
        await new Promise((later) => setTimeout(later, 20));
        await print(auth.slice(20) + 'y'.repeat(5000) + '\\n');
      }
      await print('the end ' + password);
      return { length: password.length, parts: Array.from({ length: 4 }, (_, n) => password.slice(n * 8, n * 8 + 8)) };`);
    const { length, parts } = value as { length: number; parts: string[] };
    expect(length).toBe(32);
    const contents = (await platform.log(slug)).map(({ content }) => content);
    expect(contents).toContainEqual(expect.stringMatching(/^sdk worker-\w+:\*\*\*$/));
    expect(contents).toContain('header Basic ***');
    expect(contents).toContainEqual(expect.stringMatching(/^piece by piece worker-\w+:\*\*\*$/));
    expect(contents).toContain('the end ***');
    expect(contents.filter((content) => content.startsWith('xxx'))).toHaveLength(4);
    expect(contents.filter((content) => parts.some((part) => content.includes(part)))).toEqual([]);
  });
});

describe('the traffic of a run', () => {
  const size = 3_000_000;

  async function headBytes(): Promise<number> {
    const request = `GET /bytes/${size} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
    const socket = connect(sitePort, '127.0.0.1');
    socket.write(request);
    let received = 0;
    for await (const chunk of socket as AsyncIterable<Buffer>) received += chunk.length;
    return request.length + received - size;
  }

  test.each<[string, string, string, string]>([
    ['succeeds', '', 'succeeded', ''],
    ['fails', `process.exit(3);`, 'failed', 'the worker ended with exit code 3'],
  ])('that %s is what its subtasks sent and received', async (_, end, status, errMsg) => {
    const script = `${prelude} await sdk.pushData({ size: await download(${sitePort}, '/bytes/${size}') }); ${end}`;
    const answer = await platform.runSync(worker, {
      script,
      items: ['one', 'two', 'three'].slice(0, end === '' ? 3 : 1),
    });
    expect(answer).toMatchObject({ run_status: status, error_message: errMsg });
    const { traffic } = await platform.run(answer.run_slug);
    expect(traffic).toBe((size + (await headBytes())) * (end === '' ? 3 : 1));
    const { data } = await platform.call<RunHostList>(`/worker-runs/${answer.run_slug}/network`);
    expect(data.totals.sent_bytes + data.totals.received_bytes).toBe(traffic);
    expect(data.list).toMatchObject([{ host: '127.0.0.1', port: sitePort, connections: end === '' ? 3 : 1 }]);
    const { pool } = platform.platform.database;
    await eventually(async () => {
      const { rows } = await pool.query<{ open: number }>('SELECT sum(connections) AS open FROM host_lease');
      return Number(rows[0]?.open) === 0 ? true : undefined;
    });
  });

  test('is visible while the run is running, and complete after an abort', async () => {
    const script = `${prelude} await download(${sitePort}, '/bytes/${size}'); ${runForever}`;
    const slug = await platform.runAsync(worker, { script, items });
    const expected = size + (await headBytes());
    await eventually(async () => ((await platform.run(slug)).traffic === expected ? true : undefined));
    expect((await platform.run(slug)).status).toBe('running');
    await platform.call(`/worker-runs/${slug}/abort`, { method: 'POST' });
    expect(await platform.finished(slug)).toMatchObject({ status: 'failed', traffic: expected });
  });

  test('stops all subtasks at max_total_traffic, and keeps the rows', async () => {
    const limit = 20_000_000;
    // One of them downloads forever, the other would sleep forever.
    const script = `${prelude} process.on('SIGTERM', () => {});
      await sdk.pushData({ item: input.items[0] });
      await sdk.log.info('there');
      if (input.items[0] === 'loads') await download(${sitePort}, '/forever').catch(() => undefined);
      ${runForever}`;
    const slug = await platform.runAsync(
      worker,
      { script, items: ['sleeps', 'loads', 'sleeps too'] },
      { max_total_traffic: String(limit) },
    );
    const run = await platform.finished(slug);
    const reason = `stopped at the traffic limit of ${limit} bytes (max_total_traffic)`;
    expect(run).toMatchObject({
      status: 'failed',
      err_msg: `3 of 3 subtasks failed: #1 ${reason}; #2 ${reason}; #3 ${reason}`,
      end_reason: 'limit',
      end_detail: {
        limit: 'traffic',
        value: limit,
        unit: 'bytes',
        subtasks: 3,
        failed_subtasks: 3,
        subtask: 1,
      },
    });
    expect(run.traffic).toBeGreaterThan(limit);
    expect(run.traffic).toBeLessThan(limit + 1_000_000);
    expect((await platform.results(slug)).list.map((row) => row['item'])).toContain('loads');
  });

  test('once used up, keeps further subtasks from starting', async () => {
    const single = await startTestPlatform({
      proxyAllowedTargets: [`127.0.0.1:${sitePort}`],
      runnerSlots: 1,
    });
    try {
      const script = `${prelude} await sdk.log.info('there: ' + input.items[0]); await download(${sitePort}, '/bytes/${size}');
        ${runForever}`;
      const published = await publishWorker(single);
      const answer = await single.runSync(
        published,
        { script, items: ['one', 'two'] },
        { max_total_traffic: size },
      );
      expect(answer.error_message).toMatch(/^2 of 2 subtasks failed: #1 stopped at the traffic limit/);
      const contents = (await single.log(answer.run_slug)).map(({ content }) => content);
      expect(contents.filter((content) => content.startsWith('there'))).toEqual(['there: one']);
    } finally {
      await single.close();
    }
  });
});
