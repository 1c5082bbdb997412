/**
 * Events of this process. The code that acts emits an event with ids and figures, never sentences; the log and the
 * counts subscribe. Events describe stored facts, so they are emitted after the commit.
 */
import type { Logger } from 'pino';
import { isDatabaseUnavailable } from '../database/database.ts';
import type { ErrorKey } from '../errors.ts';
import { componentLogger } from '../logging/logger.ts';

/** Background work of the platform. Nobody waits for its result, so failures are reported as events. */
export type InternalWork =
  | 'apply-retention'
  | 'check-charge'
  | 'claim-subtasks'
  | 'clean-up-subtask'
  | 'count-runs'
  | 'end-lease'
  | 'end-lost-subtask'
  | 'execute-subtask'
  | 'fetch-jobs'
  | 'find-lost-runners'
  | 'follow-runs'
  | 'forget-hosts'
  | 'give-back-jobs'
  | 'grant-connections'
  | 'keep-job-queue'
  | 'keep-run-counts'
  | 'make-cgroup'
  | 'measure-install'
  | 'measure-subtask'
  | 'prune-audit'
  | 'prune-backups'
  | 'prune-cache'
  | 'prune-sessions'
  | 'record-begin'
  | 'record-export-progress'
  | 'record-install'
  | 'record-key-use'
  | 'remove-cgroup'
  | 'remove-file'
  | 'remove-run-content'
  | 'renew-lease'
  | 'serve-storage'
  | 'settle-subtask'
  | 'store-hosts'
  | 'store-job-end'
  | 'store-log-line'
  | 'store-outcome'
  | 'store-traffic'
  | 'trace-run'
  | 'watch-space';

/** The steps of a subtask's execution, in their order. */
export const executionSteps = ['package', 'dependencies', 'folders', 'sandbox', 'execution'] as const;
export type ExecutionStep = (typeof executionSteps)[number];

/** Subject of an event, identified as in the API: slug of the run, number of the subtask within it. */
interface Subject {
  readonly run?: string;
  readonly subtask?: number;
}

export interface InternalFailure extends Subject {
  readonly work: InternalWork;
  readonly err: unknown;
  readonly jobKind?: string;
  /** Key of a worker's version. */
  readonly version?: number;
}

interface ExportSubject {
  readonly run: string;
  /** Slug of the export. */
  readonly export: string;
  readonly format: string;
}

/** Payloads of the events. Names are `subject:verb`. */
export interface EventMap {
  /** A scheduled backup failed. It is tried again after a while. */
  'backup:failed': { readonly err: unknown };
  /** A scheduled backup was made. */
  'backup:made': {
    readonly backup: string;
    readonly rows: number;
    readonly blobs: number;
    readonly sizeBytes: number;
    readonly seconds: number;
    /** Older backups that were removed after it. */
    readonly removed: number;
  };
  /** An entry of the cache was removed. */
  'cache:dropped': { readonly folder: string; readonly bytes: number };
  /** Subtasks run in cgroups from now on. */
  'cgroups:opened': { readonly kind: string; readonly controls: readonly string[] };
  /** Subtasks run without cgroups: memory is limited by polling, and CPU time is not limited. */
  'cgroups:unavailable': { readonly reason: string };
  /** A browser of a worker was opened. `seconds` is without the wait for a place. */
  'browser:opened': { readonly kind: string; readonly seconds: number };
  /** A browser was closed. */
  'browser:closed': { readonly kind: string };
  /** A callback was delivered. */
  'callback:delivered': { readonly run: string; readonly callback: number; readonly attempts: number };
  /** An attempt to deliver a callback failed, and another follows. */
  'callback:retried': {
    readonly run: string;
    readonly callback: number;
    readonly attempts: number;
    readonly reason: string;
  };
  /** A callback was given up after its last attempt. */
  'callback:failed': {
    readonly run: string;
    /** Number of the callback within the run. */
    readonly callback: number;
    readonly attempts: number;
    readonly reason: string;
  };
  /** Work failed because PostgreSQL was unavailable. It is repeated, or waits. */
  'database:unavailable': InternalFailure;
  /** Work failed for another reason: a fault of the platform or its environment. */
  'internal:failed': InternalFailure;
  /** An export is ready to be downloaded. */
  'export:made': ExportSubject & { readonly sizeBytes: number };
  /** An export failed. `err` has more detail than its owner sees. */
  'export:failed': ExportSubject & { readonly code: ErrorKey; readonly err: unknown };
  /** The dependencies of a version could not be installed, or are invalid. */
  'install:failed': { readonly version: number; readonly err: unknown };
  /** The dependencies of a version were installed. */
  'install:made': { readonly version: number; readonly seconds: number };
  /** A job rejected. It is retried as its kind says. */
  'job:failed': { readonly jobKind: string; readonly job: string; readonly err: unknown };
  /** Another process ended this runner's lease. The runner stops its subtasks, which are no longer its own. */
  'lease:lost': { readonly runner: number; readonly subtasks: number };
  /** Log lines of a run were stored, in one commit. */
  'lines:stored': { readonly run: string; readonly lines: number; readonly seconds: number };
  /** A request was answered with 500. */
  'request:failed': {
    readonly requestId: string;
    readonly method: string;
    /** Route pattern of the path; undefined if no route matched. */
    readonly route: string | undefined;
    readonly err: unknown;
  };
  /** Data older than the retention was removed. */
  'retention:applied': {
    readonly runs: number;
    readonly queueItems: number;
    /** Days whose rows or log lines were dropped as a whole, counted once per table. */
    readonly partitions: number;
    readonly seconds: number;
  };
  /** Rows of a run were stored, in one commit. */
  'rows:stored': { readonly run: string; readonly rows: number; readonly seconds: number };
  /** A run was deleted at the request of its account. */
  'run:deleted': { readonly run: string };
  /** A run has ended, with its last subtask. */
  'run:finished': {
    readonly run: string;
    readonly status: 'succeeded' | 'failed';
    /** One of the reasons in `runs/end-reasons.ts`; null if its subtasks ended before reasons were stored. */
    readonly reason: string | null;
    readonly subtasks: number;
    readonly failedSubtasks: number;
  };
  /** The first subtask of a run was claimed. */
  'run:started': {
    readonly run: string;
    /** From the submission to the claim, on the database's clock. */
    readonly waitSeconds: number;
  };
  /** A runner claims no more subtasks and waits for the running ones. */
  'runner:draining': { readonly subtasks: number; readonly seconds: number };
  /** The lease of a runner expired. */
  'runner:lost': { readonly runner: number; readonly hostname: string; readonly processId: number };
  /** A subtask was still running when the grace period of the stop ended, and was aborted. */
  'subtask:orphaned': { readonly run: string; readonly subtask: number };
  /** Space is short: no runs are accepted (`stored`), or this process executes no more subtasks (both). */
  'space:short': { readonly what: 'stored' | 'scratch'; readonly reason: string };
  /** There is space again. */
  'space:recovered': { readonly what: 'stored' | 'scratch' };
  /** A runner begins to execute a subtask. */
  'subtask:began': {
    readonly run: string;
    readonly subtask: number;
    readonly attempt: number;
    /** Of the run's span; null if the run is not traced. */
    readonly traceparent: string | null;
  };
  /** A runner no longer executes a subtask, whether or not it has settled it. */
  'subtask:ended': { readonly run: string; readonly subtask: number };
  /** A step of a subtask's execution has ended, well or not. */
  'subtask:stepped': {
    readonly run: string;
    readonly subtask: number;
    readonly step: ExecutionStep;
    readonly seconds: number;
  };
  /** Subtasks were claimed for free slots. */
  'subtasks:claimed': { readonly runner: number; readonly count: number; readonly seconds: number };
  /** A subtask that a runner executed has ended. Not emitted for subtasks that were aborted before they started. */
  'subtask:settled': {
    readonly run: string;
    readonly subtask: number;
    readonly status: 'succeeded' | 'failed';
    /** One of the reasons in `runs/end-reasons.ts`. */
    readonly reason: string;
    readonly cpuSeconds: number | undefined;
  };
  /** A scheduled run could not start, for a reason that its owner can see. */
  'schedule:failed': { readonly task: string; readonly code: ErrorKey; readonly reason: string };
  /** Scheduled times passed while no process was running to start their runs. */
  'schedule:missed': {
    readonly task: string;
    readonly missed: number;
    readonly from: Date | null;
    readonly policy: 'skip' | 'run_once';
  };
}

export type EventName = keyof EventMap;

type Handler<Name extends EventName> = (payload: EventMap[Name]) => void;
/** Receives every event with its name. */
type Listener = <Name extends EventName>(name: Name, payload: EventMap[Name]) => void;

export class Events {
  readonly #logger: Logger;
  readonly #listeners = new Set<Listener>();

  /** @param logger gets the errors that subscribers throw */
  constructor(logger: Logger) {
    this.#logger = componentLogger(logger, 'events');
  }

  /** @returns a function that unsubscribes */
  subscribe<Name extends EventName>(name: Name, handler: Handler<Name>): () => void {
    return this.subscribeAll((told: EventName, payload) => {
      // TypeScript does not narrow the payload by the name.
      if (told === name) handler(payload as EventMap[Name]);
    });
  }

  /** @returns a function that unsubscribes */
  subscribeAll(listener: Listener): () => void {
    // Wrapped, so that a function that subscribes twice gets two subscriptions.
    const own: Listener = (name, payload) => listener(name, payload);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  /** Calls every subscriber before it returns. Never throws: a failing subscriber must not affect the emitting code. */
  emit<Name extends EventName>(name: Name, payload: EventMap[Name]): void {
    for (const listener of this.#listeners) {
      try {
        listener(name, payload);
      } catch (err) {
        this.#logger.error({ event: name, err }, 'a subscriber of events failed');
      }
    }
  }

  /** Reports work that failed. An unavailable database is a separate event, because it is expected to recover. */
  failed(failure: InternalFailure): void {
    this.emit(isDatabaseUnavailable(failure.err) ? 'database:unavailable' : 'internal:failed', failure);
  }
}
