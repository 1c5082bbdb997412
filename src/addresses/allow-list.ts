/** A list of allowed targets: networks with all ports, and single endpoints. All settings share this syntax. */
import { isIP, isIPv6, type BlockList } from 'node:net';
import { networkList } from './network-list.ts';

const endpointForm = /^(?:\[([\da-f:.]+)\]|([\w.-]+)):(\d{1,5})$/i;

/** Compares names in lower case, without a trailing dot. */
function endpointKey(host: string, port: number): string {
  return `${host.toLowerCase().replace(/\.$/, '')} ${port}`;
}

/** Targets that are allowed although they are not public. */
export interface AllowedTargets {
  /** Whether the endpoint is listed by name, whatever address it has. */
  hasName(name: string, port: number): boolean;
  /** @param address without a zone */
  hasAddress(address: string, port: number): boolean;
}

export class AllowList implements AllowedTargets {
  readonly #networks: BlockList;
  readonly #endpoints = new Set<string>();

  /**
   * @param entries addresses, ranges in CIDR notation, and `host:port` with a name, an IPv4 address or an IPv6 address in
   *   brackets
   * @throws Error if an entry is none of these
   */
  constructor(entries: readonly string[]) {
    const networks: string[] = [];
    for (const entry of entries) {
      const [, bracketed, plain = bracketed, port] =
        isIP(entry) === 0 ? (endpointForm.exec(entry) ?? []) : [];
      if (plain === undefined) networks.push(entry);
      else if (Number(port) < 1 || Number(port) > 65_535)
        throw new Error(`${entry} must have a port from 1 to 65535`);
      else this.#endpoints.add(endpointKey(plain, Number(port)));
    }
    this.#networks = networkList(networks);
  }

  hasAddress(address: string, port: number): boolean {
    return (
      this.#networks.check(address, isIPv6(address) ? 'ipv6' : 'ipv4') ||
      this.#endpoints.has(endpointKey(address, port))
    );
  }

  hasName(name: string, port: number): boolean {
    return this.#endpoints.has(endpointKey(name, port));
  }
}
