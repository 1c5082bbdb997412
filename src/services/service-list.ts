/** Combines services into one: starts them in order and stops them in reverse order. */
import type { Logger } from 'pino';
import { StartStop, type Service } from './service.ts';

interface ServiceListOptions {
  readonly name: string;
  /** In start order: each may depend on earlier ones. */
  readonly services: readonly Service[];
  /** Services that are stopped before the others, in this order. */
  readonly stoppedFirst?: readonly Service[];
  readonly logger: Logger;
}

export class ServiceList extends StartStop {
  readonly name: string;
  readonly #services: readonly Service[];
  readonly #stopOrder: readonly Service[];
  readonly #logger: Logger;

  constructor({ name, services, stoppedFirst = [], logger }: ServiceListOptions) {
    super();
    this.name = name;
    this.#services = services;
    const others = services.filter((service) => !stoppedFirst.includes(service));
    this.#stopOrder = [...stoppedFirst, ...others.toReversed()];
    this.#logger = logger;
  }

  get serviceNames(): readonly string[] {
    return this.#services.map(({ name }) => name);
  }

  /**
   * Rejects with the first failure, after stopping what had started. A stop requested in the meantime counts as a
   * failure.
   */
  protected override async begin(stopAsked: AbortSignal): Promise<void> {
    for (const service of this.#services) {
      stopAsked.throwIfAborted();
      await service.start();
    }
  }

  /**
   * A service that fails to stop, for example because its database is unavailable, must not keep the others running.
   */
  protected override async end(graceMilliseconds: number): Promise<void> {
    for (const service of this.#stopOrder) {
      try {
        await service.stop(graceMilliseconds);
      } catch (error) {
        this.#logger.warn({ service: service.name, err: error }, 'a service could not stop cleanly');
      }
    }
  }
}
