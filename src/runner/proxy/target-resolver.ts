/**
 * Finds the addresses of a target and lets through those that a worker may be connected to. The connection is made to the
 * very addresses that were checked, so a name that resolves to something else the second time gains nothing.
 */
import type { LookupAddress } from 'node:dns';
import { lookup, Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import { isPublicAddress } from '../../addresses/public-addresses.ts';
import type { TargetList } from '../../addresses/allow-list.ts';
import { DialError } from './dial-error.ts';
import { targetText, type Target } from './target.ts';

/** All addresses of a name; an error or an empty list where it has none. */
export type Resolve = (name: string) => Promise<LookupAddress[]>;

const localNames = /^(.*\.)?localhost\.?$/;
const localAddresses: readonly LookupAddress[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
];

/**
 * Asks DNS servers directly. The system's resolver would wait in threads of which all of the process have four, and workers
 * that ask for slow names would keep them from everybody else.
 */
function resolveByDns(): Resolve {
  const resolver = new Resolver({ timeout: 3000, tries: 2 });
  return async (name) => {
    const [v4, v6] = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
    const found = [
      ...(v4.status === 'fulfilled' ? v4.value : []).map((address) => ({ address, family: 4 })),
      ...(v6.status === 'fulfilled' ? v6.value : []).map((address) => ({ address, family: 6 })),
    ];
    if (found.length === 0 && v4.status === 'rejected') throw v4.reason;
    return found;
  };
}

export class TargetResolver {
  readonly #allowed: TargetList;
  readonly #resolve: Resolve;

  /**
   * @param allowed targets that workers may reach although they are not public
   * @param resolve the machine's DNS servers where omitted
   */
  constructor(allowed: TargetList, resolve: Resolve = resolveByDns()) {
    this.#allowed = allowed;
    this.#resolve = resolve;
  }

  /**
   * The addresses of a target that a connection may be made to, at least one.
   * @throws DialError where it has none, or none that is allowed
   */
  async addresses(target: Target): Promise<LookupAddress[]> {
    const { host, port } = target;
    // The operator named it, so it may be known to the machine only, by its hosts file say.
    if (isIP(host) === 0 && this.#allowed.hasName(host, port))
      return this.#found(target, lookup(host, { all: true }));
    const family = isIP(host);
    const addresses =
      family === 0
        ? await this.#found(
            target,
            localNames.test(host) ? Promise.resolve([...localAddresses]) : this.#resolve(host),
          )
        : [{ address: host, family }];
    const allowed = addresses.filter(({ address }) => this.#isAllowed(address, port));
    if (allowed.length === 0) throw forbidden(target);
    return allowed;
  }

  /**
   * Refuses what is known to lead astray without resolving its name, for proxies that resolve names themselves.
   * @throws DialError
   */
  checkUnresolved(target: Target): void {
    const { host, port } = target;
    const address = localNames.test(host) ? '127.0.0.1' : host;
    if (isIP(address) === 0 || this.#allowed.hasName(host, port)) return;
    if (!this.#isAllowed(address, port)) throw forbidden(target);
  }

  async #found(target: Target, resolving: Promise<LookupAddress[]>): Promise<LookupAddress[]> {
    const addresses = await resolving.catch((error: unknown) => {
      const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
      throw new DialError('unknown name', `${target.host} could not be resolved: ${code}`, { cause: error });
    });
    if (addresses.length === 0) throw new DialError('unknown name', `${target.host} has no address`);
    return addresses;
  }

  #isAllowed(address: string, port: number): boolean {
    const [unzoned = ''] = address.split('%');
    return isPublicAddress(unzoned) || this.#allowed.hasAddress(unzoned, port);
  }
}

function forbidden(target: Target): DialError {
  return new DialError(
    'forbidden target',
    `${targetText(target)} is no public address; the operator can allow it (CHELA_PROXY_ALLOWED_TARGETS)`,
  );
}
