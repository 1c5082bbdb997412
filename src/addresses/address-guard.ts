/**
 * Decides which addresses of a target may be connected to: public ones, and those that the operator allows. Callers
 * must connect to the returned addresses, because resolving the name again may give others.
 */
import type { LookupAddress } from 'node:dns';
import { isIP, isIPv6, type LookupFunction } from 'node:net';
import { callbackify } from 'node:util';
import { AddressRefusedError, NameNotFoundError } from './address-errors.ts';
import type { AllowedTargets } from './allow-list.ts';
import { isPublicAddress } from './public-addresses.ts';
import { resolveBySystem, type Resolve } from './resolvers.ts';

export interface GuardedTarget {
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
}

interface AddressGuardOptions {
  /** Targets that are allowed although they are not public. */
  readonly allowed: AllowedTargets;
  /** Environment variable that `allowed` comes from; refusals name it. */
  readonly setting: string;
  /** How names are resolved; by the system resolver if omitted. */
  readonly resolve?: Resolve;
}

/** Names that mean loopback (RFC 6761), whatever a DNS server says. */
const loopbackAddresses: readonly LookupAddress[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
];

function isLoopbackName(host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, '');
  return name === 'localhost' || name.endsWith('.localhost');
}

/** `host:port`, with brackets around an IPv6 address. */
function targetText({ host, port }: GuardedTarget): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

export class AddressGuard {
  readonly #allowed: AllowedTargets;
  readonly #setting: string;
  readonly #resolve: Resolve;

  constructor({ allowed, setting, resolve = resolveBySystem }: AddressGuardOptions) {
    this.#allowed = allowed;
    this.#setting = setting;
    this.#resolve = resolve;
  }

  /**
   * The addresses of a target that may be connected to, at least one.
   * @throws NameNotFoundError, AddressRefusedError
   */
  async addresses(target: GuardedTarget): Promise<LookupAddress[]> {
    const { host, port } = target;
    const family = isIP(host);
    // The operator allowed the name itself, which may be known only to the machine, for example in its hosts file.
    if (family === 0 && this.#allowed.hasName(host, port)) return this.#resolved(host, resolveBySystem);
    const found = family === 0 ? await this.#resolved(host, this.#resolve) : [{ address: host, family }];
    const permitted = found.filter(({ address }) => this.#permits(address, port));
    if (permitted.length > 0) return permitted;
    throw this.#refusal(target);
  }

  /**
   * Checks what is known without resolving: literal addresses and the names of loopback. For targets whose names are
   * resolved later, or by another program.
   * @throws AddressRefusedError
   */
  checkUnresolved(target: GuardedTarget): void {
    const { host, port } = target;
    if (this.#allowed.hasName(host, port)) return;
    const addresses = isLoopbackName(host)
      ? loopbackAddresses.map(({ address }) => address)
      : isIP(host) === 0
        ? []
        : [host];
    if (addresses.length > 0 && !addresses.some((address) => this.#permits(address, port)))
      throw this.#refusal(target);
  }

  /** A `lookup` function for sockets and requests to a port: resolves a name to its allowed addresses. */
  lookup(port: number): LookupFunction {
    const addresses = callbackify((host: string) => this.addresses({ host, port }));
    return (host, options, callback) => {
      addresses(host, (error, found) => {
        const [first] = error === null ? found : [];
        if (error !== null) callback(error, []);
        else if (options.all === true || first === undefined) callback(null, found);
        else callback(null, first.address, first.family);
      });
    };
  }

  async #resolved(host: string, resolve: Resolve): Promise<LookupAddress[]> {
    if (resolve === this.#resolve && isLoopbackName(host)) return [...loopbackAddresses];
    const found = await resolve(host).catch((error: NodeJS.ErrnoException) => {
      throw new NameNotFoundError(`${host} could not be resolved: ${error.code ?? error.message}`, {
        cause: error,
      });
    });
    if (found.length === 0) throw new NameNotFoundError(`${host} could not be resolved: it has no address`);
    return found;
  }

  #permits(address: string, port: number): boolean {
    const [unzoned = ''] = address.split('%');
    return isPublicAddress(unzoned) || this.#allowed.hasAddress(unzoned, port);
  }

  /** Does not reveal the address behind a name, so that users cannot probe the operator's network. */
  #refusal(target: GuardedTarget): AddressRefusedError {
    const what = isIP(target.host) === 0 ? 'has no public address' : 'is not a public address';
    return new AddressRefusedError(
      `${targetText(target)} ${what}: the operator can allow it with ${this.#setting}`,
    );
  }
}
