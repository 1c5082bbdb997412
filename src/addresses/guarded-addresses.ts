/** The addresses that the platform itself may connect to on somebody's behalf: public ones, and what the operator allows. */
import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { isPublicAddress } from './public-addresses.ts';

/** What may be connected to although it is not public; a `TargetList` is one. */
export interface AllowedTargets {
  hasName(name: string, port: number): boolean;
  hasAddress(address: string, port: number): boolean;
}

/** The target is where nobody may be led. */
export class AddressRefusedError extends Error {
  override name = 'AddressRefusedError';
}

/**
 * Resolves a target. A connection has to be made to these very addresses, for the name may lead elsewhere the next time.
 * @param target.host a name or an address without brackets
 * @param setting names the setting that `allowed` comes from, for the message
 * @returns at least one address
 * @throws Error that says why there is none
 */
export async function guardedAddresses(
  { host, port }: { host: string; port: number },
  allowed: AllowedTargets,
  setting: string,
): Promise<LookupAddress[]> {
  const family = isIP(host);
  const found =
    family === 0
      ? await lookup(host, { all: true }).catch((error: NodeJS.ErrnoException) => {
          throw new Error(`${host} could not be resolved: ${error.code ?? error.message}`);
        })
      : [{ address: host, family }];
  if (allowed.hasName(host, port)) return found;
  const permitted = found.filter(({ address }) => {
    const [unzoned = ''] = address.split('%');
    return isPublicAddress(unzoned) || allowed.hasAddress(unzoned, port);
  });
  if (permitted.length > 0) return permitted;
  throw new AddressRefusedError(
    `${host}:${port} is no public address; the operator can allow it (${setting})`,
  );
}
