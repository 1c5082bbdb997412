import { describe, expect, test } from 'vitest';
import { urlRefusal } from '../../src/callbacks/callback-url.ts';
import { guardOf } from '../support/address-guard.ts';

const guard = guardOf([]);

describe('refuses addresses that are not public, in every notation', () => {
  test.each([
    ['loopback', 'http://127.0.0.1/'],
    ['all of loopback', 'http://127.255.255.254:8080/x'],
    ['loopback in hexadecimal', 'http://0x7f000001/'],
    ['loopback in octal', 'http://0177.0.0.1/'],
    ['loopback as one number', 'http://2130706433/'],
    ['loopback in short form', 'http://127.1/'],
    ['loopback in full-width digits', 'http://１２７.０.０.１/'],
    ['loopback percent-encoded', 'http://%31%32%37.0.0.1/'],
    ['loopback with a trailing dot', 'http://127.0.0.1./'],
    ['this host', 'http://0.0.0.0/'],
    ['zero', 'http://0/'],
    ['private 10', 'https://10.1.2.3/'],
    ['private 172.16', 'https://172.31.255.255/'],
    ['private 192.168', 'https://192.168.1.1/'],
    ['shared carrier addresses', 'http://100.64.0.1/'],
    ['link-local, used for cloud metadata', 'http://169.254.169.254/latest/meta-data/'],
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
    ['a subdomain of it', 'http://api.localhost/'],
  ])('%s', (_, url) => {
    expect(urlRefusal(new URL(url), guard)).toMatch(/(is not a|has no) public address/);
  });
});

test.each([
  ['ftp://client.example.com/', 'is not an http or https URL'],
  ['file:///etc/passwd', 'is not an http or https URL'],
  ['gopher://client.example.com/', 'is not an http or https URL'],
  ['https://user@client.example.com/', 'must not contain a user name or password'],
  ['https://:secret@client.example.com/', 'must not contain a user name or password'],
  [`https://client.example.com/${'x'.repeat(2048)}`, 'is longer than 2048 characters'],
])('refuses %s', (url, reason) => {
  expect(urlRefusal(new URL(url), guard)).toBe(reason);
});

test.each([
  'https://client.example.com/callback?key=1',
  'http://client.example.com:8443/',
  'https://8.8.8.8/',
  'https://172.32.0.1/',
  'https://[2606:4700:4700::1111]/',
  'https://localhost.example.com/',
])('accepts %s', (url) => {
  expect(urlRefusal(new URL(url), guard)).toBeUndefined();
});

test('accepts exactly the addresses that the operator allows', () => {
  const open = guardOf(['10.1.0.0/16', 'fd00::/8', '127.0.0.1', 'hooks.internal:8443', '10.3.0.1:9000']);
  expect(urlRefusal(new URL('http://10.1.2.3/'), open)).toBeUndefined();
  expect(urlRefusal(new URL('http://[fd12::1]/'), open)).toBeUndefined();
  expect(urlRefusal(new URL('http://localhost/'), open)).toBeUndefined();
  expect(urlRefusal(new URL('http://10.3.0.1:9000/'), open)).toBeUndefined();
  expect(urlRefusal(new URL('https://hooks.internal:8443/'), open)).toBeUndefined();
  expect(urlRefusal(new URL('http://10.3.0.1:9001/'), open)).toContain('not a public address');
  expect(urlRefusal(new URL('http://10.2.0.1/'), open)).toContain('not a public address');
  expect(urlRefusal(new URL('http://127.0.0.2/'), open)).toContain('not a public address');
});
