/** Services that make one: started in their order, stopped in the opposite one. */
import type { Logger } from 'pino';
import { StartStop, type Service } from './service.ts';

interface ServiceListOptions {
  readonly name: string;
  /** In the order of their start: each may need those before it. */
  readonly services: readonly Service[];
  /** Those that are stopped before the others, in this order. */
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

  /** Rejects with the first failure; what had started is stopped then. A stop that is asked for meanwhile is one, too. */
  protected override async begin(stopAsked: AbortSignal): Promise<void> {
    for (const service of this.#services) {
      stopAsked.throwIfAborted();
      await service.start();
    }
  }

  /** One that cannot stop in order, as its database is away, keeps none of the others from it. */
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
