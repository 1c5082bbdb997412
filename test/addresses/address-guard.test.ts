import type { LookupAddress } from 'node:dns';
import { describe, expect, test } from 'vitest';
import { AddressRefusedError, NameNotFoundError } from '../../src/addresses/addresses.ts';
import { guardOf } from '../support/address-guard.ts';

const port = 443;

/** The addresses that a socket may connect to for a host name. */
function lookup(
  addresses: readonly string[],
  allowed: readonly string[] = [],
): Promise<readonly LookupAddress[]> {
  const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  const guard = guardOf(allowed, async () => found);
  return new Promise((done, fail) => {
    guard.lookup(port)('client.example.com', { all: true }, (error, result) => {
      if (error === null) done(result as readonly LookupAddress[]);
      else fail(error);
    });
  });
}

describe('a host name', () => {
  test('with public addresses is connected to at those addresses', async () => {
    expect(await lookup(['8.8.8.8', '2606:4700::1'])).toEqual([
      { address: '8.8.8.8', family: 4 },
      { address: '2606:4700::1', family: 6 },
    ]);
  });

  test('with public and other addresses is connected to only at the public ones', async () => {
    expect(await lookup(['127.0.0.1', '8.8.8.8', '::1'])).toEqual([{ address: '8.8.8.8', family: 4 }]);
  });

  test.each([
    [['127.0.0.1']],
    [['169.254.169.254', '10.0.0.1']],
    [['::ffff:127.0.0.1']],
    [['fe80::1%eth0']],
    [['64:ff9b::a00:1']],
  ])('that resolves to %s is refused without revealing the address', async (addresses) => {
    const refusal = await lookup(addresses).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(AddressRefusedError);
    expect((refusal as Error).message).toBe(
      'client.example.com:443 has no public address: the operator can allow it with CHELA_CALLBACK_ALLOWED_TARGETS',
    );
  });

  test('without an address is an error', async () => {
    await expect(lookup([])).rejects.toThrow(
      new NameNotFoundError('client.example.com could not be resolved: it has no address'),
    );
  });

  test("that cannot be resolved fails with the resolver's code", async () => {
    const guard = guardOf([], async () => {
      throw Object.assign(new Error('queryA ENOTFOUND'), { code: 'ENOTFOUND' });
    });
    await expect(guard.addresses({ host: 'nowhere.example.com', port })).rejects.toThrow(
      new NameNotFoundError('nowhere.example.com could not be resolved: ENOTFOUND'),
    );
  });

  test('of loopback resolves to loopback, whatever a DNS server says', async () => {
    const guard = guardOf([], async () => [{ address: '8.8.8.8', family: 4 }]);
    await expect(guard.addresses({ host: 'api.LocalHost.', port })).rejects.toThrow(AddressRefusedError);
  });

  test.each([['10.0.0.0/8'], ['10.1.2.3'], ['10.1.2.3:443']])(
    'is connected to at an address that the entry %s allows',
    async (entry) => {
      expect(await lookup(['10.1.2.3'], [entry])).toEqual([{ address: '10.1.2.3', family: 4 }]);
    },
  );

  test('is refused if only another port of its address is allowed', async () => {
    await expect(lookup(['10.1.2.3'], ['10.1.2.3:80'])).rejects.toThrow(AddressRefusedError);
  });
});

test('a socket that asks for one address gets the first permitted one', async () => {
  const guard = guardOf([], async () => [
    { address: '10.0.0.1', family: 4 },
    { address: '8.8.4.4', family: 4 },
  ]);
  const { promise, resolve } = Promise.withResolvers<unknown[]>();
  guard.lookup(port)('one.example.com', {}, (...answer) => resolve(answer));
  expect(await promise).toEqual([null, '8.8.4.4', 4]);
});
