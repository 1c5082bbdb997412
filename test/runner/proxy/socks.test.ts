import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { serveProxy } from './support/proxy.ts';
import { serveEcho, serveTcp } from './support/servers.ts';
import { askFor, greeting, login, openSocket, socksRequest, take } from './support/socks-client.ts';

const loopbackV6 = '0:0:0:0:0:0:0:1';

/** Waits for a condition that emits no event. */
async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('the condition was not met within 10 s');
    await setImmediate();
  }
}

async function closed(socket: Socket): Promise<void> {
  socket.resume().once('end', () => socket.end());
  if (socket.readableEnded) socket.end();
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
}

describe('a SOCKS5 client', () => {
  test.each([
    ['an IPv4 address', '127.0.0.1', '127.0.0.1'],
    ['an IPv6 address', loopbackV6, '::1'],
    ['a name', 'localhost', '127.0.0.1'],
    ['a name with capital letters and a final dot', 'LocalHost.', '127.0.0.1'],
    ['an address written as a name', '127.1', '127.0.0.1'],
  ])('reaches %s', async (_, host, listeningAt) => {
    const [proxy, echo] = [await serveProxy(), await serveEcho(listeningAt)];
    const { socket, code } = await askFor(proxy, host, echo.port);
    expect(code).toBe(0);
    socket.write('hello');
    expect((await take(socket, 5)).toString()).toBe('hello');
  });

  test('may send its handshake byte by byte, followed immediately by data', async () => {
    const [proxy, echo] = [await serveProxy(), await serveEcho()];
    const socket = await openSocket(proxy.port);
    socket.setNoDelay(true);
    const handshake = [
      greeting,
      login(proxy.credentials),
      socksRequest('127.0.0.1', echo.port),
      Buffer.from('early'),
    ];
    for (const byte of Buffer.concat(handshake)) {
      socket.write(Buffer.from([byte]));
      await setImmediate();
    }
    expect((await take(socket, 2 + 2 + 10 + 5)).toString('latin1').slice(-5)).toBe('early');
  });

  test('has all its bytes delivered and counted, in both directions', async () => {
    const [proxy, echo] = [await serveProxy(), await serveEcho()];
    const { socket } = await askFor(proxy, '127.0.0.1', echo.port);
    const sent = randomBytes(5_000_000);
    socket.end(sent);
    expect((await buffer(socket)).equals(sent)).toBe(true);
    expect(proxy.traffic()).toBe(10_000_000);
  });

  test('never gets the bytes of another, even with many at the same time', async () => {
    const [proxy, echo] = [await serveProxy(), await serveEcho()];
    const exchange = async (): Promise<boolean> => {
      const { socket } = await askFor(proxy, '127.0.0.1', echo.port);
      const sent = randomBytes(1_000_000);
      socket.end(sent);
      return (await buffer(socket)).equals(sent);
    };
    expect(await Promise.all(Array.from({ length: 8 }, exchange))).toEqual(Array(8).fill(true));
  });

  test('gets the answer after ending its own side', async () => {
    const proxy = await serveProxy();
    const server = await serveTcp((socket) => {
      let received = 0;
      socket.on('data', (chunk) => (received += chunk.length));
      socket.on('end', () => socket.end(`got ${received}`));
    });
    const { socket } = await askFor(proxy, '127.0.0.1', server.port);
    socket.end(Buffer.alloc(100_000));
    expect((await buffer(socket)).toString()).toBe('got 100000');
  });

  test('sees a broken connection as broken', async () => {
    const proxy = await serveProxy();
    const server = await serveTcp((socket) => {
      socket.write('half');
      socket.on('data', () => socket.resetAndDestroy());
    });
    const { socket } = await askFor(proxy, '127.0.0.1', server.port);
    await take(socket, 4);
    socket.resume().write('go');
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNRESET');
  });

  test('that does not read slows its target down', async () => {
    const proxy = await serveProxy();
    let offered = 0;
    const server = await serveTcp((socket) => {
      const fill = (): void => {
        do offered += 65_536;
        while (socket.write(Buffer.alloc(65_536)) && offered < 200_000_000);
      };
      socket.on('drain', fill);
      fill();
    });
    const { socket } = await askFor(proxy, '127.0.0.1', server.port);
    let [before, quiet] = [-1, 0];
    // The kernel's buffers fill up first.
    while (quiet < 200) {
      quiet = offered === before ? quiet + 1 : 0;
      before = offered;
      await setImmediate();
    }
    expect(offered).toBeLessThan(100_000_000);
    socket.destroy();
    await until(() => server.connections.size === 0);
  });
});

describe('the SOCKS5 server refuses', () => {
  test('a client that offers no user and password', async () => {
    const proxy = await serveProxy();
    const socket = await openSocket(proxy.port);
    socket.write(Buffer.from([5, 2, 0, 1]));
    expect([...(await buffer(socket))]).toEqual([5, 0xff]);
  });

  test.each([
    ['password', (user: string) => ({ user, password: 'wrong' })],
    ['user', (_user: string, password: string) => ({ user: 'x', password })],
  ])('a wrong %s', async (_, change) => {
    const proxy = await serveProxy();
    const socket = await openSocket(proxy.port);
    socket.write(
      Buffer.concat([greeting, login(change(proxy.credentials.user, proxy.credentials.password))]),
    );
    expect([...(await buffer(socket))]).toEqual([5, 2, 1, 1]);
  });

  test.each([
    ['BIND', 2],
    ['UDP ASSOCIATE', 3],
    ['an unknown command', 9],
  ])('%s', async (_, command) => {
    const proxy = await serveProxy();
    expect((await askFor(proxy, '127.0.0.1', 80, command)).code).toBe(7);
  });

  test('an unknown type of address', async () => {
    const proxy = await serveProxy();
    const socket = await openSocket(proxy.port);
    socket.write(Buffer.concat([greeting, login(proxy.credentials), Buffer.from([5, 1, 0, 9, 0, 0, 0])]));
    expect((await buffer(socket)).at(5)).toBe(8);
  });

  test.each([
    [
      'an address that is not public',
      '10.0.0.1',
      80,
      2,
      '10.0.0.1:80 is not a public address: the operator can allow it with CHELA_PROXY_ALLOWED_TARGETS',
    ],
    [
      'the machine itself',
      'localhost',
      80,
      2,
      'localhost:80 has no public address: the operator can allow it with CHELA_PROXY_ALLOWED_TARGETS',
    ],
    ['an invalid name', 'no name', 80, 1, '"no name:80" is not a host and port'],
    [
      'a name with a zero byte',
      'localhost\0.example',
      80,
      1,
      String.raw`"localhost\u0000.example:80" is not a host and port`,
    ],
    ['port 0', '127.0.0.1', 0, 1, '"127.0.0.1:0" is not a host and port'],
  ])('%s, with one line in the log', async (_, host, port, code, notice) => {
    const proxy = await serveProxy({ proxyAllowedTargets: [] });
    expect((await askFor(proxy, host, port)).code).toBe(code);
    expect((await askFor(proxy, host, port)).code).toBe(code);
    expect(proxy.notices).toEqual([notice]);
    expect(proxy.traffic()).toBe(0);
  });

  test('a port without a listener', async () => {
    const proxy = await serveProxy();
    expect((await askFor(proxy, '127.0.0.1', 1)).code).toBe(5);
    expect(proxy.notices).toEqual(['127.0.0.1:1 could not be reached: ECONNREFUSED']);
  });
});

describe('among all connections', () => {
  test('one that sends garbage ends without affecting others', async () => {
    const [proxy, echo] = [await serveProxy(), await serveEcho()];
    const seeds = [
      Buffer.from([4, 1, 0, 80, 127, 0, 0, 1, 0]),
      Buffer.from([0]),
      Buffer.from([0x16, 3, 1, 2, 0]),
      Buffer.from('GET\0\0\0 / HTTP/9.9\r\n\r\n'),
      Buffer.from(`CONNECT ${'a'.repeat(200_000)}`),
      Buffer.concat([greeting, Buffer.from([1, 255])]),
      ...Array.from({ length: 100 }, () => randomBytes(300)),
      ...Array.from({ length: 100 }, () =>
        Buffer.concat([greeting, login(proxy.credentials), randomBytes(300)]),
      ),
    ];
    const sockets = await Promise.all(
      seeds.map(async (bytes) => {
        const socket = await openSocket(proxy.port);
        socket.resume();
        socket.end(bytes);
        return socket;
      }),
    );
    await Promise.all(sockets.map(closed));
    const { code } = await askFor(proxy, '127.0.0.1', echo.port);
    expect(code).toBe(0);
  });

  test('those whose handshake stalls are closed', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const proxy = await serveProxy();
    try {
      const starts = [
        Buffer.alloc(0),
        greeting,
        Buffer.from('CONNECT exam'),
        Buffer.from('GET http://a.example/ HTTP/1.1\r\n'),
      ];
      const sockets = await Promise.all(starts.map(async () => openSocket(proxy.port)));
      for (const [index, socket] of sockets.entries()) socket.write(starts[index] ?? '');
      await until(() => proxy.connections.size === starts.length);
      await vi.advanceTimersByTimeAsync(15_000);
      await Promise.all(sockets.map(closed));
      expect(proxy.connections.size).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  test('an idle one is closed after the time limit', async () => {
    const [proxy, echo] = [await serveProxy({ proxyIdleTimeoutSeconds: 0.05 }), await serveEcho()];
    const { socket } = await askFor(proxy, '127.0.0.1', echo.port);
    await closed(socket);
    await until(() => echo.connections.size === 0);
    expect(proxy.connections.size).toBe(0);
  });

  test('those above the limit are closed immediately, with a line in the log', async () => {
    const [proxy, echo] = [await serveProxy({ proxyConnectionLimit: 3 }), await serveEcho()];
    const open = await Promise.all([1, 2, 3].map(async () => askFor(proxy, '127.0.0.1', echo.port)));
    const more = await Promise.all(Array.from({ length: 50 }, async () => openSocket(proxy.port)));
    await Promise.all(more.map(closed));
    expect(proxy.notices).toEqual([
      'the limit of 3 open connections (CHELA_PROXY_CONNECTION_LIMIT) is reached: further connections are refused',
    ]);
    open[0]?.socket.destroy();
    await until(() => proxy.connections.size === 2);
    expect((await askFor(proxy, '127.0.0.1', echo.port)).code).toBe(0);
  });

  test('each ends with the session, with all bytes counted, and new ones are refused', async () => {
    const proxy = await serveProxy();
    let received = 0;
    const server = await serveTcp((socket) => {
      socket.on('data', (chunk) => (received += chunk.length));
      socket.on('end', () => socket.end());
    });
    const open = await Promise.all(
      Array.from({ length: 20 }, async () => (await askFor(proxy, '127.0.0.1', server.port)).socket),
    );
    for (const socket of open) socket.write('12345');
    await until(() => received === 100);
    proxy.session.close();
    expect(proxy.traffic()).toBe(100);
    await Promise.all(open.map(closed));
    await until(() => server.connections.size === 0 && proxy.connections.size === 0);
    await closed(await openSocket(proxy.port));
  });
});
