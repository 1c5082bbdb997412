import type { LookupAddress } from 'node:dns';
import { describe, expect, test } from 'vitest';
import { TargetGuard, type Resolve } from '../../src/callbacks/target-guard.ts';

const guard = new TargetGuard([]);

describe('refuses what is not public, however it is written', () => {
  test.each([
    ['loopback', 'http://127.0.0.1/'],
    ['all of loopback', 'http://127.255.255.254:8080/x'],
    ['loopback in hexadecimal', 'http://0x7f000001/'],
    ['loopback in octal', 'http://0177.0.0.1/'],
    ['loopback as one number', 'http://2130706433/'],
    ['loopback cut short', 'http://127.1/'],
    ['loopback in full-width digits', 'http://１２７.０.０.１/'],
    ['loopback percent-encoded', 'http://%31%32%37.0.0.1/'],
    ['loopback with a dot at the end', 'http://127.0.0.1./'],
    ['this host', 'http://0.0.0.0/'],
    ['zero', 'http://0/'],
    ['private 10', 'https://10.1.2.3/'],
    ['private 172.16', 'https://172.31.255.255/'],
    ['private 192.168', 'https://192.168.1.1/'],
    ['shared by carriers', 'http://100.64.0.1/'],
    ['link-local, the metadata of clouds', 'http://169.254.169.254/latest/meta-data/'],
    ['metadata of Alibaba', 'http://100.100.100.200/'],
    ['metadata of Azure', 'http://168.63.129.16/'],
    ['metadata of Oracle', 'http://192.0.0.192/'],
    ['multicast', 'http://224.0.0.1/'],
    ['reserved', 'http://250.1.1.1/'],
    ['broadcast', 'http://255.255.255.255/'],
    ['documentation', 'http://203.0.113.7/'],
    ['benchmarks', 'http://198.18.0.1/'],
    ['IPv6 loopback', 'http://[::1]/'],
    ['IPv6 loopback in full', 'http://[0:0:0:0:0:0:0:1]/'],
    ['IPv6 unspecified', 'http://[::]/'],
    ['IPv6 unique local', 'http://[fd00:ec2::254]/'],
    ['IPv6 link-local', 'http://[fe80::1]/'],
    ['IPv6 site-local', 'http://[fec0::1]/'],
    ['IPv6 multicast', 'http://[ff02::1]/'],
    ['IPv4-mapped IPv6', 'http://[::ffff:127.0.0.1]/'],
    ['IPv4-mapped IPv6 in hexadecimal', 'http://[::ffff:a9fe:a9fe]/'],
    ['IPv4-mapped IPv6 of a public address', 'http://[::ffff:8.8.8.8]/'],
    ['IPv4-compatible IPv6', 'http://[::7f00:1]/'],
    ['NAT64', 'http://[64:ff9b::7f00:1]/'],
    ['local NAT64', 'http://[64:ff9b:1::7f00:1]/'],
    ['6to4', 'http://[2002:7f00:1::]/'],
    ['Teredo', 'http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/'],
    ['IPv6 documentation', 'http://[2001:db8::1]/'],
    ['the name of loopback', 'http://localhost:3000/'],
    ['the name of loopback in capitals, with a dot', 'http://LOCALHOST./'],
    ['a name below it', 'http://api.localhost/'],
  ])('%s', (_, url) => {
    expect(guard.refusal(new URL(url))).toContain('is not a public address');
  });
});

test.each([
  ['ftp://client.example.com/', 'is no http or https URL'],
  ['file:///etc/passwd', 'is no http or https URL'],
  ['gopher://client.example.com/', 'is no http or https URL'],
  ['https://user@client.example.com/', 'must not contain a user name or password'],
  ['https://:secret@client.example.com/', 'must not contain a user name or password'],
  [`https://client.example.com/${'x'.repeat(2048)}`, 'is longer than 2048 characters'],
])('refuses %s', (url, reason) => {
  expect(guard.refusal(new URL(url))).toBe(reason);
});

test.each([
  'https://client.example.com/callback?key=1',
  'http://client.example.com:8443/',
  'https://8.8.8.8/',
  'https://172.32.0.1/',
  'https://[2606:4700:4700::1111]/',
  'https://localhost.example.com/',
])('lets %s pass', (url) => {
  expect(guard.refusal(new URL(url))).toBeUndefined();
});

test('lets pass what the operator allows, and no more', () => {
  const open = new TargetGuard(['10.1.0.0/16', 'fd00::/8', '127.0.0.1']);
  expect(open.refusal(new URL('http://10.1.2.3/'))).toBeUndefined();
  expect(open.refusal(new URL('http://[fd12::1]/'))).toBeUndefined();
  expect(open.refusal(new URL('http://localhost/'))).toBeUndefined();
  expect(open.refusal(new URL('http://10.2.0.1/'))).toContain('not a public address');
  expect(open.refusal(new URL('http://127.0.0.2/'))).toContain('not a public address');
});

/** The addresses a connection to a name may be made to. */
function lookup(
  addresses: readonly string[],
  allowed: readonly string[] = [],
): Promise<readonly LookupAddress[]> {
  const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  const resolve: Resolve = (_hostname, callback) => callback(null, found);
  return new Promise((done, fail) => {
    new TargetGuard(allowed, resolve).lookup('client.example.com', { all: true }, (error, result) => {
      if (error === null) done(result as readonly LookupAddress[]);
      else fail(error);
    });
  });
}

describe('after name resolution', () => {
  test('a name with public addresses is connected to at these', async () => {
    expect(await lookup(['8.8.8.8', '2606:4700::1'])).toEqual([
      { address: '8.8.8.8', family: 4 },
      { address: '2606:4700::1', family: 6 },
    ]);
  });

  test('of a name with public and other addresses only the public ones are used', async () => {
    expect(await lookup(['127.0.0.1', '8.8.8.8', '::1'])).toEqual([{ address: '8.8.8.8', family: 4 }]);
  });

  test.each([
    [['127.0.0.1']],
    [['169.254.169.254', '10.0.0.1']],
    [['::ffff:127.0.0.1']],
    [['fe80::1%eth0']],
    [['64:ff9b::a00:1']],
  ])('a name that leads to %s is refused, and the message says where it leads', async (addresses) => {
    await expect(lookup(addresses)).rejects.toThrow(
      `client.example.com leads to ${addresses.join(', ')}, which is not a public address`,
    );
  });

  test('a name without an address is an error', async () => {
    await expect(lookup([])).rejects.toThrow('client.example.com has no address');
  });

  test('an allowed address is used', async () => {
    expect(await lookup(['10.1.2.3'], ['10.0.0.0/8'])).toEqual([{ address: '10.1.2.3', family: 4 }]);
  });
});
