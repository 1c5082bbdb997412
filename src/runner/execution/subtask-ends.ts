/** How an unsuccessful execution ended, as data. */
import type { ExecutionStep } from '../../events/events.ts';
import type { Circumstances, NamedLimit, StopEnd, SubtaskEnd } from '../../runs/runs.ts';
import type { WorkerExit } from '../sandbox.ts';

export function limitEnd(detail: NamedLimit): StopEnd {
  return { reason: 'limit', detail };
}

/** @param exit of a worker that failed and was not stopped by the platform */
export function failedEnd(
  { exitCode, signal }: WorkerExit,
  circumstances: Circumstances,
): Extract<SubtaskEnd, { reason: 'exit' | 'signal' }> {
  if (signal === null) return { reason: 'exit', detail: { exit_code: exitCode ?? -1, ...circumstances } };
  return { reason: 'signal', detail: { signal, ...circumstances } };
}

/** The end of a worker that succeeded although rows are missing: its disk being full must not look like success. */
export function notStoredEnd(message: string): SubtaskEnd {
  return { reason: 'internal', detail: { step: 'storing', message } };
}

/**
 * @param step the step of the execution that failed, which determines the reason
 * @param message of the error that kept the worker from running to its end
 */
export function notExecutedEnd(step: ExecutionStep, message: string): SubtaskEnd {
  switch (step) {
    case 'dependencies':
      return { reason: 'dependencies', detail: { message } };
    case 'execution':
      return { reason: 'internal', detail: { step, message } };
    case 'package':
    case 'folders':
    case 'sandbox':
      return { reason: 'preparation', detail: { step, message } };
    default:
      return step satisfies never;
  }
}
