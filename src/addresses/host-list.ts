/** A list of the hosts that may be connected to. Names match as they are asked for, addresses only if none was asked for. */
import { BlockList, isIP, isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';
import { canonicalHost } from './canonical-host.ts';

/** An entry of a list: a name, all subdomains of a name, or a network. */
export type HostEntry = { readonly port: number | undefined } & (
  | { readonly kind: 'name' | 'subdomains'; readonly name: string }
  | { readonly kind: 'network'; readonly address: string; readonly prefix: number }
);

type Network = Extract<HostEntry, { kind: 'network' }>;
type NamedHost = Exclude<HostEntry, Network>;

const nameForm = /^[a-z\d_-]+(\.[a-z\d_-]+)*$/;
/** Characters that `domainToASCII` would drop, decode or stop at. */
const noNameCharacter = /[\p{Cc}\s/\\?#@:%]/u;
const longestName = 253;
const longestEntry = 300;

const forms =
  'write a name (example.com), its subdomains (*.example.com), an address, or a range (192.0.2.0/24), each optionally with a port (example.com:443)';

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}

function bitsOf(address: string): number {
  return isIPv6(address) ? 128 : 32;
}

/** Splits off a port. An IPv6 address with a port is in brackets. */
function splitPort(text: string): { host: string; port?: string; isBracketed: boolean } {
  const [, bracketed, bracketPort] = /^\[([^[\]]*)\](?::(\d{1,5}))?$/.exec(text) ?? [];
  if (bracketed !== undefined)
    return { host: bracketed, isBracketed: true, ...(bracketPort !== undefined && { port: bracketPort }) };
  if (text.split(':').length > 2) return { host: text, isBracketed: false };
  const [host = '', port] = text.split(':');
  return { host, isBracketed: false, ...(port !== undefined && { port }) };
}

/** @returns undefined if it is not an address or a range */
function readNetwork(text: string): { address: string; prefix: number } | undefined {
  const [address = '', prefix, more] = text.split('/');
  if (isIP(address) === 0 || address.includes('%') || more !== undefined) return undefined;
  const canonical = canonicalHost(address);
  // The same address can be written as IPv4, which is how connections to it are checked.
  if (canonical.startsWith('::ffff:')) return undefined;
  if (prefix === undefined) return { address: canonical, prefix: bitsOf(address) };
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > bitsOf(address)) return undefined;
  return { address: canonical, prefix: Number(prefix) };
}

/** @returns undefined if it is not a name */
function readName(text: string): { kind: 'name' | 'subdomains'; name: string } | undefined {
  const isWildcard = text.startsWith('*.');
  const given = isWildcard ? text.slice(2) : text;
  const name = noNameCharacter.test(given) ? '' : canonicalHost(domainToASCII(given));
  // Numbers can be an address in another notation.
  if (isIP(name) !== 0 || name.length > longestName || !nameForm.test(name)) return undefined;
  return { kind: isWildcard ? 'subdomains' : 'name', name };
}

function readPort(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : Number.NaN;
}

/**
 * Reads an entry of a list. Names may be in any script and case, and end with a dot.
 * @throws Error that says what is expected
 */
export function parseHostEntry(text: string): HostEntry {
  const given = text.trim();
  const { host, port: portText, isBracketed } = splitPort(given);
  const port = readPort(portText);
  const network = given.length <= longestEntry ? readNetwork(host) : undefined;
  const found = network === undefined ? undefined : ({ kind: 'network', ...network } as const);
  const entry = found ?? (isBracketed || given.length > longestEntry ? undefined : readName(host));
  if (entry === undefined || Number.isNaN(port) || (isBracketed && !isIPv6(found?.address ?? ''))) {
    const shown = JSON.stringify(given.length > 80 ? `${given.slice(0, 80)}…` : given);
    throw new Error(`${shown} is not a host: ${forms}`);
  }
  return { ...entry, port };
}

/** The entry as text that is the same for every way to write it. */
export function hostEntryText(entry: HostEntry): string {
  const { port } = entry;
  if (entry.kind !== 'network') {
    const name = entry.kind === 'subdomains' ? `*.${entry.name}` : entry.name;
    return port === undefined ? name : `${name}:${port}`;
  }
  const { address, prefix } = entry;
  const network = prefix === bitsOf(address) ? address : `${address}/${prefix}`;
  if (port === undefined) return network;
  return isIPv6(address) ? `[${network}]:${port}` : `${network}:${port}`;
}

/** The names whose subdomains include a name: `b.example.com`, `example.com` and `com` for `a.b.example.com`. */
function parentsOf(name: string): string[] {
  const labels = name.split('.');
  return labels.slice(1).map((_, index) => labels.slice(index + 1).join('.'));
}

/** The address of IPv4 that `::ffff:cb00:7107` means; all other hosts as they are. @param host in its shortest form */
function unmapped(host: string): string {
  const [, high, low] = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/.exec(host) ?? [];
  if (high === undefined || low === undefined) return host;
  const [upper, lower] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return [upper >> 8, upper & 255, lower >> 8, lower & 255].join('.');
}

function listOf({ address, prefix }: Network): BlockList {
  const list = new BlockList();
  list.addSubnet(address, prefix, familyOf(address));
  return list;
}

export class HostList {
  /** In the order given, each once. */
  readonly entries: readonly HostEntry[];
  /** Ports by name; undefined among them means every port. */
  readonly #ports = {
    name: new Map<string, Set<number | undefined>>(),
    subdomains: new Map<string, Set<number | undefined>>(),
  };
  readonly #networks: { readonly list: BlockList; readonly network: Network }[] = [];

  /** @throws Error for the first entry that is not valid */
  constructor(entries: readonly string[]) {
    const parsed = new Map<string, HostEntry>();
    for (const text of entries) {
      const entry = parseHostEntry(text);
      parsed.set(hostEntryText(entry), entry);
    }
    this.entries = [...parsed.values()];
    for (const entry of this.entries) {
      if (entry.kind === 'network') {
        this.#networks.push({ list: listOf(entry), network: entry });
        continue;
      }
      const ports = this.#ports[entry.kind].get(entry.name) ?? new Set();
      this.#ports[entry.kind].set(entry.name, ports.add(entry.port));
    }
  }

  /**
   * Whether a host may be connected to. A name is not resolved: the addresses of an allowed name are not allowed, and
   * names with an allowed address are not either.
   * @param host a name in ASCII or an address, without brackets
   */
  allows(host: string, port: number): boolean {
    const name = unmapped(canonicalHost(host));
    if (isIP(name) !== 0) {
      return this.#networks.some(
        ({ list, network }) =>
          (network.port === undefined || network.port === port) &&
          // A range of IPv6 that has ::ffff:0:0/96 would also match every address of IPv4.
          familyOf(network.address) === familyOf(name) &&
          list.check(name, familyOf(name)),
      );
    }
    return this.#allowsName(name, port) || this.#allowsSubdomain(parentsOf(name), port);
  }

  /** Whether everything that an entry allows is allowed by this list. */
  covers(entry: HostEntry): boolean {
    if (entry.kind === 'network') return this.#coversNetwork(entry);
    const { name, port } = entry;
    const parents = parentsOf(name);
    return entry.kind === 'name'
      ? this.#allowsName(name, port) || this.#allowsSubdomain(parents, port)
      : this.#allowsSubdomain([name, ...parents], port);
  }

  #coversNetwork({ address, prefix, port }: Network): boolean {
    return this.#networks.some(
      ({ list, network }) =>
        familyOf(network.address) === familyOf(address) &&
        network.prefix <= prefix &&
        (network.port === undefined || network.port === port) &&
        list.check(address, familyOf(address)),
    );
  }

  /** @param port every port if undefined */
  #allowsName(name: NamedHost['name'], port: number | undefined): boolean {
    const ports = this.#ports.name.get(name);
    return ports !== undefined && (ports.has(undefined) || ports.has(port));
  }

  #allowsSubdomain(parents: readonly string[], port: number | undefined): boolean {
    return parents.some((parent) => {
      const ports = this.#ports.subdomains.get(parent);
      return ports !== undefined && (ports.has(undefined) || ports.has(port));
    });
  }
}
