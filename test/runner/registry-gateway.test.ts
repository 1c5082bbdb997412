/** What a client that speaks plain HTTP can request from the registry gateway. */
import { once } from 'node:events';
import { createServer, request, type IncomingMessage } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RegistryClient } from '../../src/runner/dependencies/registry-client.ts';
import { gatewayAddress, RegistryGateway } from '../../src/runner/dependencies/registry-gateway.ts';
import { AllowList } from '../../src/addresses/addresses.ts';

const asked: string[] = [];
let sentBytes = 0;
const mebibyte = 1024 * 1024;
/** More than the buffers of a socket whose reader does not read. */
const largeBytes = 24 * mebibyte;
/** Answers every request; one document is endless. */
const registry = createServer((incoming, response) => {
  asked.push(incoming.url ?? '');
  if (incoming.url === '/npm/large') {
    response.end(Buffer.alloc(largeBytes, 'x'));
    return;
  }
  if (incoming.url !== '/npm/endless') {
    const { host } = incoming.headers;
    const place = (path: string) => ({ tarball: `http://${host}/npm/${path}` });
    response.end(JSON.stringify([place('a/-/a-1.0.0.tgz'), place('-/npm/v1/tokens')]));
    return;
  }
  const chunk = Buffer.alloc(mebibyte, 'x');
  const write = (): void => {
    if (response.destroyed) return;
    sentBytes += chunk.length;
    response.write(chunk, write);
  };
  write();
});
const listener = net.createServer();
let gateway: RegistryGateway;
beforeAll(async () => {
  await Promise.all(
    [registry, listener].map(async (server) => once(server.listen(0, '127.0.0.1'), 'listening')),
  );
  gateway = gatewayTo(registry);
  gateway.serve(listener, () => undefined);
});
afterAll(() => {
  gateway.close();
  listener.close();
  registry.closeAllConnections();
  registry.close();
});

function portOf(server: net.Server): number {
  return (server.address() as AddressInfo).port;
}

function gatewayTo(server: net.Server, limitBytes?: number): RegistryGateway {
  const url = `http://127.0.0.1:${portOf(server)}/npm/`;
  const access = { credentials: [], ca: [], unverifiedHosts: [], proxies: {} };
  const client = new RegistryClient({ access, registries: [url], allowed: new AllowList([]) });
  return new RegistryGateway(client, [{ kind: 'npm', url }], { limitBytes });
}

/** Sends the path unchanged. */
async function open(path: string, server = listener): Promise<IncomingMessage> {
  const outgoing = request({ host: '127.0.0.1', port: portOf(server), path, agent: false });
  outgoing.end();
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  return answer;
}

async function ask(path: string, server = listener): Promise<{ status: number | undefined; body: string }> {
  const answer = await open(path, server);
  return { status: answer.statusCode, body: await text(answer) };
}

test.each(['a', '@scope/a', '@scope%2fa', 'a/-/a-1.0.0.tgz', '@scope/a/-/a-1.0.0.tgz'])(
  'packages can be requested: %s',
  async (path) => {
    expect(await ask(`/registry/0/${path}`)).toMatchObject({ status: 200 });
    expect(asked.at(-1)).toBe(`/npm/${path}`);
  },
);

test.each([
  '-/whoami',
  '/-/whoami',
  './-/whoami',
  'a/../-/whoami',
  'a/%2e%2e/-/whoami',
  'a%2f..%2f-/whoami',
  'a\\..\\-/whoami',
  '%2d/whoami',
  '%252d/whoami',
  '..%2fother',
  'a?x',
  'a%3fx',
])('requests that use the operator’s account are refused: %s', async (path) => {
  const before = asked.length;
  expect(await ask(`/registry/0/${path}`)).toMatchObject({ status: 403 });
  expect(asked).toHaveLength(before);
});

test('links that an author wrote into a document cannot use the operator’s account either', async () => {
  const { body } = await ask('/registry/0/a');
  const [file, account] = (JSON.parse(body) as { tarball: string }[]).map(({ tarball }) => tarball);
  const origin = `http://${gatewayAddress.host}:${gatewayAddress.port}`;
  expect(file).toMatch(`${origin}/file/`);
  expect(account).toMatch(/\/npm\/-\/npm\/v1\/tokens$/);
  expect(account).not.toMatch(origin);
});

test('an endless document is refused at the size limit', async () => {
  expect(await ask('/registry/0/endless')).toMatchObject({
    status: 502,
    body: expect.stringContaining('is too large'),
  });
  expect(sentBytes).toBeLessThan(400 * mebibyte);
});

describe('a sandbox is limited', () => {
  const own = net.createServer();
  let small: RegistryGateway;
  beforeAll(async () => {
    await once(own.listen(0, '127.0.0.1'), 'listening');
    small = gatewayTo(registry, 1.5 * largeBytes);
    small.serve(own, () => undefined);
  });
  afterAll(() => {
    small.close();
    own.close();
  });

  test('in the size of documents that it requests but does not read', async () => {
    const held = await open('/registry/0/large', own);
    expect(held.statusCode).toBe(200);
    expect(await ask('/registry/0/large', own)).toMatchObject({
      status: 502,
      body: expect.stringContaining('too many large answers'),
    });
    await expect(text(held)).resolves.toHaveLength(largeBytes);
    await expect.poll(async () => (await ask('/registry/0/large', own)).status).toBe(200);
  });

  test('in the number of connections', async () => {
    const all = Array.from({ length: 100 }, () => net.connect(portOf(own), '127.0.0.1'));
    const closed = all.map(async (socket) =>
      once(
        socket.on('error', () => undefined),
        'close',
      ),
    );
    await Promise.race(closed);
    for (const socket of all) socket.destroy();
    await Promise.all(closed);
    await expect.poll(async () => (await ask('/registry/0/a', own).catch(() => undefined))?.status).toBe(200);
  });
});
