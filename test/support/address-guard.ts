import { AddressGuard, AllowList, type Resolve } from '../../src/addresses/addresses.ts';

/** A guard that allows the given entries and public addresses. */
export function guardOf(allowed: readonly string[], resolve?: Resolve): AddressGuard {
  return new AddressGuard({
    allowed: new AllowList(allowed),
    setting: 'CHELA_CALLBACK_ALLOWED_TARGETS',
    resolve,
  });
}
