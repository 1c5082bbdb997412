/**
 * Why subtasks and runs ended, as data: one of a fixed set of reasons, with its detail. The settling transaction stores
 * it. `end-messages.ts` builds sentences from it; docs/run-lifecycle.md explains each reason.
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

/** A run has the same reasons as subtasks, and another one for when only some of its subtasks failed. */
export const runEndReasons = [...subtaskEndReasons, 'partly_failed'] as const;
export type RunEndReason = (typeof runEndReasons)[number];

/**
 * How it was noticed that a worker reached a limit without being stopped: through the kernel, or in the worker's
 * output.
 */
export const limitEvidences = ['kernel', 'output'] as const;

/** A limit that may explain why a worker failed. */
export interface SuspectedLimit extends NamedLimit {
  readonly seen: (typeof limitEvidences)[number];
}

/** Possible explanations for a worker's failure. Fields are absent if there is nothing to report. */
export interface Circumstances {
  readonly suspected_limits?: readonly SuspectedLimit[];
  /** The machine ran out of memory while the worker was within its own limit. */
  readonly machine_out_of_memory?: true;
  /** The database's error for the first row that could not be stored. */
  readonly row_error?: string;
}

/** Steps of the preparation: fetching the package, creating the subtask's folders, opening its sandbox. */
export const preparationSteps = ['package', 'folders', 'sandbox'] as const;
export type PreparationStep = (typeof preparationSteps)[number];

/** Steps of the platform's own work: executing a subtask, storing its rows, storing its end, cleaning up. */
export const internalSteps = ['execution', 'storing', 'settling', 'cleanup'] as const;
export type InternalStep = (typeof internalSteps)[number];

/** An end that needs no detail. */
interface PlainEnd<Reason extends 'succeeded' | 'aborted' | 'lost' | 'stopped'> {
  readonly reason: Reason;
  readonly detail: Readonly<Record<string, never>>;
}

/** How a subtask ended. */
export type SubtaskEnd =
  | PlainEnd<'succeeded' | 'aborted' | 'lost' | 'stopped'>
  /** The platform or the kernel stopped it at a limit. */
  | { readonly reason: 'limit'; readonly detail: NamedLimit }
  /** The worker exited with an exit code other than 0. */
  | { readonly reason: 'exit'; readonly detail: { readonly exit_code: number } & Circumstances }
  /** A signal that the platform did not send ended the worker. */
  | { readonly reason: 'signal'; readonly detail: { readonly signal: string } & Circumstances }
  /** The worker's code never started. */
  | {
      readonly reason: 'preparation';
      readonly detail: { readonly step: PreparationStep; readonly message: string };
    }
  | { readonly reason: 'dependencies'; readonly detail: { readonly message: string } }
  /** The platform failed; its own log has more. */
  | {
      readonly reason: 'internal';
      readonly detail:
        | { readonly step: 'settling' }
        | { readonly step: Exclude<InternalStep, 'settling'>; readonly message: string };
    };

/** Ends that the platform causes while the worker runs. */
export type StopEnd = Extract<SubtaskEnd, { reason: 'limit' }> | PlainEnd<'aborted' | 'stopped'>;

export const succeededEnd: PlainEnd<'succeeded'> = { reason: 'succeeded', detail: {} };
export const abortedEnd: PlainEnd<'aborted'> = { reason: 'aborted', detail: {} };
export const lostEnd: PlainEnd<'lost'> = { reason: 'lost', detail: {} };
export const stoppedEnd: PlainEnd<'stopped'> = { reason: 'stopped', detail: {} };

/** For a run with several subtasks: which one represents it, and how many failed. */
export interface SplitDetail {
  readonly subtasks: number;
  readonly failed_subtasks: number;
  /** Number of the first failed subtask. The other fields of the detail are from that subtask. */
  readonly subtask: number;
  readonly subtask_reason: SubtaskEndReason;
}

/** All fields that a stored detail can have. */
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

/** Precedes the cause in an `error_headline`, which then ends with `)`. */
export const headlineCause = ' (cause: ';

/** A failed subtask, with what the end of its run is derived from. */
export interface FailedSubtask {
  readonly number: number;
  /** null if it ended before reasons were stored and its text did not reveal one. */
  readonly end_reason: SubtaskEndReason | null;
  readonly end_detail: EndDetail | null;
  readonly error_headline: string;
}

/** How a run ended. */
export interface RunEnd {
  readonly reason: RunEndReason | null;
  readonly detail: EndDetail;
  /** From the subtask that represents the run. */
  readonly errorHeadline: string;
}

/**
 * The end of a run whose subtasks have all ended: `aborted` if it was being aborted; `succeeded` if none failed; the
 * end of its first failed subtask, by number, if all failed; otherwise `partly_failed`, with the detail of that
 * subtask.
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
