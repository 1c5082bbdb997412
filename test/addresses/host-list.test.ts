import { describe, expect, test } from 'vitest';
import { HostList, hostEntryText, parseHostEntry } from '../../src/addresses/addresses.ts';
import { checkTarget } from '../../src/runner/proxy/target.ts';

/** Whether a list allows a target as a worker gives it. */
function allows(entries: string[], host: string, port = 443): boolean {
  const target = checkTarget({ host, port });
  return new HostList(entries).allows(target.host, target.port);
}

describe('an allow-list', () => {
  test.each<[string, string, number?]>([
    ['example.com', 'example.com'],
    ['example.com', 'EXAMPLE.com.'],
    ['example.com', 'ｅｘａｍｐｌｅ．com'],
    ['Example.COM.', 'example.com'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['xn--bcher-kva.example', 'BÜCHER.example'],
    ['*.example.com', 'www.example.com'],
    ['*.example.com', 'a.b.example.com.'],
    ['*.bücher.example', 'www.xn--bcher-kva.example'],
    ['example.com:443', 'example.com'],
    ['*.example.com:8080', 'a.example.com', 8080],
    ['203.0.113.7', '203.0.113.7', 80],
    ['203.0.113.7', '0xcb.0x00.0x71.0x07'],
    ['203.0.113.7', '::ffff:203.0.113.7'],
    ['0.0.0.0/0', '::ffff:0.0.0.1'],
    ['::/0', '2606:4700::1'],
    ['203.0.113.0/24', '203.0.113.200'],
    ['203.0.113.0/24:443', '203.0.113.200'],
    ['2606:4700::/32', '2606:4700:0:0:0:0:0:1'],
    ['[2606:4700::1]:443', '[2606:4700:0::1]'],
    ['[2606:4700::/32]:443', '2606:4700::1'],
    ['[2606:4700::1]', '2606:4700::1', 1],
    ['localhost', 'LocalHost'],
    ['_sip._tcp.example.com', '_sip._tcp.example.com'],
  ])('with %s allows %s', (entry, host, port) => {
    expect(allows([entry], host, port)).toBe(true);
  });

  test.each<[string, string, number?]>([
    ['example.com', 'www.example.com'],
    ['example.com', 'example.com.evil.example'],
    ['example.com', 'notexample.com'],
    ['example.com', 'examp1e.com'],
    ['example.com', 'exаmple.com'],
    ['*.example.com', 'example.com'],
    ['*.example.com', 'notexample.com'],
    ['*.example.com', 'www.example.com.evil.example'],
    ['example.com:443', 'example.com', 80],
    ['example.com', '93.184.216.34'],
    ['93.184.216.34', 'example.com'],
    ['0.0.0.0/0', '93.184.216.34.nip.example'],
    ['0.0.0.0/0', '2606:4700::1'],
    ['::/0', 'example.com'],
    ['::/0', '203.0.113.7'],
    ['::/0', '::ffff:203.0.113.7'],
    ['::/64', '203.0.113.7'],
    ['203.0.113.0/24', '203.0.114.1'],
    ['203.0.113.0/24', '::ffff:203.0.114.1'],
    ['203.0.113.0/24:443', '203.0.113.1', 80],
    ['203.0.113.7', '64:ff9b::cb00:7107'],
    ['203.0.113.7', '2002:cb00:7107::'],
    ['203.0.113.7', '203.0.113.7.example'],
    ['[2606:4700::1]:443', '2606:4700::2'],
  ])('with %s does not allow %s', (entry, host, port) => {
    expect(allows([entry], host, port)).toBe(false);
  });

  test('without entries allows nothing', () => {
    expect([allows([], 'example.com'), allows([], '8.8.8.8')]).toEqual([false, false]);
  });

  test.each([
    '',
    ' ',
    '*',
    '*.',
    '**.example.com',
    'a.*.example.com',
    '*example.com',
    'https://example.com',
    'example.com/path',
    'user@example.com',
    'user:password@example.com',
    'example.com:0',
    'example.com:65536',
    'example.com:',
    'example.com:http',
    ':443',
    'a b',
    'a..b',
    '.example.com',
    '%65xample.com',
    '127.1',
    '2130706433',
    '*.10.0.0.1',
    '10.0.0.0/33',
    '10.0.0.0/8/8',
    '2606:4700::/129',
    '::ffff:203.0.113.7',
    'fe80::1%eth0',
    '[example.com]:443',
    '[10.0.0.1]:443',
    '[::1',
    'example.com:443:443',
    'x'.repeat(254),
    'a\0b',
    '\ud800.example',
  ])('cannot have the entry %j', (entry) => {
    expect(() => parseHostEntry(entry)).toThrow(/ is not a host: write a name/);
  });

  test.each([
    [' Example.COM. ', 'example.com'],
    ['*.Bücher.example:8080', '*.xn--bcher-kva.example:8080'],
    ['2606:4700:0:0:0:0:0:1', '2606:4700::1'],
    ['[2606:4700:0::1]:80', '[2606:4700::1]:80'],
    ['[2606:4700::1]', '2606:4700::1'],
    ['10.0.0.0/8:80', '10.0.0.0/8:80'],
    ['10.0.0.1/32', '10.0.0.1'],
  ])('has one spelling of %j', (entry, text) => {
    expect(hostEntryText(parseHostEntry(entry))).toBe(text);
    expect(hostEntryText(parseHostEntry(text))).toBe(text);
  });
});

describe('a list covers an entry', () => {
  const list = new HostList([
    'example.com',
    '*.shop.example',
    'api.example:443',
    '10.0.0.0/8',
    '[fd00::/8]:443',
  ]);

  test.each([
    'example.com',
    'example.com:80',
    'www.shop.example',
    '*.shop.example',
    '*.cdn.shop.example:80',
    'api.example:443',
    '10.1.0.0/16',
    '10.1.2.3:80',
    '[fd12::/16]:443',
  ])('that allows no more: %s', (entry) => {
    expect(list.covers(parseHostEntry(entry))).toBe(true);
  });

  test.each([
    '*.example.com',
    'shop.example',
    '*.example',
    'api.example',
    'api.example:80',
    '10.0.0.0/7',
    '11.0.0.1',
    'fd12::1',
    '::/0',
    '0.0.0.0/0',
  ])('unless it allows more: %s', (entry) => {
    expect(list.covers(parseHostEntry(entry))).toBe(false);
  });
});
