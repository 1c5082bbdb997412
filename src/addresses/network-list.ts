import { BlockList, isIPv6 } from 'node:net';

/**
 * A list of networks that addresses can be checked against.
 * @param networks addresses, or ranges in CIDR notation
 * @throws Error if an entry is neither
 */
export function networkList(networks: readonly string[]): BlockList {
  const found = new BlockList();
  for (const network of networks) {
    const [address = '', prefix, more] = network.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (more !== undefined || !/^\d{1,3}$/.test(prefix ?? '0'))
      throw new Error(`${network} is not an address range`);
    if (prefix === undefined) found.addAddress(address, family);
    else found.addSubnet(address, Number(prefix), family);
  }
  return found;
}
