/** Finds the addresses of a target that a worker may be connected to, and says in the proxy's own terms why there are none. */
import type { LookupAddress } from 'node:dns';
import { AddressRefusedError, NameNotFoundError, type AddressGuard } from '../../addresses/addresses.ts';
import { DialError } from './dial-error.ts';
import type { Target } from './target.ts';

export class TargetResolver {
  readonly #guard: AddressGuard;

  constructor(guard: AddressGuard) {
    this.#guard = guard;
  }

  /**
   * The addresses of a target that a connection may be made to, at least one.
   * @throws DialError where it has none, or none that is allowed
   */
  async addresses(target: Target): Promise<LookupAddress[]> {
    try {
      return await this.#guard.addresses(target);
    } catch (error) {
      throw dialError(error);
    }
  }

  /**
   * Refuses what is known to lead astray without resolving its name, for proxies that resolve names themselves.
   * @throws DialError
   */
  checkUnresolved(target: Target): void {
    try {
      this.#guard.checkUnresolved(target);
    } catch (error) {
      throw dialError(error);
    }
  }
}

function dialError(error: unknown): unknown {
  if (error instanceof AddressRefusedError)
    return new DialError('forbidden target', error.message, { cause: error });
  if (error instanceof NameNotFoundError)
    return new DialError('unknown name', error.message, { cause: error });
  return error;
}
