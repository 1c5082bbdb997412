/**
 * What happens on the platform, told in the process where it happens. Who acts tells what happened, with ids and figures and never
 * with a sentence; the log and the counts subscribe. An event tells of what is stored: it follows the commit.
 */
import type { Logger } from 'pino';
import { isDatabaseUnavailable } from '../database/database.ts';
import type { ErrorKey } from '../errors.ts';
import { componentLogger } from '../logging/logger.ts';

/** Work that the platform does by itself, or beside a request: when it fails, nobody waits for the answer. */
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
  | 'give-back-jobs'
  | 'keep-job-queue'
  | 'make-cgroup'
  | 'measure-install'
  | 'measure-subtask'
  | 'prune-audit'
  | 'prune-cache'
  | 'prune-sessions'
  | 'record-begin'
  | 'record-export-progress'
  | 'record-install'
  | 'record-key-use'
  | 'remove-cgroup'
  | 'renew-lease'
  | 'settle-subtask'
  | 'store-job-end'
  | 'store-log-line'
  | 'store-outcome'
  | 'store-traffic';

/** Subject of an event, as the API has it: slug of the run, number of the subtask within it. */
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

/** What each event carries. Names are `subject:verb`. */
export interface EventMap {
  /** An entry of the cache was removed. */
  'cache:dropped': { readonly folder: string; readonly bytes: number };
  /** Subtasks run in cgroups from now on. */
  'cgroups:opened': { readonly kind: string; readonly controls: readonly string[] };
  /** Subtasks run without cgroups: their memory is watched, and their processor time is not limited. */
  'cgroups:unavailable': { readonly reason: string };
  /** A callback was given up after its last attempt. */
  'callback:failed': {
    readonly run: string;
    /** Number of the callback within the run. */
    readonly callback: number;
    readonly attempts: number;
    readonly reason: string;
  };
  /** Work failed because PostgreSQL was out of reach; it is done again, or waited out. */
  'database:unavailable': InternalFailure;
  /** Work failed for any other reason: a fault of the platform or its surroundings. */
  'internal:failed': InternalFailure;
  /** An export is ready to be downloaded. */
  'export:made': ExportSubject & { readonly sizeBytes: number };
  /** An export could not be made. `err` tells more than its owner is told. */
  'export:failed': ExportSubject & { readonly code: ErrorKey; readonly err: unknown };
  /** What a version depends on could not be installed, or is not valid. */
  'install:failed': { readonly version: number; readonly err: unknown };
  /** What a version depends on was installed. */
  'install:made': { readonly version: number; readonly seconds: number };
  /** A job rejected; it is done again as its kind says. */
  'job:failed': { readonly jobKind: string; readonly job: string; readonly err: unknown };
  /** The lease of this process's own runner was ended by others: its subtasks are not its own any more, and it stops them. */
  'lease:lost': { readonly runner: number; readonly subtasks: number };
  /** A request was answered with 500. */
  'request:failed': {
    readonly requestId: string;
    readonly method: string;
    /** Pattern of its path; undefined if it has none. */
    readonly route: string | undefined;
    readonly err: unknown;
  };
  /** A run has ended, with its last subtask. */
  'run:finished': {
    readonly run: string;
    readonly status: 'succeeded' | 'failed';
    /** One of the reasons of `runs/end-reasons.ts`; null if its subtasks ended before reasons were stored. */
    readonly reason: string | null;
    readonly subtasks: number;
    readonly failedSubtasks: number;
  };
  /** The first subtask of a run was claimed. */
  'run:started': { readonly run: string };
  /** A runner takes no more subtasks, and waits for those that run. */
  'runner:draining': { readonly subtasks: number; readonly seconds: number };
  /** The lease of a runner ran out. */
  'runner:lost': { readonly runner: number; readonly hostname: string; readonly processId: number };
  /** A subtask still ran when its runner had waited as long as a stop may take, and was ended. */
  'subtask:orphaned': { readonly run: string; readonly subtask: number };
  /** A subtask that a runner executed has ended; not one that was aborted before it began. */
  'subtask:settled': {
    readonly run: string;
    readonly subtask: number;
    readonly status: 'succeeded' | 'failed';
    /** One of the reasons of `runs/end-reasons.ts`. */
    readonly reason: string;
    readonly cpuSeconds: number | undefined;
  };
  /** The run of a schedule could not start, for a reason that its owner is told. */
  'schedule:failed': { readonly task: string; readonly code: ErrorKey; readonly reason: string };
  /** Scheduled times passed while no process was there to start their run. */
  'schedule:missed': {
    readonly task: string;
    readonly missed: number;
    readonly from: Date | null;
    readonly policy: 'skip' | 'run_once';
  };
}

export type EventName = keyof EventMap;

type Handler<Name extends EventName> = (payload: EventMap[Name]) => void;
/** Gets every event, with its name. */
type Listener = <Name extends EventName>(name: Name, payload: EventMap[Name]) => void;

export class Events {
  readonly #logger: Logger;
  readonly #listeners = new Set<Listener>();

  /** @param logger told of subscribers that throw */
  constructor(logger: Logger) {
    this.#logger = componentLogger(logger, 'events');
  }

  /** @returns the way to unsubscribe */
  subscribe<Name extends EventName>(name: Name, handler: Handler<Name>): () => void {
    return this.subscribeAll((told: EventName, payload) => {
      // TypeScript does not narrow a payload by its name.
      if (told === name) handler(payload as EventMap[Name]);
    });
  }

  /** @returns the way to unsubscribe */
  subscribeAll(listener: Listener): () => void {
    // A subscription of its own even if the same function subscribes twice.
    const own: Listener = (name, payload) => listener(name, payload);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  /** Tells every subscriber, before it returns. Never throws: who acts does not fail because somebody listens. */
  emit<Name extends EventName>(name: Name, payload: EventMap[Name]): void {
    for (const listener of this.#listeners) {
      try {
        listener(name, payload);
      } catch (err) {
        this.#logger.error({ event: name, err }, 'a subscriber of events failed');
      }
    }
  }

  /** Tells of work that failed: only the database being away is something that time mends. */
  failed(failure: InternalFailure): void {
    this.emit(isDatabaseUnavailable(failure.err) ? 'database:unavailable' : 'internal:failed', failure);
  }
}
