/** Faults of PostgreSQL: killed, frozen, slowed down, restarted, replaced by its standby. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Postgres } from '../cluster/postgres.ts';
import type { Fault } from './fault.ts';

const targets = ['postgres'];

export const killPostgres: Fault = {
  name: 'PostgreSQL killed',
  weight: 2,
  targets,
  leases: [0.1, 1],
  isNoticedBy: 'working again',
  begin: async ({ postgres }) => postgres.kill(),
  end: async ({ postgres }) => postgres.revive(),
};

export const freezePostgres: Fault = {
  name: 'PostgreSQL frozen',
  weight: 2,
  targets,
  leases: [0.2, 2],
  isNoticedBy: 'working again',
  begin: async ({ postgres }) => postgres.signalAll('SIGSTOP'),
  end: async ({ postgres }) => postgres.signalAll('SIGCONT'),
};

export const restartPostgres: Fault = {
  name: 'PostgreSQL restarted',
  weight: 2,
  targets,
  leases: [0.1, 0.2],
  isNoticedBy: 'working again',
  begin: async ({ postgres }) => postgres.restart(),
  end: async ({ postgres }) => postgres.answers(),
};

export const failOver: Fault = {
  name: 'failover to the standby',
  weight: 1,
  targets,
  leases: [0.1, 0.2],
  isNoticedBy: 'working again',
  begin: async ({ postgres }) => postgres.failOver(),
  end: async ({ postgres }) => postgres.answers(),
};

/** What a slow disk looks like to PostgreSQL's clients: it answers, but everything waits. */
const slowRhythm = { stoppedMs: 300, runningMs: 100 } as const;

class Slowness {
  readonly #isOver = new AbortController();
  readonly #done: Promise<void>;

  constructor(postgres: Postgres) {
    this.#done = this.#slowDown(postgres);
  }

  async #slowDown(postgres: Postgres): Promise<void> {
    while (!this.#isOver.signal.aborted) {
      postgres.signalAll('SIGSTOP');
      await delay(slowRhythm.stoppedMs);
      postgres.signalAll('SIGCONT');
      await delay(slowRhythm.runningMs);
    }
  }

  async end(): Promise<void> {
    this.#isOver.abort();
    await this.#done;
  }
}

const slowness = new WeakMap<Postgres, Slowness>();

export const slowPostgres: Fault = {
  name: 'PostgreSQL slow',
  weight: 1,
  targets,
  leases: [0.5, 2],
  isNoticedBy: 'working again',
  begin: async ({ postgres }) => void slowness.set(postgres, new Slowness(postgres)),
  end: async ({ postgres }) => slowness.get(postgres)?.end(),
};
