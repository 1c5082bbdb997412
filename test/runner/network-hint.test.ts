import { expect, test } from 'vitest';
import { NetworkHint } from '../../src/runner/execution/network-hint.ts';

test.each([
  'TypeError: fetch failed { [cause]: Error: getaddrinfo EAI_AGAIN shop.example',
  'socket.gaierror: [Errno -2] Name or service not known',
  'curl: (6) Could not resolve host: shop.example',
  'dial tcp: lookup shop.example: no such host',
  'OSError: [Errno 101] Network is unreachable',
])('the first line that tells of no network is answered, and no other (%s)', (line) => {
  const hints: string[] = [];
  const hint = new NetworkHint('CHELA_WORKER_NETWORK is proxy', (text) => hints.push(text));
  hint.read('page 1 was read');
  expect(hints).toEqual([]);
  hint.read(line);
  hint.read(line);
  expect(hints).toEqual([
    expect.stringContaining('use SOCKS5 or HTTP CONNECT with PROXY_DOMAIN and PROXY_AUTH'),
  ]);
});
