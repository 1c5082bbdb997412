/**
 * Addresses that the platform may connect to on behalf of users. Callbacks, workers' proxies, git repositories and
 * package registries share this guard.
 */
export { AddressGuard } from './address-guard.ts';
export { AddressRefusedError, NameNotFoundError } from './address-errors.ts';
export { AllowList, type AllowedTargets } from './allow-list.ts';
export { canonicalHost } from './canonical-host.ts';
export { HostList, hostEntryText, parseHostEntry } from './host-list.ts';
export { isPublicAddress } from './public-addresses.ts';
export { resolveByDns, type Resolve } from './resolvers.ts';
