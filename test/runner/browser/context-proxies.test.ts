import { describe, expect, test } from 'vitest';
import { ContextProxies } from '../../../src/runner/browser/context-proxies.ts';

function commandWith(proxyServer: unknown): Buffer {
  return Buffer.from(
    JSON.stringify({ id: 7, method: 'Target.createBrowserContext', params: { proxyServer, other: 'é' } }),
  );
}

function translated(proxies: ContextProxies, proxyServer: unknown): unknown {
  const { params } = JSON.parse(proxies.translate(commandWith(proxyServer)).toString()) as {
    params: Record<string, unknown>;
  };
  expect(params['other']).toBe('é');
  return params['proxyServer'];
}

describe('a proxy of a browser context', () => {
  test.each([
    ['http://127.0.0.1:8000', 'http://127.64.0.0:20090'],
    ['127.0.0.1:8000', '127.64.0.0:20090'],
    ['socks5://localhost', 'socks5://127.64.0.0:20090'],
    ['http://[::1]:8000', 'http://127.64.0.0:20090'],
    ['http://proxy.example:21', 'http://127.64.0.0:20090'],
    ['http=one.example:1;https=two.example:2', 'http=127.64.0.0:20090;https=127.64.0.1:20090'],
    ['http://one.example,direct://', 'http://127.64.0.0:20090,direct://'],
  ])('%s gets a stand-in', (given, expected) => {
    expect(translated(new ContextProxies(), given)).toBe(expected);
  });

  test.each([
    ['the own proxy of the run', '127.0.0.1:6000'],
    ['a proxy with TLS', 'https://proxy.example'],
    ['a proxy with credentials', 'http://user:word@proxy.example'],
    ['no proxy', 'direct://'],
    ['an empty text', ''],
    ['text that is no address', 'http://a b:::1'],
    ['a number', 5],
    ['null', null],
  ])('stays as it is: %s', (_, given) => {
    const message = commandWith(given);
    expect(new ContextProxies().translate(message)).toBe(message);
  });

  test('gets the same stand-in again', () => {
    const proxies = new ContextProxies();
    const of = (port: number): unknown => translated(proxies, `127.0.0.1:${port}`);
    expect([of(1), of(2), of(1)]).toEqual(['127.64.0.0:20090', '127.64.0.1:20090', '127.64.0.0:20090']);
    for (let port = 3; port <= 300; port += 1) of(port);
    expect(of(300)).toBe('127.64.1.43:20090');
  });
});

test.each([
  ['another command', '{"method":"Page.navigate","params":{"url":"Target.createBrowserContext"}}'],
  ['a context without a proxy', '{"method":"Target.createBrowserContext"}'],
  ['text that is not JSON', 'Target.createBrowserContext'],
  ['null', 'null'],
])('%s is passed on', (_, text) => {
  const message = Buffer.from(text);
  expect(new ContextProxies().translate(message)).toBe(message);
});
