/**
 * Why subtasks and runs ended, as data: a reason of a closed list, with the detail that belongs to it. It is stored by the
 * transaction that settles. `end-messages.ts` makes sentences of it; docs/run-lifecycle.md explains each reason.
 */
import type { NamedLimit } from './named-limits.ts';

export const subtaskEndReasons = [
  'succeeded',
  'aborted',
  'limit',
  'exit',
  'signal',
  'lost',
  'stopped',
  'preparation',
  'dependencies',
  'internal',
] as const;
export type SubtaskEndReason = (typeof subtaskEndReasons)[number];

/** A run has the reasons of its subtasks, and one more for when only some of them failed. */
export const runEndReasons = [...subtaskEndReasons, 'partly_failed'] as const;
export type RunEndReason = (typeof runEndReasons)[number];

/** Where it was noticed that a worker had reached a limit without being stopped: by the kernel, or in the worker's output. */
export const limitEvidences = ['kernel', 'output'] as const;

/** A limit that may be why a worker failed. */
export interface SuspectedLimit extends NamedLimit {
  readonly seen: (typeof limitEvidences)[number];
}

/** What may be why a worker that ended by itself failed. A field is there only where there is something to say. */
export interface Circumstances {
  readonly suspected_limits?: readonly SuspectedLimit[];
  /** The machine ran out of memory while the worker was within its own limit. */
  readonly machine_out_of_memory?: true;
  /** The database's words on the first row that it could not store. */
  readonly row_error?: string;
}

/** Fetching the package, making the subtask's folders, and opening its sandbox. */
export const preparationSteps = ['package', 'folders', 'sandbox'] as const;
export type PreparationStep = (typeof preparationSteps)[number];

/** Executing a subtask, storing how it ended, and removing what it left. */
export const internalSteps = ['execution', 'settling', 'cleanup'] as const;
export type InternalStep = (typeof internalSteps)[number];

/** An end whose reason says all. */
interface PlainEnd<Reason extends 'succeeded' | 'aborted' | 'lost' | 'stopped'> {
  readonly reason: Reason;
  readonly detail: Readonly<Record<string, never>>;
}

/** How a subtask ended. */
export type SubtaskEnd =
  | PlainEnd<'succeeded' | 'aborted' | 'lost' | 'stopped'>
  /** The platform or the kernel stopped it at a limit. */
  | { readonly reason: 'limit'; readonly detail: NamedLimit }
  /** The worker ended by itself, with another exit code than 0. */
  | { readonly reason: 'exit'; readonly detail: { readonly exit_code: number } & Circumstances }
  /** A signal ended the worker that the platform did not send. */
  | { readonly reason: 'signal'; readonly detail: { readonly signal: string } & Circumstances }
  /** The worker's code never began. */
  | {
      readonly reason: 'preparation';
      readonly detail: { readonly step: PreparationStep; readonly message: string };
    }
  | { readonly reason: 'dependencies'; readonly detail: { readonly message: string } }
  /** The platform failed; its own log has the rest. */
  | {
      readonly reason: 'internal';
      readonly detail:
        | { readonly step: 'settling' }
        | { readonly step: Exclude<InternalStep, 'settling'>; readonly message: string };
    };

/** Ends that the platform brings about while the worker runs. */
export type StopEnd = Extract<SubtaskEnd, { reason: 'limit' }> | PlainEnd<'aborted' | 'stopped'>;

export const succeededEnd: PlainEnd<'succeeded'> = { reason: 'succeeded', detail: {} };
export const abortedEnd: PlainEnd<'aborted'> = { reason: 'aborted', detail: {} };
export const lostEnd: PlainEnd<'lost'> = { reason: 'lost', detail: {} };
export const stoppedEnd: PlainEnd<'stopped'> = { reason: 'stopped', detail: {} };

/** Which subtask speaks for a run of several, and how many failed. */
export interface SplitDetail {
  readonly subtasks: number;
  readonly failed_subtasks: number;
  /** Number of the first subtask that failed. The other fields of the detail are that subtask's. */
  readonly subtask: number;
  readonly subtask_reason: SubtaskEndReason;
}

/** Every field that a detail can have, as it is stored. */
export type EndDetail = Partial<
  NamedLimit &
    Circumstances &
    SplitDetail & {
      readonly exit_code: number;
      readonly signal: string;
      readonly step: PreparationStep | InternalStep;
      readonly message: string;
    }
>;

/** Comes before the cause in an `error_headline`, which ends with `)`. */
export const headlineCause = ' (cause: ';

/** A subtask that failed, as the end of its run is made from. */
export interface FailedSubtask {
  readonly number: number;
  /** null for one that ended before reasons were stored and whose text told none. */
  readonly end_reason: SubtaskEndReason | null;
  readonly end_detail: EndDetail | null;
  readonly error_headline: string;
}

/** How a run ended. */
export interface RunEnd {
  readonly reason: RunEndReason | null;
  readonly detail: EndDetail;
  /** Of the subtask that speaks for the run. */
  readonly errorHeadline: string;
}

/**
 * How a run ended whose subtasks have all ended: `aborted` if it was being aborted; `succeeded` if none failed; else as its
 * first failed subtask, by number, if all failed; else `partly_failed`, with the detail of that subtask.
 * @param first the failed subtask with the lowest number; undefined if none failed
 */
export function runEnd(
  run: { isAborting: boolean; subtaskCount: number; failedCount: number },
  first: FailedSubtask | undefined,
): RunEnd {
  if (run.isAborting) return { ...abortedEnd, errorHeadline: '' };
  if (first === undefined) return { ...succeededEnd, errorHeadline: '' };
  const { number, end_reason: reason, end_detail, error_headline: errorHeadline } = first;
  const detail = end_detail ?? {};
  if (run.subtaskCount === 1) return { reason, detail, errorHeadline };
  const split = {
    subtasks: run.subtaskCount,
    failed_subtasks: run.failedCount,
    subtask: number,
    ...(reason !== null && { subtask_reason: reason }),
  };
  return {
    reason: run.failedCount === run.subtaskCount ? reason : 'partly_failed',
    detail: { ...detail, ...split },
    errorHeadline,
  };
}
