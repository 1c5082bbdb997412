/** Resolves host names to addresses. */
import type { LookupAddress } from 'node:dns';
import { lookup, Resolver } from 'node:dns/promises';

/** All addresses of a name. A name without addresses gives an error or an empty list. */
export type Resolve = (name: string) => Promise<LookupAddress[]>;

/** Uses the system resolver, which reads the hosts file. Each query blocks one of Node's four pool threads. */
export function resolveBySystem(name: string): Promise<LookupAddress[]> {
  return lookup(name, { all: true });
}

/** Queries the DNS servers directly, so that slow names do not block pool threads. */
export function resolveByDns(): Resolve {
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
