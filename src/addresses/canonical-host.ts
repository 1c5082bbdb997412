import { isIPv6 } from 'node:net';

/**
 * One spelling for each host: names in lower case without a final dot, IPv6 addresses in their shortest form.
 * @param host a name or an address, without brackets
 */
export function canonicalHost(host: string): string {
  if (!isIPv6(host)) return host.toLowerCase().replace(/\.$/, '');
  return URL.parse(`http://[${host}]/`)?.hostname.slice(1, -1) ?? host.toLowerCase();
}
