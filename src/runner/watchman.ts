/** Notices lost runners, and fails or requeues their subtasks. Any number of processes may do this. */
import type { Config } from '../configuration/configuration.ts';
import { isDatabaseUnavailable, type Database } from '../database/database.ts';
import { type RunServices, lostEnd, settleSubtask } from '../runs/runs.ts';
import type { EventMap } from '../events/events.ts';
import { isDead, machineIdentity } from '../host/process-identity.ts';
import { Periodic } from '../services/periodic.ts';
import { StartStop } from '../services/service.ts';
import { requeueSubtask } from './claimer.ts';
import { HeartbeatObserver } from './heartbeat-observer.ts';

/** A subtask whose runner was lost this often is not requeued. */
const maxAttempts = 3;
/** A lost runner is noticed within its lease and two checks. */
const checksPerLease = 6;

type WatchmanConfig = Pick<Config, 'runnerLeaseSeconds' | 'lostSubtasks'>;

interface LostSubtask {
  id: number;
  attempt: number;
  aborting: boolean;
  run: string;
  subtask: number;
}

/** Fails or requeues the subtasks of runners without a lease. @returns number of such subtasks */
export async function recoverLostSubtasks(
  services: RunServices,
  config: Pick<WatchmanConfig, 'lostSubtasks'>,
): Promise<number> {
  const { database, events } = services;
  const { rows } = await database.pool.query<LostSubtask>(
    `SELECT subtask.id, attempt, run.status = 'aborting' AS aborting,
       run.slug AS run, subtask.number AS subtask
     FROM subtask JOIN run ON run.id = subtask.run_id
     WHERE subtask.status = 'running' AND NOT EXISTS (SELECT FROM runner WHERE runner.id = subtask.runner_id)
     ORDER BY subtask.id`,
  );
  for (const lost of rows) {
    try {
      await recover(services, config, lost);
    } catch (err) {
      if (isDatabaseUnavailable(err)) throw err;
      // A failure for one must not delay the others.
      events.failed({ work: 'end-lost-subtask', err, run: lost.run, subtask: lost.subtask });
    }
  }
  return rows.length;
}

async function recover(
  services: RunServices,
  { lostSubtasks }: Pick<WatchmanConfig, 'lostSubtasks'>,
  { id, attempt, aborting }: LostSubtask,
): Promise<void> {
  if (lostSubtasks === 'retry' && !aborting && attempt < maxAttempts) {
    await requeueSubtask(services.database, { id, attempt });
    return;
  }
  await settleSubtask(services, { id, attempt }, { end: lostEnd });
}

interface Lease {
  readonly id: number;
  readonly heartbeat: string;
  /** Identity of the runner's process, if it is on this machine. */
  readonly process: string | null;
}

interface WatchmanOptions {
  readonly services: RunServices;
  readonly config: WatchmanConfig;
  /** Key of the runner in this process, if there is one. It is evidently alive. */
  readonly ownRunner: () => number | undefined;
}

export class Watchman extends StartStop {
  readonly name = 'watchman';
  readonly #options: WatchmanOptions;
  readonly #observer: HeartbeatObserver;
  readonly #looks: Periodic;
  /** Apart from the looks: it may have to wait for locks that a lost runner still holds. */
  readonly #recoveries: Periodic;
  readonly #onError: (error: unknown) => void;

  constructor(options: WatchmanOptions) {
    super();
    this.#options = options;
    this.#onError = (err) => options.services.events.failed({ work: 'find-lost-runners', err });
    const leaseMilliseconds = options.config.runnerLeaseSeconds * 1000;
    this.#observer = new HeartbeatObserver(leaseMilliseconds);
    const intervalMilliseconds = leaseMilliseconds / checksPerLease;
    this.#looks = new Periodic({
      intervalMilliseconds,
      work: () => this.#look(),
      onError: this.#onError,
    });
    this.#recoveries = new Periodic({
      intervalMilliseconds,
      work: async () => void (await recoverLostSubtasks(options.services, options.config)),
      onError: this.#onError,
    });
  }

  /** Checks once, then periodically. */
  protected override async begin(): Promise<void> {
    await this.#looks.run().catch(this.#onError);
    this.#looks.start();
    await this.#recoveries.run().catch(this.#onError);
    this.#recoveries.start();
  }

  protected override async end(): Promise<void> {
    await Promise.all([this.#looks.stop(), this.#recoveries.stop()]);
  }

  async #look(): Promise<void> {
    await this.#endLeases(this.#options.services.database);
    this.#recoveries.trigger();
  }

  /** Ends the leases of runners that are dead, or have not renewed them. */
  async #endLeases(database: Database): Promise<void> {
    const { ownRunner, services } = this.#options;
    const beganAtMilliseconds = performance.now();
    const leases = await this.#leases(database);
    const expired = new Set(this.#expired(leases, beganAtMilliseconds));
    for (const { id, heartbeat, process } of leases) {
      if (id === ownRunner() || !(expired.has(id) || (process !== null && (await isDead(process))))) continue;
      // Not if it has been renewed since the check.
      const { rows } = await database.pool.query<EventMap['runner:lost']>(
        `DELETE FROM runner WHERE id = $1 AND heartbeat_at = $2::timestamptz
         RETURNING id AS runner, hostname, process_id AS "processId"`,
        [id, heartbeat],
      );
      for (const lost of rows) services.events.emit('runner:lost', lost);
    }
  }

  async #leases(database: Database): Promise<Lease[]> {
    try {
      const { rows } = await database.pool.query<Lease>({
        name: 'leases',
        text: `SELECT id, heartbeat_at::text AS heartbeat, CASE WHEN machine = $1 AND $1 <> '' THEN process END AS process
               FROM runner`,
        values: [await machineIdentity()],
      });
      return rows;
    } catch (error) {
      // PostgreSQL is unavailable. Once it is back, every runner has a whole lease to renew its own.
      this.#observer.forget();
      throw error;
    }
  }

  #expired(leases: readonly Lease[], beganAtMilliseconds: number): number[] {
    return this.#observer.observe({
      beganAtMilliseconds,
      endedAtMilliseconds: performance.now(),
      heartbeats: new Map(leases.map(({ id, heartbeat }) => [id, heartbeat])),
    });
  }
}
