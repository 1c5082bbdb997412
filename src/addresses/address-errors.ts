/** The target is at an address that may not be connected to. */
export class AddressRefusedError extends Error {
  override name = 'AddressRefusedError';
}

/** The target's name has no address, or could not be resolved. */
export class NameNotFoundError extends Error {
  override name = 'NameNotFoundError';
}
