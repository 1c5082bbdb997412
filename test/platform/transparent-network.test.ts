/** The network of workers on a whole platform: the transparent network, and hints in the log if there is none. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveHttp } from '../runner/proxy/support/servers.ts';
import { serveSocksUpstream, upstreamLogin } from '../runner/proxy/support/upstreams.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { publishScriptedWorker } from './support/scripted-worker.ts';

const items = ['one'];
const port = 8080;
const size = 1_000_000;

let platform: TestPlatform;
let worker: string;
beforeAll(async () => {
  platform = await startTestPlatform({ workerNetwork: 'transparent' });
  worker = await publishScriptedWorker(platform, 'Transparent');
});
afterAll(async () => platform.close());

async function platformLines(slug: string, client: TestPlatform = platform): Promise<string[]> {
  return (await client.log(slug)).map(({ content }) => content).filter((line) => line.startsWith('SYSTEM: '));
}

test('the log says why a connection failed, and the run continues', async () => {
  const script = `const code = async (url) => fetch(url).then(() => 'reached', (error) => error.cause.code);
    await sdk.result.pushData({ all: [await code('http://169.254.169.254/latest/'), await code('http://10.0.0.1:${port}/'),
      await code('http://127.0.0.1:${port}/')].join() });`;
  const { run_slug: slug } = await platform.runSync(worker, { script, items });
  expect((await platform.results(slug)).list).toEqual([{ all: 'ECONNRESET,ECONNRESET,ECONNREFUSED' }]);
  expect(await platformLines(slug)).toEqual(
    expect.arrayContaining(
      ['169.254.169.254:80', `10.0.0.1:${port}`].map(
        (target) =>
          `SYSTEM: network: ${target} is not a public address: the operator can allow it with CHELA_PROXY_ALLOWED_TARGETS`,
      ),
    ),
  );
});

test('a traffic limit ends a run whose worker does not use the proxy, and its bytes are counted', async () => {
  const site = await serveHttp((_, response) => response.end(Buffer.alloc(size)));
  const upstream = await serveSocksUpstream();
  const proxyRegions = new Map([['US', `socks5h://${upstreamLogin}@127.0.0.1:${upstream.port}`]]);
  const own = await startTestPlatform({
    workerNetwork: 'transparent',
    workerPorts: [site.port],
    proxyRegions,
  });
  try {
    const slug = await publishScriptedWorker(own, 'Transparent');
    const script = `let count = 0; for (let n = 0; n < 3; n += 1) count += (await (await fetch('http://shop.example:${site.port}/')).arrayBuffer()).byteLength;
      await sdk.result.pushData({ count });`;
    const free = await own.runSync(slug, { script, items }, { proxy_region: 'US' });
    expect((await own.results(free.run_slug)).list).toEqual([{ count: 3 * size }]);
    expect(upstream.asked).toContain(`shop.example:${site.port}`);
    const { rows } = await own.platform.database.pool.query<{ traffic_bytes: number }>(
      'SELECT traffic_bytes FROM run WHERE slug = $1',
      [free.run_slug],
    );
    expect(rows[0]?.traffic_bytes).toBeGreaterThan(3 * size);
    expect(rows[0]?.traffic_bytes).toBeLessThan(3 * size + 10_000);
    const limited = await own.runSync(slug, { script, items }, { proxy_region: 'US', max_total_traffic: 1 });
    expect(limited).toMatchObject({ end_reason: 'limit', end_detail: { limit: 'traffic' } });
  } finally {
    await own.close();
  }
});

test('without a transparent network, a worker that bypasses the proxy gets one hint', async () => {
  const own = await startTestPlatform({ workerNetwork: 'proxy' });
  try {
    const slug = await publishScriptedWorker(own, 'Past the proxy');
    const script = `for (let n = 0; n < 2; n += 1) await fetch('http://shop.example/').catch((error) => console.error(error));`;
    const { run_slug: run } = await own.runSync(slug, { script, items });
    expect((await platformLines(run, own)).filter((line) => line.includes('proxy'))).toEqual([
      'SYSTEM: this worker can reach the network only through its proxy: use SOCKS5 or HTTP CONNECT with PROXY_DOMAIN and PROXY_AUTH (CHELA_WORKER_NETWORK is proxy)',
    ]);
  } finally {
    await own.close();
  }
});
