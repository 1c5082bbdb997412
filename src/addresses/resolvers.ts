/** Ways from a host name to its addresses. */
import type { LookupAddress } from 'node:dns';
import { lookup, Resolver } from 'node:dns/promises';

/** All addresses of a name; an error or an empty list where it has none. */
export type Resolve = (name: string) => Promise<LookupAddress[]>;

/** Asks the machine's resolver, which also knows its hosts file. It waits in one of the process's four threads for that. */
export function resolveBySystem(name: string): Promise<LookupAddress[]> {
  return lookup(name, { all: true });
}

/** Asks the machine's DNS servers directly, so that slow names take no thread from anything else. */
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
