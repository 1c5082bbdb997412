/** Resolves targets to allowed addresses. Failures become errors of the proxy. */
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
   * The allowed addresses of a target; at least one.
   * @throws DialError if it has none
   */
  async addresses(target: Target): Promise<LookupAddress[]> {
    try {
      return await this.#guard.addresses(target);
    } catch (error) {
      throw dialError(error);
    }
  }

  /**
   * Refuses targets that are not allowed, without resolving names; for upstream proxies that resolve names themselves.
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
