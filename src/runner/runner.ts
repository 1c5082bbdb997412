/**
 * Executes subtasks: claims as many as it has free slots (on notifications, with a slow poll as backup), renews its
 * lease, and settles the outcomes.
 */
import { setTimeout as delay } from 'node:timers/promises';
import {
  type StatusCallbacks,
  type SubtaskOutcome,
  abortedEnd,
  settleSubtask,
  stoppedEnd,
} from '../runs/runs.ts';
import type { Config } from '../configuration/configuration.ts';
import { type Database, type Notifications, channels, waitOut } from '../database/database.ts';
import type { InternalWork } from '../events/events.ts';
import { Periodic } from '../services/periodic.ts';
import { StartStop } from '../services/service.ts';
import { claimSubtasks, releaseStrays, releaseSubtask } from './claimer.ts';
import {
  type ClaimedSubtask,
  type ExecutionServices,
  RunWriters,
  SubtaskExecution,
} from './execution/subtask-execution.ts';
import { endLease, registerRunner, renewLease, runsToAbort } from './lease.ts';

export { endLeasesOfProcess, runnersOfOtherVersions } from './lease.ts';
export { Watchman } from './watchman.ts';

const pollMilliseconds = 5000;
/** One missed heartbeat is not enough for watchmen to consider the runner lost. */
const heartbeatsPerLease = 4;

interface RunnerOptions extends ExecutionServices {
  readonly database: Database;
  readonly notifications: Notifications;
  readonly callbacks: StatusCallbacks;
  /** Why no more subtasks are executed; undefined to execute them. */
  readonly space: { readonly pause: string | undefined; readonly isDatabaseFull: boolean };
}

export class Runner extends StartStop {
  readonly name = 'runner';
  readonly #options: RunnerOptions;
  readonly #config: Config;
  readonly #writers: RunWriters;
  readonly #freeSlots: number[];
  readonly #executions = new Map<SubtaskExecution, Promise<void>>();
  readonly #claims: Periodic;
  readonly #beats: Periodic;
  #runnerId = 0;
  #subscriptions: (() => void)[] = [];
  /** A claim failed half-way, so the database may list subtasks of this runner that it is not executing. */
  #mayHaveStrays = false;

  constructor(options: RunnerOptions) {
    super();
    this.#options = options;
    this.#config = options.config;
    this.#writers = new RunWriters(options, options.config);
    const { events } = options;
    this.#freeSlots = Array.from({ length: options.config.runnerSlots }, (_, slot) => slot).toReversed();
    this.#claims = new Periodic({
      intervalMilliseconds: pollMilliseconds,
      work: () => this.#claim(),
      onError: (err) => {
        this.#mayHaveStrays = true;
        events.failed({ work: 'claim-subtasks', err });
      },
    });
    this.#beats = new Periodic({
      intervalMilliseconds: (options.config.runnerLeaseSeconds * 1000) / heartbeatsPerLease,
      work: () => this.#beat(),
      onError: (err) => events.failed({ work: 'renew-lease', err }),
    });
  }

  /** Key of this runner while it holds a lease, or believes so. */
  get id(): number | undefined {
    return this.#runnerId === 0 ? undefined : this.#runnerId;
  }

  protected override async begin(): Promise<void> {
    const { notifications } = this.#options;
    await this.#register();
    this.#subscriptions = [
      notifications.on(channels.subtasksReady, () => this.#claims.trigger()),
      notifications.on(channels.runAborting, (runId) => this.#abort(Number(runId))),
      notifications.onReconnect(() => {
        this.#beats.trigger();
        this.#claims.trigger();
      }),
    ];
    this.#beats.start();
    this.#claims.start();
    this.#claims.trigger();
  }

  async #register(): Promise<void> {
    this.#runnerId = await registerRunner(this.#options.database, this.#config);
    this.#options.installations.runAs(this.#runnerId);
    this.#options.hostLimiter.runAs(this.#runnerId);
  }

  /** Takes no new work, lets running subtasks finish within the grace period, then aborts them and logs which. */
  protected override async end(graceMilliseconds: number): Promise<void> {
    for (const unsubscribe of this.#subscriptions.splice(0)) unsubscribe();
    await this.#claims.stop();
    await this.#allEnded(graceMilliseconds);
    const orphans = [...this.#executions.keys()];
    for (const execution of orphans) execution.stop(stoppedEnd);
    await Promise.all(this.#executions.values());
    await this.#beats.stop();
    await this.#endLease();
    const { events } = this.#options;
    for (const { subtask } of orphans) {
      events.emit('subtask:orphaned', { run: subtask.run_slug, subtask: subtask.number });
    }
  }

  async #endLease(): Promise<void> {
    if (this.#runnerId === 0) return;
    try {
      await this.#releaseStrays();
      await endLease(this.#options.database, this.#runnerId);
    } catch (err) {
      this.#options.events.failed({ work: 'end-lease', err });
    }
    this.#runnerId = 0;
  }

  async #allEnded(limitMilliseconds: number): Promise<void> {
    if (this.#executions.size === 0 || limitMilliseconds === 0) return;
    this.#options.events.emit('runner:draining', {
      subtasks: this.#executions.size,
      seconds: limitMilliseconds / 1000,
    });
    const timeUp = new AbortController();
    await Promise.race([
      Promise.all(this.#executions.values()),
      delay(limitMilliseconds, undefined, { signal: timeUp.signal }).catch(() => undefined),
    ]);
    timeUp.abort();
  }

  /** Claims subtasks for the free slots. */
  async #claim(): Promise<void> {
    await this.#releaseStrays();
    const free = this.#freeSlots.length;
    // What waits is looked for again with every poll.
    if (free === 0 || this.#options.space.pause !== undefined) return;
    const runnerId = this.#runnerId;
    const claimed = await claimSubtasks(this.#options, runnerId, free);
    // If the lease was lost in the meantime, so were these: the watchman that ended it recovers them too.
    if (runnerId !== this.#runnerId) return;
    for (const subtask of claimed) this.#execute(subtask);
  }

  async #releaseStrays(): Promise<void> {
    if (!this.#mayHaveStrays) return;
    const executing = Array.from(this.#executions.keys(), ({ subtask }) => subtask.id);
    await releaseStrays(this.#options.database, this.#runnerId, executing);
    this.#mayHaveStrays = false;
  }

  #execute(subtask: ClaimedSubtask): void {
    const slot = this.#freeSlots.pop();
    if (slot === undefined) throw new Error('claimed more subtasks than there are free slots');
    const writer = this.#writers.acquire({
      id: subtask.run_id,
      slug: subtask.run_slug,
      day: subtask.day,
      isSplit: subtask.subtask_count > 1,
      trafficLimitBytes: subtask.limits.max_total_traffic,
    });
    const execution = new SubtaskExecution(this.#options, subtask, slot, writer);
    this.#executions.set(execution, this.#runToEnd(execution, slot));
  }

  /** Never rejects. */
  async #runToEnd(execution: SubtaskExecution, slot: number): Promise<void> {
    const { subtask } = execution;
    const { events } = this.#options;
    const subject = { run: subtask.run_slug, subtask: subtask.number };
    events.emit('subtask:began', { ...subject, attempt: subtask.attempt, traceparent: subtask.traceparent });
    try {
      const outcome = await execution.run().catch((err: unknown) => {
        this.#reportFailure('clean-up-subtask', err, subtask);
        return cleanupFailure(err);
      });
      await this.#settle(execution, outcome);
    } catch (err) {
      this.#reportFailure('settle-subtask', err, subtask);
    }
    events.emit('subtask:ended', subject);
    this.#executions.delete(execution);
    this.#freeSlots.push(slot);
    this.#claims.trigger();
    await this.#writers.release(subtask.run_id);
  }

  /**
   * Stores the outcome; retries while PostgreSQL is unavailable, as long as the lease can be renewed. If the outcome
   * cannot be stored, the subtask is ended without it: that tells the owner more than a run that never ends.
   */
  async #settle(execution: SubtaskExecution, outcome: SubtaskOutcome): Promise<void> {
    const { database } = this.#options;
    const { subtask } = execution;
    const giveBack = execution.stopEnd?.reason === 'stopped' && this.#config.lostSubtasks === 'retry';
    if (giveBack) return waitOut(() => releaseSubtask(database, subtask));
    const store = async (stored: SubtaskOutcome) =>
      waitOut(() => settleSubtask(this.#options, subtask, stored));
    try {
      await store(outcome);
    } catch (err) {
      this.#reportFailure('store-outcome', err, subtask);
      await store(unstorable);
    }
  }

  #reportFailure(work: InternalWork, err: unknown, { run_slug: run, number: subtask }: ClaimedSubtask): void {
    this.#options.events.failed({ work, err, run, subtask });
  }

  #abort(runId: number): void {
    for (const execution of this.#executions.keys()) {
      if (execution.subtask.run_id === runId) execution.stop(abortedEnd);
    }
  }

  async #beat(): Promise<void> {
    const { database } = this.#options;
    if (!(await renewLease(database, this.#runnerId))) {
      this.#options.events.emit('lease:lost', { runner: this.#runnerId, subtasks: this.#executions.size });
      for (const execution of this.#executions.keys()) execution.stop(stoppedEnd);
      await this.#register();
      this.#claims.trigger();
    }
    for (const runId of await runsToAbort(database, this.#runnerId)) this.#abort(runId);
  }
}

/** Without anything from the outcome that may have prevented storing it. */
const unstorable: SubtaskOutcome = { end: { reason: 'internal', detail: { step: 'settling' } } };

/** The outcome of a subtask whose sandbox, folder or counts could not be cleaned up. */
function cleanupFailure(error: unknown): SubtaskOutcome {
  return { end: { reason: 'internal', detail: { step: 'cleanup', message: (error as Error).message } } };
}
