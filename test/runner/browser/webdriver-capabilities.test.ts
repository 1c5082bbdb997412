import { describe, expect, test } from 'vitest';
import { fencedCapabilities } from '../../../src/runner/browser/webdriver-capabilities.ts';

interface FencedCapabilities {
  capabilities: {
    alwaysMatch: Record<string, unknown>;
    firstMatch: { 'goog:chromeOptions': Record<string, unknown> & { args: string[] } }[];
  };
}

function fenced(body: unknown): FencedCapabilities['capabilities'] {
  return (fencedCapabilities(body, '/browser/chromium') as unknown as FencedCapabilities).capabilities;
}

function optionsOf(
  body: unknown,
): FencedCapabilities['capabilities']['firstMatch'][number]['goog:chromeOptions'] {
  const [first] = fenced(body).firstMatch;
  if (first === undefined) throw new Error('there is no alternative');
  return first['goog:chromeOptions'];
}

describe('capabilities', () => {
  test.each([
    ['--proxy-server=10.0.0.1:80'],
    ['proxy-server=10.0.0.1:80'],
    ['--PROXY-BYPASS-LIST=*'],
    ['--no-proxy-server'],
    ['--proxy-pac-url=http://x/'],
    ['--host-resolver-rules=MAP * 10.0.0.1'],
    ['--load-extension=/work'],
    ['--user-data-dir=/home/worker'],
    ['--remote-debugging-port=9222'],
    ['--renderer-cmd-prefix=/bin/sh'],
    ['--disable-features=none'],
  ])('drop the argument %s', (argument) => {
    const { args } = optionsOf({
      capabilities: { alwaysMatch: { 'goog:chromeOptions': { args: [argument] } } },
    });
    expect(args).not.toContain(argument);
    expect(args).toEqual(optionsOf({}).args);
    expect(args.filter((text) => text.startsWith('--proxy-server='))).toEqual([
      '--proxy-server=socks5://127.0.0.1:6000',
    ]);
  });

  test('keep everything that the fence does not control', () => {
    const { alwaysMatch, firstMatch } = fenced({
      capabilities: {
        alwaysMatch: {
          browserName: 'chrome',
          timeouts: { script: 5 },
          'goog:chromeOptions': { prefs: { a: 1 } },
        },
        firstMatch: [{ 'goog:chromeOptions': { args: ['--lang=de'] } }, { platformName: 'linux' }],
      },
    });
    expect(alwaysMatch).toEqual({ browserName: 'chrome', timeouts: { script: 5 } });
    expect(firstMatch).toHaveLength(2);
    expect(firstMatch[0]?.['goog:chromeOptions']).toMatchObject({
      prefs: { a: 1 },
      binary: '/browser/chromium',
    });
    expect(firstMatch[0]?.['goog:chromeOptions'].args.at(-1)).toBe('--lang=de');
    expect(firstMatch[1]).toMatchObject({ platformName: 'linux', 'goog:chromeOptions': { prefs: { a: 1 } } });
  });

  test('drop files, programs, ports and proxies of the client', () => {
    const body = {
      capabilities: {
        alwaysMatch: {
          proxy: { proxyType: 'direct' },
          webSocketUrl: true,
          'goog:chromeOptions': {
            binary: '/bin/sh',
            debuggerAddress: '127.0.0.1:20086',
            minidumpPath: '/',
            excludeSwitches: ['proxy-server', 'enable-automation'],
          },
        },
        firstMatch: [{ proxy: { proxyType: 'system' } }],
      },
    };
    expect(fenced(body).alwaysMatch).toEqual({});
    expect(fenced(body).firstMatch[0]).not.toHaveProperty('proxy');
    const { args, prefs: _, ...options } = optionsOf(body);
    expect(options).toEqual({ binary: '/browser/chromium', excludeSwitches: ['enable-automation'] });
    expect(args.length).toBeGreaterThan(0);
  });

  test('of the protocol before the standard become standard ones', () => {
    const body = {
      desiredCapabilities: {
        browserName: 'chrome',
        javascriptEnabled: true,
        proxy: { proxyType: 'direct' },
        chromeOptions: { args: ['--lang=fr', '--no-proxy-server'] },
      },
    };
    expect(fenced(body).alwaysMatch).toEqual({ browserName: 'chrome' });
    expect(optionsOf(body).args.at(-1)).toBe('--lang=fr');
  });

  test.each([
    [null],
    [[]],
    ['text'],
    [{ capabilities: [] }],
    [{ capabilities: { firstMatch: 'x', alwaysMatch: 1 } }],
  ])('of an invalid shape, %j, count as none', (body) => {
    expect(fenced(body)).toEqual(fenced({}));
  });
});
