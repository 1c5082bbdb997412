/** Injects the planned faults, ends each after its time, and measures how long the cluster takes to notice. */
import { setTimeout as delay } from 'node:timers/promises';
import { apiNames, type Cluster } from './cluster/cluster.ts';
import type { History } from './history/history.ts';
import type { PlannedFault } from './plan.ts';

export interface InjectedFault extends PlannedFault {
  /** Until its runner's lease was ended, or the cluster worked again after its end; undefined if that did not happen. */
  readonly noticedMs: number | undefined;
}

/** Time that a cluster has to work again after a fault. Others may have begun meanwhile. */
const recoveryLimitMs = 60_000;

export class Injector {
  readonly #cluster: Cluster;
  readonly #history: History;
  readonly #leaseMs: number;

  constructor(cluster: Cluster, history: History) {
    this.#cluster = cluster;
    this.#history = history;
    this.#leaseMs = cluster.options.leaseSeconds * 1000;
  }

  /** @param onBegin called with each fault @returns all of them, once the last has ended */
  async inject(
    planned: readonly PlannedFault[],
    onBegin: (fault: PlannedFault) => void,
  ): Promise<InjectedFault[]> {
    const startMs = performance.now();
    const busy = new Map<string, Promise<unknown>>();
    return Promise.all(
      planned.map(async (fault) => {
        const before = busy.get(fault.target);
        const done = (async () => {
          await delay(Math.max(0, startMs + fault.atMs - performance.now()));
          // A slow machine may not have ended the earlier fault of this target yet.
          await before;
          onBegin(fault);
          return this.#injectOne(fault);
        })();
        busy.set(fault.target, done);
        return done;
      }),
    );
  }

  async #injectOne(planned: PlannedFault): Promise<InjectedFault> {
    const { fault, target, lengthMs } = planned;
    const cluster = this.#cluster;
    const beganMs = performance.now();
    const losesRunner = fault.isNoticedBy === 'lost runner';
    const [lease] = losesRunner ? await cluster.leasesOf(target).catch(() => []) : [];
    await fault.begin(cluster, target);
    const endMs = performance.now() + lengthMs;
    // A shorter fault need not be noticed. While PostgreSQL is away too, nobody is lost.
    const isLong = lengthMs > this.#leaseMs * (fault.losesRunnerFromLeases ?? Infinity);
    const limitMs = lengthMs + this.#leaseMs * 2;
    const lost = isLong && lease !== undefined ? this.#until(cluster.leaseEnded(lease, limitMs)) : undefined;
    await delay(lengthMs);
    await fault.end(cluster, target);
    this.#history.add({ op: 'fault', kind: fault.name, target, beganMs, endedMs: performance.now() });
    if (losesRunner) return { ...planned, noticedMs: await lost };
    const noticedMs = await this.#until(this.#worksAgain(target), endMs);
    return { ...planned, noticedMs };
  }

  async #worksAgain(target: string): Promise<void> {
    const names = apiNames.includes(target) ? [target] : apiNames;
    await Promise.race(names.map((name) => this.#cluster.apiAnswers(name, recoveryLimitMs)));
  }

  /** @returns milliseconds until it is done; undefined if it never is */
  async #until(done: Promise<void>, sinceMs = performance.now()): Promise<number | undefined> {
    return done.then(
      () => Math.max(0, performance.now() - sinceMs),
      () => undefined,
    );
  }
}
