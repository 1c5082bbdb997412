import { once } from 'node:events';
import { Agent, request, type IncomingMessage, type RequestOptions } from 'node:http';
import type { Socket } from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import { onTestFinished, describe, expect, test } from 'vitest';
import { serveProxy, type ServedProxy } from './support/proxy.ts';
import { serveEcho, serveHttp, serveTcp } from './support/servers.ts';
import { openSocket } from './support/socks-client.ts';

function basic({ user, password }: { user: string; password: string }): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** An agent of Node's HTTP client that sends requests through the proxy. */
function agentOf({ port, credentials: { user, password } }: ServedProxy): Agent {
  const agent = new Agent({
    keepAlive: true,
    proxyEnv: { http_proxy: `http://${user}:${password}@127.0.0.1:${port}` },
  });
  onTestFinished(() => agent.destroy());
  return agent;
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

async function ask(url: string, options: RequestOptions, body?: string | Buffer): Promise<Answer> {
  const outgoing = request(url, options);
  outgoing.end(body);
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  return { status: incoming.statusCode, headers: incoming.headers, body: await text(incoming) };
}

/** Sends bytes and reads the answer to its end. */
async function raw(port: number, bytes: string): Promise<string> {
  const socket = await openSocket(port);
  socket.end(bytes);
  return (await buffer(socket)).toString();
}

/** Requests sent at once over one connection, each with its number as its path. */
async function sendAhead(
  count: number,
  port: number,
  { port: proxyPort, credentials }: ServedProxy,
): Promise<Socket> {
  const socket = await openSocket(proxyPort);
  const requests = Array.from(
    { length: count },
    (_, number) =>
      `GET http://localhost:${port}/${number} HTTP/1.1\r\nhost: localhost\r\nproxy-authorization: ${basic(credentials)}\r\n\r\n`,
  );
  socket.write(requests.join(''));
  return socket;
}

describe('a request for an absolute URL', () => {
  test('reaches the target with its headers and body, and the answer is returned unchanged', async () => {
    const proxy = await serveProxy();
    const site = await serveHttp(async (incoming, response) => {
      const { method, url, headers } = incoming;
      const body = await text(incoming);
      response.writeHead(201, 'Made', [
        ['X-Answer', 'a'],
        ['x-answer', 'b'],
        ['Set-Cookie', 'one=1'],
        ['Set-Cookie', 'two=2'],
      ]);
      response.end(JSON.stringify({ method, url, headers, body }));
    });
    const answer = await ask(
      `http://localhost:${site.port}/some/path?a=%20b`,
      { agent: agentOf(proxy), method: 'POST', headers: { 'X-Own': 'yes', 'transfer-encoding': 'chunked' } },
      'the body',
    );
    expect(answer.status).toBe(201);
    expect(answer.headers).toMatchObject({ 'x-answer': 'a, b', 'set-cookie': ['one=1', 'two=2'] });
    const seen = JSON.parse(answer.body) as { headers: Record<string, string> };
    expect(seen).toMatchObject({ method: 'POST', url: '/some/path?a=%20b', body: 'the body' });
    expect(seen.headers).toEqual({
      host: `localhost:${site.port}`,
      connection: 'close',
      'x-own': 'yes',
      'transfer-encoding': 'chunked',
    });
  });

  test('that is pipelined is served after those before it', async () => {
    const proxy = await serveProxy();
    const [count, answers]: [number, string[]] = [5, []];
    let [open, most] = [0, 0];
    const site = await serveHttp((incoming, response) => {
      open += 1;
      most = Math.max(most, open);
      response.once('close', () => {
        open -= 1;
      });
      response.end(`<${incoming.url}>`);
    });
    const socket = await sendAhead(count, site.port, proxy);
    for await (const chunk of socket) {
      answers.push(...(String(chunk).match(/<.+?>/g) ?? []));
      if (answers.length === count) break;
    }
    expect(answers).toEqual(['</0>', '</1>', '</2>', '</3>', '</4>']);
    expect(most).toBe(1);
  });

  test('has its connection closed if thousands of others are pipelined after it', async () => {
    const proxy = await serveProxy();
    let reached = 0;
    const site = await serveHttp(() => {
      reached += 1;
    });
    const socket = await sendAhead(5000, site.port, proxy);
    await new Promise((closed) => {
      socket
        .on('error', () => undefined)
        .on('close', closed)
        .resume();
    });
    expect(reached).toBeLessThan(2);
  });

  test('shares its connection with the next request, even to another target', async () => {
    const proxy = await serveProxy();
    const sites = await Promise.all(
      ['one', 'two'].map(async (name) => serveHttp((_, response) => response.end(name))),
    );
    const agent = agentOf(proxy);
    const bodies: string[] = [];
    for (const { port } of [...sites, ...sites]) {
      bodies.push((await ask(`http://127.0.0.1:${port}/`, { agent })).body);
    }
    expect(bodies).toEqual(['one', 'two', 'one', 'two']);
    expect(proxy.connections.size).toBeLessThanOrEqual(2);
  });

  test('is counted with its headers, in both directions', async () => {
    const proxy = await serveProxy();
    let carried = 0;
    const site = await serveHttp((incoming, response) => {
      incoming.socket.once('close', () => {
        carried += incoming.socket.bytesRead + incoming.socket.bytesWritten;
      });
      incoming.resume().once('end', () => response.end(Buffer.alloc(2_000_000)));
    });
    const options = { agent: agentOf(proxy), method: 'PUT' };
    const { body } = await ask(`http://127.0.0.1:${site.port}/`, options, Buffer.alloc(3_000_000));
    expect(body).toHaveLength(2_000_000);
    while (site.connections.size > 0) await new Promise(setImmediate);
    expect(carried).toBeGreaterThan(5_000_000);
    expect(proxy.traffic()).toBe(carried);
  });

  test.each([
    ['HEAD', 200, ''],
    ['GET', 204, ''],
    ['GET', 304, ''],
    ['DELETE', 200, 'gone'],
  ])('%s answered with %i is passed on unchanged', async (method, status, body) => {
    const proxy = await serveProxy();
    const site = await serveHttp((_, response) => response.writeHead(status, { etag: '"x"' }).end(body));
    const answer = await ask(`http://127.0.0.1:${site.port}/`, { agent: agentOf(proxy), method });
    expect(answer).toMatchObject({ status, body, headers: { etag: '"x"' } });
  });

  test('without the right credentials is answered with 407', async () => {
    const proxy = await serveProxy();
    for (const headers of [
      {},
      { 'proxy-authorization': basic({ user: 'x', password: 'y' }) },
      { 'proxy-authorization': 'Bearer x' },
    ]) {
      const answer = await ask('http://127.0.0.1/', { host: '127.0.0.1', port: proxy.port, headers });
      expect(answer.status).toBe(407);
      expect(answer.headers['proxy-authenticate']).toBe('Basic realm="chela"');
    }
  });

  test.each([
    ['only a path', '/path', 400, /absolute|whole/],
    ['another scheme', 'ftp://127.0.0.1/', 400, /CONNECT/],
    ['a target that is not public', 'http://10.0.0.1/', 403, /10\.0\.0\.1:80 is not a public address/],
    ['a port without a listener', 'http://127.0.0.1:1/', 502, /ECONNREFUSED/],
  ])('for %s fails with an explanation', async (_, path, status, message) => {
    const proxy = await serveProxy();
    const headers = { 'proxy-authorization': basic(proxy.credentials) };
    const answer = await ask(`http://127.0.0.1:${proxy.port}`, { path, headers });
    expect(answer.status).toBe(status);
    expect(answer.body).toMatch(message);
  });

  test('to a target that does not speak HTTP is answered with 502', async () => {
    const proxy = await serveProxy();
    const server = await serveTcp((socket) => socket.end('SSH-2.0-server\r\n\r\n'));
    const answer = await ask(`http://127.0.0.1:${server.port}/`, { agent: agentOf(proxy) });
    expect(answer.status).toBe(502);
  });

  test('whose answer is cut off fails', async () => {
    const proxy = await serveProxy();
    const server = await serveTcp((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf', () => socket.resetAndDestroy());
      });
    });
    await expect(ask(`http://127.0.0.1:${server.port}/`, { agent: agentOf(proxy) })).rejects.toThrow(
      /aborted|reset/i,
    );
  });
});

function connectLines(
  proxy: ServedProxy,
  authority: string,
  authorization = basic(proxy.credentials),
): string {
  return `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\nProxy-Authorization: ${authorization}\r\n\r\n`;
}

describe('CONNECT', () => {
  test.each(['127.0.0.1', 'localhost', '[::1]'])(
    'opens a tunnel to %s, and forwards data sent with the request',
    async (host) => {
      const [proxy, echo] = [await serveProxy(), await serveEcho(host === '[::1]' ? '::1' : undefined)];
      const answer = await raw(proxy.port, `${connectLines(proxy, `${host}:${echo.port}`)}early data`);
      expect(answer).toBe('HTTP/1.1 200 Connection Established\r\n\r\nearly data');
      expect(proxy.traffic()).toBe(2 * 'early data'.length);
    },
  );

  test.each([
    ['wrong credentials', '127.0.0.1:80', 'Basic eDp5', 407],
    ['a target that is not public', '169.254.169.254:80', undefined, 403],
    ['a target without a port', '127.0.0.1', undefined, 400],
    ['a port without a listener', '127.0.0.1:1', undefined, 502],
  ])('is refused for %s', async (_, authority, authorization, status) => {
    const proxy = await serveProxy();
    const answer = await raw(proxy.port, connectLines(proxy, authority, authorization));
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toMatch(/connection: close/);
  });
});
