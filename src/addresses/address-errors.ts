/** The target is at an address that is not allowed. */
export class AddressRefusedError extends Error {
  override name = 'AddressRefusedError';
}

/** The target's name has no address or could not be resolved. */
export class NameNotFoundError extends Error {
  override name = 'NameNotFoundError';
}
