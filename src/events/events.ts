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
  | 'claim-subtasks'
  | 'count-runs'
  | 'end-lease'
  | 'fetch-jobs'
  | 'give-back-jobs'
  | 'keep-job-queue'
  | 'prune-audit'
  | 'prune-cache'
  | 'prune-sessions'
  | 'record-export-progress'
  | 'record-key-use'
  | 'renew-lease'
  | 'store-job-end';

/** Subject of an event, as the API has it: slug of the run, number of the subtask within it. */
interface Subject {
  readonly run?: string;
  readonly subtask?: number;
}

export interface InternalFailure extends Subject {
  readonly work: InternalWork;
  readonly err: unknown;
  readonly jobKind?: string;
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
  /** A job rejected; it is done again as its kind says. */
  'job:failed': { readonly jobKind: string; readonly job: string; readonly err: unknown };
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
