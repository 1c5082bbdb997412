/**
 * Executes subtasks: claims as many as it has free slots, woken by notifications with a slow poll behind them, renews its
 * lease, and settles what its executions come to.
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

export { endLeasesOfProcess } from './lease.ts';
export { Watchman } from './watchman.ts';

const pollMilliseconds = 5000;
/** One that is missed leaves the watchmen without a reason to doubt. */
const beatsPerLease = 4;

interface RunnerOptions extends ExecutionServices {
  readonly database: Database;
  readonly notifications: Notifications;
  readonly callbacks: StatusCallbacks;
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
  /** A claim failed half-way: subtasks may be this runner's in the database without being executed. */
  #mayHaveStrays = false;

  constructor(options: RunnerOptions) {
    super();
    this.#options = options;
    this.#config = options.config;
    this.#writers = new RunWriters(options.database, options.events, options.config);
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
      intervalMilliseconds: (options.config.runnerLeaseSeconds * 1000) / beatsPerLease,
      work: () => this.#beat(),
      onError: (err) => events.failed({ work: 'renew-lease', err }),
    });
  }

  /** Key of this runner while it holds a lease, or holds it to be its own. */
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
  }

  /** Takes no new work, gives running subtasks the grace to end, then ends them and names them in the log. */
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

  /** Fills the free slots. */
  async #claim(): Promise<void> {
    await this.#releaseStrays();
    const free = this.#freeSlots.length;
    if (free === 0) return;
    const runnerId = this.#runnerId;
    const claimed = await claimSubtasks(this.#options, runnerId, free);
    // If the lease was lost meanwhile, so were they: the watchman that ended it ends them too.
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
    const runnerId = this.#runnerId;
    const { subtask } = execution;
    try {
      const outcome = await execution.run().catch((err: unknown) => {
        this.#tellFailed('clean-up-subtask', err, subtask);
        return leftOver(err);
      });
      await this.#settle(execution, runnerId, outcome);
    } catch (err) {
      this.#tellFailed('settle-subtask', err, subtask);
    }
    this.#executions.delete(execution);
    this.#freeSlots.push(slot);
    this.#claims.trigger();
    await this.#writers.release(subtask.run_id);
  }

  /**
   * Stores the outcome; while PostgreSQL is away it keeps trying, for as long as the lease can be renewed. An outcome that
   * cannot be stored ends the subtask all the same: a run that never ends tells its owner less than one without a reason.
   */
  async #settle(execution: SubtaskExecution, runnerId: number, outcome: SubtaskOutcome): Promise<void> {
    const { database } = this.#options;
    const subtask = { id: execution.subtask.id, runnerId };
    const giveBack = execution.stopEnd?.reason === 'stopped' && this.#config.lostSubtasks === 'retry';
    if (giveBack) return waitOut(() => releaseSubtask(database, subtask));
    const store = async (stored: SubtaskOutcome) =>
      waitOut(() => settleSubtask(this.#options, subtask, stored));
    try {
      await store(outcome);
    } catch (err) {
      this.#tellFailed('store-outcome', err, execution.subtask);
      await store(unstorable);
    }
  }

  #tellFailed(work: InternalWork, err: unknown, { run_slug: run, number: subtask }: ClaimedSubtask): void {
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

/** Without anything of the outcome that may be why it could not be stored. */
const unstorable: SubtaskOutcome = { end: { reason: 'internal', detail: { step: 'settling' } } };

/** Of a subtask whose sandbox, folder or counts could not be brought to their end. */
function leftOver(error: unknown): SubtaskOutcome {
  return { end: { reason: 'internal', detail: { step: 'cleanup', message: (error as Error).message } } };
}
