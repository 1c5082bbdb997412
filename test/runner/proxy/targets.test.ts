import { describe, expect, test } from 'vitest';
import { checkTarget, targetText } from '../../../src/runner/proxy/target.ts';
import { TargetResolver } from '../../../src/runner/proxy/target-resolver.ts';
import { AddressGuard, AllowList } from '../../../src/addresses/addresses.ts';

async function addressesOf(
  host: string,
  { allowed = [], found = [], port = 80 }: { allowed?: string[]; found?: string[]; port?: number } = {},
): Promise<string[]> {
  const resolve = async (): Promise<{ address: string; family: number }[]> =>
    found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  const guard = new AddressGuard({
    allowed: new AllowList(allowed),
    setting: 'CHELA_PROXY_ALLOWED_TARGETS',
    resolve,
  });
  const resolver = new TargetResolver(guard);
  return (await resolver.addresses(checkTarget({ host, port }))).map(({ address }) => address);
}

const refused = [
  '0.0.0.0',
  '0.1.2.3',
  '10.1.2.3',
  '100.64.0.1',
  '127.0.0.1',
  '127.255.255.254',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.1',
  '192.168.1.1',
  '198.18.0.1',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  '168.63.129.16',
  '::',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:8.8.8.8',
  '::ffff:7f00:1',
  '::127.0.0.1',
  '64:ff9b::7f00:1',
  '64:ff9b:1::a00:1',
  'fe80::1',
  'fec0::1',
  'fc00::1',
  'fd00:ec2::254',
  'ff02::1',
  '2002:7f00:1::',
  '2001::1',
  '2001:db8::1',
  '100::1',
  '[::1]',
  '[::ffff:10.0.0.1]',
];

describe('a target', () => {
  test.each(refused)('at %s is refused', async (host) => {
    await expect(addressesOf(host)).rejects.toMatchObject({ failure: 'forbidden target' });
  });

  test.each(refused.filter((host) => !host.startsWith('[')))(
    'whose name resolves to %s is refused',
    async (address) => {
      await expect(addressesOf('rebound.example', { found: [address] })).rejects.toMatchObject({
        failure: 'forbidden target',
      });
    },
  );

  test.each([
    '2130706433',
    '0x7f.1',
    '0177.0.0.1',
    '127.1',
    '①②⑦.0.0.1',
    '127.0.0.1.',
    'LOCALHOST',
    'a.localhost',
  ])('written as %s is refused', async (host) => {
    await expect(addressesOf(host)).rejects.toMatchObject({ failure: 'forbidden target' });
  });

  test.each([
    '',
    'a b',
    'a..b',
    '.',
    'a/b',
    'a@b',
    'a%41',
    'a\r\nb',
    'x'.repeat(254),
    'fe80::1%lo',
    '1.2.3.4:80',
  ])('named %j is malformed', (host) => {
    expect(() => checkTarget({ host, port: 80 })).toThrow(/is not a host and port/);
  });

  test.each(['8.8.8.8', '1.1.1.1', '2606:4700::1111', '2a00:1450::1'])('at %s is public', async (host) => {
    expect(await addressesOf(host)).toEqual([host]);
  });

  test('is reached only at its public addresses', async () => {
    expect(
      await addressesOf('mixed.example', { found: ['10.0.0.1', '8.8.8.8', '::1', '2606:4700::1'] }),
    ).toEqual(['8.8.8.8', '2606:4700::1']);
  });

  test('with a name in another script is resolved in ASCII', () => {
    expect(targetText(checkTarget({ host: 'BÜCHER.example', port: 443 }))).toBe('xn--bcher-kva.example:443');
    expect(targetText(checkTarget({ host: '[2606:4700::1]', port: 443 }))).toBe('[2606:4700::1]:443');
  });
});

describe('an allowed target', () => {
  test.each<[string, string[], string, number, string[]]>([
    ['by network', ['10.0.0.0/8'], '10.1.2.3', 80, []],
    ['by network, for a name', ['10.0.0.0/8'], 'inside.example', 80, ['10.1.2.3']],
    ['by address', ['10.1.2.3', '::1'], '::1', 80, []],
    ['by address and port', ['10.1.2.3:80'], '10.1.2.3', 80, []],
    ['by IPv6 address and port', ['[::1]:80'], '::1', 80, []],
    ['by address and port, for a name', ['10.1.2.3:80'], 'inside.example', 80, ['10.1.2.3']],
  ])('%s passes', async (_, allowed, host, port, found) => {
    expect(await addressesOf(host, { allowed, port, found })).toHaveLength(1);
  });

  test('by name and port is accepted at whatever address it resolves to', async () => {
    expect(await addressesOf('LocalHost', { allowed: ['localhost:80'] })).toContain('127.0.0.1');
  });

  test.each<[string, string[], string, number]>([
    ['another port', ['127.0.0.1:80'], '127.0.0.1', 81],
    ['another port of a name', ['localhost:80'], 'localhost', 81],
    ['the address behind an allowed name', ['localhost:80'], '127.0.0.1', 80],
    ['an address outside the network', ['10.0.0.0/8'], '11.0.0.0.1', 80],
  ])('does not open %s', async (_, allowed, host, port) => {
    await expect(addressesOf(host, { allowed, port })).rejects.toThrow(
      /(is not a|has no) public address|is not a host and port/,
    );
  });

  test.each([
    '10.0.0.0/33',
    'example.com',
    'example.com:0',
    'example.com:70000',
    '10.0.0.0/8:80',
    ':80',
    '::1:80:x',
  ])('%s is not a valid entry of the list', (entry) => {
    expect(() => new AllowList([entry])).toThrow(Error);
  });
});
