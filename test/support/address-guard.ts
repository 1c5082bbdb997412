import { AddressGuard, AllowList, type Resolve } from '../../src/addresses/addresses.ts';

/** A guard that allows what the entries name, besides public addresses. */
export function guardOf(allowed: readonly string[], resolve?: Resolve): AddressGuard {
  return new AddressGuard({
    allowed: new AllowList(allowed),
    setting: 'CHELA_CALLBACK_ALLOWED_TARGETS',
    resolve,
  });
}
