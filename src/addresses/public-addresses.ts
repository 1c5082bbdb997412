/** Which addresses are public: workers and callbacks may connect to them without the operator's permission. */
import { isIPv6 } from 'node:net';
import { networkList } from './network-list.ts';

/** IPv4 networks that are not public: IANA's special-purpose registry, multicast, reserved, cloud metadata. */
const refusedIPv4 = networkList([
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
]);
/** Everything outside this network (loopback, unique local, link-local, multicast, IPv4-mapped, NAT64) is refused. */
const globalIPv6 = networkList(['2000::/3']);
/** Refused within it: protocol assignments including Teredo, documentation, 6to4. */
const refusedIPv6 = networkList(['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20']);

/** @param address IPv4 or IPv6 in any usual notation, without a zone */
export function isPublicAddress(address: string): boolean {
  if (!isIPv6(address)) return !refusedIPv4.check(address, 'ipv4');
  return globalIPv6.check(address, 'ipv6') && !refusedIPv6.check(address, 'ipv6');
}
