/**
 * Figures of this process and of the installation, in the exposition format of Prometheus. Labels have few values: never
 * slugs, paths, names of accounts or texts of errors. `docs/operating.md` lists the figures.
 */
import { Gauge, Registry, collectDefaultMetrics } from 'prom-client';
import type { Config } from '../configuration/configuration.ts';
import type { Database } from '../database/database.ts';
import type { Events } from '../events/events.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { System } from '../system/system.ts';
import { version } from '../version.ts';
import { countEvents } from './event-meters.ts';
import { meterInstallation } from './installation-meters.ts';
import { RequestMeter, type AnsweredRequest } from './request-meter.ts';
import { QueueFiguresReader, type QueueFigures } from './queue-figures.ts';

interface MetricsParts {
  readonly events: Events;
  readonly database: Database;
  readonly jobs: Jobs;
  readonly system: Pick<System, 'disks'>;
  readonly config: Pick<Config, 'runnerLeaseSeconds' | 'databasePoolSize'>;
}

export class Metrics {
  readonly #registry = new Registry();
  readonly #requests: RequestMeter;
  readonly #figures: QueueFiguresReader;
  readonly #refresh: () => Promise<void>;

  constructor(parts: MetricsParts) {
    const registry = this.#registry;
    this.#figures = new QueueFiguresReader(parts);
    collectDefaultMetrics({ register: registry });
    new Gauge({
      name: 'chela_build_info',
      help: 'Version of Chela; always 1',
      labelNames: ['version'],
      registers: [registry],
    }).set({ version }, 1);
    this.#requests = new RequestMeter(registry);
    countEvents(parts.events, registry);
    this.#refresh = meterInstallation(registry, {
      figures: () => this.#figures.read(),
      pool: parts.database.pool,
      poolSize: parts.config.databasePoolSize,
      disks: () => parts.system.disks(),
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All figures as of now. Takes at most a few seconds, and leaves out those of a database that does not answer. */
  async exposition(): Promise<string> {
    await this.#refresh();
    return this.#registry.metrics();
  }

  /** @returns undefined if the database does not answer in time */
  queue(): Promise<QueueFigures | undefined> {
    return this.#figures.read();
  }

  /** Counts an answered request. */
  answered(request: AnsweredRequest): void {
    this.#requests.count(request);
  }
}
