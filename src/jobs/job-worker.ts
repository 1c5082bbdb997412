/** Does the jobs of one kind: as many at a time as it may, the next as soon as one has ended. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Job, PgBoss } from 'pg-boss';
import type { Events } from '../events/events.ts';
import { Periodic } from '../services/periodic.ts';

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

  /** Takes no more jobs and waits for those under way; what is left then is done again by whoever is there next. */
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
      // They are done again once their time is up.
      events.failed({ work: 'give-back-jobs', err, jobKind: kind });
    });
  }

  /** Looks for jobs. A call while a look is under way makes for another. */
  wake(): void {
    this.#looks.trigger();
  }

  async #fetch(): Promise<void> {
    const { boss, kind, concurrency, groupConcurrency } = this.#options;
    const free = concurrency - this.#active.size;
    if (free === 0) return;
    const jobs = await boss.fetch<object>(kind, { batchSize: free, groupConcurrency });
    for (const job of jobs) this.#do(job);
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
