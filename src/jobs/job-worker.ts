/** Does the jobs of one kind: as many at a time as it may, the next as soon as one has ended. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Job, PgBoss } from 'pg-boss';
import type { Events } from '../events/events.ts';

interface JobWorkerOptions {
  readonly boss: PgBoss;
  readonly kind: string;
  readonly concurrency: number;
  readonly groupConcurrency: number | undefined;
  /** Longest wait for a look when nothing wakes it. */
  readonly pollSeconds: number;
  readonly handle: (job: Job) => Promise<void>;
  readonly events: Events;
}

/**
 * pg-boss's own workers fetch again only when all they fetched is done, so one slow job holds up others; and one worker for
 * each job at a time makes each of them ask the database whenever any job comes.
 */
export class JobWorker {
  readonly #options: JobWorkerOptions;
  readonly #active = new Map<Job, Promise<void>>();
  #poll: NodeJS.Timeout | undefined;
  #isFetching = false;
  #fetchAgain = false;
  #accepting = false;

  constructor(options: JobWorkerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#accepting = true;
    this.#poll ??= setInterval(() => this.wake(), this.#options.pollSeconds * 1000);
    this.wake();
  }

  /** Takes no more jobs and waits for those under way; what is left then is done again by whoever is there next. */
  async stop(graceMilliseconds: number): Promise<void> {
    const { boss, kind, events } = this.#options;
    this.#accepting = false;
    clearInterval(this.#poll);
    this.#poll = undefined;
    const timeUp = new AbortController();
    await Promise.race([
      Promise.all(this.#active.values()),
      delay(graceMilliseconds, undefined, { signal: timeUp.signal }).catch(() => undefined),
    ]);
    timeUp.abort();
    const left = [...this.#active.keys()];
    if (left.length === 0) return;
    await boss.fail(kind, left, { message: 'the platform stopped' }).catch((err: unknown) => {
      // They are done again once their time is up.
      events.failed({ work: 'give-back-jobs', err, jobKind: kind });
    });
  }

  /** Looks for jobs. A call while a look is under way makes for another. */
  wake(): void {
    if (!this.#accepting) return;
    this.#fetchAgain = true;
    if (!this.#isFetching) void this.#fetchAll();
  }

  async #fetchAll(): Promise<void> {
    const { boss, kind, concurrency, groupConcurrency, events } = this.#options;
    this.#isFetching = true;
    try {
      while (this.#fetchAgain && this.#accepting) {
        this.#fetchAgain = false;
        const free = concurrency - this.#active.size;
        if (free === 0) break;
        const jobs = await boss.fetch<object>(kind, { batchSize: free, groupConcurrency });
        for (const job of jobs) this.#do(job);
      }
    } catch (err) {
      events.failed({ work: 'fetch-jobs', err, jobKind: kind });
    } finally {
      this.#isFetching = false;
    }
  }

  #do(job: Job): void {
    const { boss, kind, handle, events } = this.#options;
    const done = handle(job)
      .then(
        () => boss.complete(kind, job),
        (error: Error) => {
          events.emit('job:failed', { jobKind: kind, job: job.id, err: error });
          return boss.fail(kind, job, { message: error.message });
        },
      )
      .catch((err: unknown) => {
        // It is done again once its time is up.
        events.failed({ work: 'store-job-end', err, jobKind: kind });
      })
      .finally(() => {
        this.#active.delete(job);
        this.wake();
      });
    this.#active.set(
      job,
      done.then(() => undefined),
    );
  }
}
