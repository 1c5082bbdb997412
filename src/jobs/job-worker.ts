/** Processes jobs of one kind: up to a limit at a time, and the next one as soon as one ends. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Job, PgBoss } from 'pg-boss';
import type { Events } from '../events/events.ts';
import { Periodic } from '../services/periodic.ts';

interface JobWorkerOptions {
  readonly boss: PgBoss;
  readonly kind: string;
  readonly concurrency: number;
  readonly groupConcurrency: number | undefined;
  /** Maximum number of slow jobs in addition. */
  readonly slowConcurrency: number;
  /** Maximum time between two polls without a notification. */
  readonly pollSeconds: number;
  readonly handle: (job: Job) => Promise<void>;
  readonly events: Events;
}

/** A job that takes longer is slow. */
const slowMilliseconds = 1000;

/**
 * pg-boss's own workers fetch again only when all jobs they fetched are done, so one slow job delays others. With one
 * worker per concurrent job, each would query the database whenever a job arrives.
 */
export class JobWorker {
  readonly #options: JobWorkerOptions;
  readonly #active = new Map<Job, Promise<void>>();
  readonly #slow = new Set<Job>();
  readonly #looks: Periodic;

  constructor(options: JobWorkerOptions) {
    const { kind, pollSeconds, events } = options;
    this.#options = options;
    this.#looks = new Periodic({
      intervalMilliseconds: pollSeconds * 1000,
      work: () => this.#fetch(),
      onError: (err) => events.failed({ work: 'fetch-jobs', err, jobKind: kind }),
    });
  }

  start(): void {
    this.#looks.start();
    this.#looks.trigger();
  }

  /** Accepts no more jobs and waits for the running ones. Jobs left after the grace period are done again later. */
  async stop(graceMilliseconds: number): Promise<void> {
    const { boss, kind, events } = this.#options;
    await this.#looks.stop();
    const timeUp = new AbortController();
    await Promise.race([
      Promise.all(this.#active.values()),
      delay(graceMilliseconds, undefined, { signal: timeUp.signal }).catch(() => undefined),
    ]);
    timeUp.abort();
    const left = [...this.#active.keys()];
    if (left.length === 0) return;
    await boss.fail(kind, left, { message: 'the platform stopped' }).catch((err: unknown) => {
      // They are done again after their expiry.
      events.failed({ work: 'give-back-jobs', err, jobKind: kind });
    });
  }

  /** Fetches jobs. A call during a fetch causes another one. */
  wake(): void {
    this.#looks.trigger();
  }

  async #fetch(): Promise<void> {
    const { boss, kind, concurrency, groupConcurrency, slowConcurrency } = this.#options;
    const slow = Math.min(this.#slow.size, slowConcurrency);
    const free = concurrency - (this.#active.size - slow);
    if (free <= 0) return;
    const jobs = await boss.fetch<object>(kind, { batchSize: free, groupConcurrency });
    for (const job of jobs) this.#do(job);
  }

  #do(job: Job): void {
    const { boss, kind, handle, events, slowConcurrency } = this.#options;
    const slow = setTimeout(() => {
      this.#slow.add(job);
      if (slowConcurrency > 0) this.wake();
    }, slowMilliseconds);
    const done = handle(job)
      .then(
        () => boss.complete(kind, job),
        (error: Error) => {
          events.emit('job:failed', { jobKind: kind, job: job.id, err: error });
          return boss.fail(kind, job, { message: error.message });
        },
      )
      .catch((err: unknown) => {
        // It is done again after its expiry.
        events.failed({ work: 'store-job-end', err, jobKind: kind });
      })
      .finally(() => {
        clearTimeout(slow);
        this.#slow.delete(job);
        this.#active.delete(job);
        this.wake();
      });
    this.#active.set(
      job,
      done.then(() => undefined),
    );
  }
}
