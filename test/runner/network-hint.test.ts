import { describe, expect, test } from 'vitest';
import { NetworkHint } from '../../src/runner/execution/network-hint.ts';

function hintsOn(problem: string | undefined, ...lines: string[]): string[] {
  const hints: string[] = [];
  const hint = new NetworkHint({ problem, portsSetting: 'THE_PORTS', tell: (text) => hints.push(text) });
  for (const line of lines) hint.read(line);
  return hints;
}

describe('without a transparent network', () => {
  test.each([
    'TypeError: fetch failed { [cause]: Error: getaddrinfo EAI_AGAIN shop.example',
    'socket.gaierror: [Errno -2] Name or service not known',
    'curl: (6) Could not resolve host: shop.example',
    'dial tcp: lookup shop.example: no such host',
    'OSError: [Errno 101] Network is unreachable',
  ])('the first line about a missing network is followed by a hint (%s)', (line) => {
    expect(hintsOn('THE PROBLEM', 'page 1 was read', line, line)).toEqual([
      'this worker can reach the network only through its proxy: use SOCKS5 or HTTP CONNECT with PROXY_DOMAIN and PROXY_AUTH (THE PROBLEM)',
    ]);
  });
});

describe('with a transparent network', () => {
  test.each([
    'Error: connect ECONNREFUSED 198.18.1.0:9999',
    'ConnectionRefusedError: [Errno 111] Connection refused',
    'curl: (7) Failed to connect to shop.example port 9999: Connection refused',
    'dial tcp 198.18.1.0:9999: connect: connection refused',
    'net::ERR_CONNECTION_REFUSED at http://shop.example:9999/',
  ])('the first line about a refused connection is followed by a hint (%s)', (line) => {
    expect(hintsOn(undefined, line, line)).toEqual([expect.stringContaining('(THE_PORTS)')]);
  });

  test.each([
    'Error: connect ECONNREFUSED 127.0.0.1:9222',
    'connect ECONNREFUSED ::1:9222',
    'getaddrinfo ENOTFOUND x',
  ])('other lines get none (%s)', (line) => {
    expect(hintsOn(undefined, line)).toEqual([]);
  });
});
