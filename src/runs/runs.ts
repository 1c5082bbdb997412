/** The façade of runs. */
import type { Accounts } from '../accounts/accounts.ts';
import type { Config } from '../configuration/configuration.ts';
import type { Database, Notifications } from '../database/database.ts';
import type { Events } from '../events/events.ts';
import type { Workers } from '../workers/workers.ts';
import { abortRun } from './abort.ts';
import { changeRun, type RunChanges } from './change.ts';
import type { RunServices } from './finish.ts';
import { RunReader } from './read.ts';
import { RunList } from './run-list.ts';
import type { RunRecord } from './run-record.ts';
import { SubtaskReader } from './subtasks.ts';
import { Submitter } from './submit.ts';
import { RunWaiter } from './wait.ts';
import type { BeginRunTrace } from './run-trace.ts';
import { readWaiting, type RunWaiting } from './waiting.ts';
import type { StatusCallbacks } from './status-callbacks.ts';

export { type Claim, type ClaimedEntry, ClaimLostError, RunClaims, raiseFence } from './claims.ts';
export { machineOutOfMemoryMessage, reachedLimitMessage, subtaskMessage } from './end-messages.ts';
export {
  type Circumstances,
  type StopEnd,
  type SubtaskEnd,
  abortedEnd,
  lostEnd,
  runEndReasons,
  stoppedEnd,
  succeededEnd,
} from './end-reasons.ts';
export { type RunServices, type SubtaskOutcome, settleSubtask } from './finish.ts';
export type { RunChanges } from './change.ts';
export { checkedLabels, labelLength, labelLimit } from './labels.ts';
export { type Idempotency, startedBefore } from './idempotency.ts';
export { type LimitsInForce, defaultLimits } from './limits.ts';
export type { LimitName, NamedLimit } from './named-limits.ts';
export { type EndColumns, durationSeconds, endFields, resultMessage, unixSeconds } from './run-figures.ts';
export type { RunReference } from './run-reference.ts';
export type { BeginRunTrace, RunTrace } from './run-trace.ts';
export { parseRunSchema } from './run-schema.ts';
export type { StatusCallbacks } from './status-callbacks.ts';

export { runSorts, type Page, type RunFilter } from './run-filter.ts';
export { RunCountKeeper } from './run-counts.ts';
export type { RunRecord } from './run-record.ts';
export type { SubtaskRecord } from './subtasks.ts';
export type { RunWaiting } from './waiting.ts';
export type { PreparedRun, Submission, SubmittedRun } from './submit.ts';

interface RunsOptions {
  readonly database: Database;
  readonly notifications: Notifications;
  readonly accounts: Accounts;
  readonly workers: Workers;
  readonly callbacks: StatusCallbacks;
  readonly config: Config;
  readonly events: Events;
  /** Places each submitted run in a trace, if runs are traced. */
  readonly beginTrace?: BeginRunTrace | undefined;
  /** Why no runs are accepted, if there is not enough space. */
  readonly spaceRefusal?: () => string | undefined;
}

export class Runs {
  readonly read: RunReader;
  readonly list: RunList;
  readonly wait: RunWaiter;
  readonly subtasks: SubtaskReader;
  readonly #config: Config;
  readonly #services: RunServices;
  readonly #submitter: Submitter;

  constructor(options: RunsOptions) {
    const {
      database,
      notifications,
      accounts,
      workers,
      callbacks,
      config,
      events,
      beginTrace,
      spaceRefusal,
    } = options;
    this.#services = { database, callbacks, usage: accounts.usage, events };
    this.read = new RunReader(database);
    this.list = new RunList(database);
    this.wait = new RunWaiter(database, notifications);
    this.subtasks = new SubtaskReader(database);
    this.#config = config;
    this.#submitter = new Submitter({
      database,
      plans: accounts.plans,
      workers,
      callbacks,
      config,
      beginTrace,
      spaceRefusal,
    });
  }

  submit(...submission: Parameters<Submitter['submit']>): ReturnType<Submitter['submit']> {
    return this.#submitter.submit(...submission);
  }

  /** Checks a run like `submit`, without creating it; `store` creates it. */
  prepare(...submission: Parameters<Submitter['prepare']>): ReturnType<Submitter['prepare']> {
    return this.#submitter.prepare(...submission);
  }

  /** Creates a run that `prepare` has checked, optionally in a given transaction. */
  store(...run: Parameters<Submitter['store']>): ReturnType<Submitter['store']> {
    return this.#submitter.store(...run);
  }

  rerun(...request: Parameters<Submitter['rerun']>): ReturnType<Submitter['rerun']> {
    return this.#submitter.rerun(...request);
  }

  /** Why a run waits, if it does. */
  waiting(run: RunRecord): Promise<RunWaiting> {
    return readWaiting(this.#services.database, this.#config, run);
  }

  /** @throws ChelaError NOT_FOUND if the account has no such run; INVALID_SHAPE or INVALID_ARGUMENT for impossible changes */
  change(run: { accountId: number; slug: string }, changes: RunChanges): Promise<void> {
    return changeRun(this.#services.database, run, changes, this.#config.pinnedRunLimit);
  }

  abort(runId: number): Promise<void> {
    return abortRun(this.#services, runId);
  }
}
