/**
 * Where callbacks may go. Addresses are checked in the form the connection is made to, after name resolution, so neither an
 * unusual notation nor a name that resolves to something else the second time passes.
 */
import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { isIP, isIPv6, type BlockList, type LookupFunction } from 'node:net';
import { networkList } from '../addresses/network-list.ts';
import { isPublicAddress } from '../addresses/public-addresses.ts';

/** All addresses of a host name. */
export type Resolve = (
  hostname: string,
  callback: (error: Error | null, addresses: LookupAddress[]) => void,
) => void;

const longestUrl = 2048;

/** The address in a URL's host, without brackets; undefined for a name. URL has brought it into its usual notation. */
function literalAddress(url: URL): string | undefined {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return isIP(host) === 0 ? undefined : host;
}

function resolveBySystem(hostname: string, callback: Parameters<Resolve>[1]): void {
  systemLookup(hostname, { all: true }, callback);
}

export class TargetGuard {
  readonly #allowed: BlockList;
  readonly #resolve: Resolve;

  /**
   * @param allowedNetworks addresses and CIDR ranges that are allowed although they are not public
   * @param resolve the system's resolver where omitted
   */
  constructor(allowedNetworks: readonly string[], resolve: Resolve = resolveBySystem) {
    this.#allowed = networkList(allowedNetworks);
    this.#resolve = resolve;
  }

  /** @returns why a URL is refused by what it says itself, in a sentence without a subject; undefined where it is not */
  refusal(url: URL): string | undefined {
    if (url.href.length > longestUrl) return `is longer than ${longestUrl} characters`;
    if (!/^https?:$/.test(url.protocol)) return 'is no http or https URL';
    if (url.username !== '' || url.password !== '') return 'must not contain a user name or password';
    const address = literalAddress(url);
    if (address !== undefined) return this.#allows(address) ? undefined : notPublic(address);
    if (/^(.*\.)?localhost\.?$/.test(url.hostname) && !this.#allows('127.0.0.1') && !this.#allows('::1')) {
      return notPublic(url.hostname);
    }
    return undefined;
  }

  /** Resolves the name of a connection's target to the addresses that are allowed; an error where none is. */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    this.#resolve(hostname, (error, addresses) => {
      if (error !== null) {
        callback(error, []);
        return;
      }
      const allowed = addresses.filter(({ address }) => this.#allows(address));
      const [first] = allowed;
      if (first === undefined) {
        const shown = addresses.map(({ address }) => address).join(', ');
        callback(new Error(`${hostname} ${shown === '' ? 'has no address' : notPublic(shown)}`), []);
      } else if (options.all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };

  #allows(address: string): boolean {
    const [unzoned = ''] = address.split('%');
    return isPublicAddress(unzoned) || this.#allowed.check(unzoned, isIPv6(unzoned) ? 'ipv6' : 'ipv4');
  }
}

function notPublic(target: string): string {
  return `leads to ${target}, which is not a public address; the operator can allow it (CHELA_CALLBACK_ALLOWED_NETWORKS)`;
}
