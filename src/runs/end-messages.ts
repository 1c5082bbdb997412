/** Builds the sentences of `err_msg` from the data of an end. No code parses them. */
import type { Circumstances, SubtaskEnd, SuspectedLimit } from './end-reasons.ts';
import { limitFacts, type LimitName, type NamedLimit } from './named-limits.ts';

/** The wording of the published API. */
const abortedMessage = 'run aborted by user';

/** What the value of each limit counts. */
const counted: Readonly<Record<LimitName, string>> = {
  time: 's',
  memory: 'MB',
  charge: '',
  traffic: 'bytes',
  rows: 'rows of a run',
  disk: 'bytes',
  disk_files: 'files',
  tmp: 'bytes in /tmp',
  file_size: 'bytes of a file',
  processes: 'processes and threads',
  open_files: 'open files',
};

/** Limits whose unit alone does not say what they limit. */
const kinds: Partial<Record<LimitName, string>> = {
  time: 'time',
  memory: 'memory',
  charge: 'charge',
  traffic: 'traffic',
  disk: 'disk',
  disk_files: 'disk',
};

/** `limit of 200 open files (CHELA_SANDBOX_OPEN_FILE_LIMIT)` */
function limitText({ limit, value }: NamedLimit): string {
  return [kinds[limit], 'limit of', value, counted[limit], `(${limitFacts[limit].setting})`]
    .filter((part) => part !== undefined && part !== '')
    .join(' ');
}

/** The log line for a limit that the kernel enforced on a worker. */
export function reachedLimitMessage(limit: NamedLimit): string {
  return `it reached the ${limitText(limit)}`;
}

export const machineOutOfMemoryMessage = 'the machine ran out of memory';

function limitMessages(suspected: readonly SuspectedLimit[]): string[] {
  const reached = suspected.filter(({ seen }) => seen === 'kernel').map(reachedLimitMessage);
  const named = suspected.filter(({ seen }) => seen === 'output').map((limit) => `the ${limitText(limit)}`);
  return named.length === 0 ? reached : [...reached, `its output mentions ${named.join(' and ')}`];
}

function withCircumstances(
  end: string,
  { suspected_limits = [], machine_out_of_memory, row_error }: Circumstances,
): string {
  const parts = [end, ...limitMessages(suspected_limits)];
  if (machine_out_of_memory) parts.push(machineOutOfMemoryMessage);
  if (row_error !== undefined) parts.push(`before that a row could not be stored: ${row_error}`);
  return parts.join('; ');
}

/** The err_msg of a subtask; empty if it succeeded. */
export function subtaskMessage(end: SubtaskEnd): string {
  switch (end.reason) {
    case 'succeeded':
      return '';
    case 'aborted':
      return abortedMessage;
    case 'stopped':
      return 'the runner was stopped while it was executing the subtask';
    case 'limit':
      return `stopped at the ${limitText(end.detail)}`;
    case 'exit':
      return withCircumstances(`the worker ended with exit code ${end.detail.exit_code}`, end.detail);
    case 'signal':
      return withCircumstances(`the worker ended with signal ${end.detail.signal}`, end.detail);
    case 'lost':
      return 'the runner of the subtask was lost; run it again';
    case 'preparation':
    case 'dependencies':
      return `could not be executed: ${end.detail.message}`;
    case 'internal':
      switch (end.detail.step) {
        case 'execution':
          return `could not be executed: ${end.detail.message}`;
        case 'storing':
          return `rows could not be stored: ${end.detail.message}`;
        case 'settling':
          return "the outcome could not be stored; see the platform's log";
        case 'cleanup':
          return `could not be ended properly: ${end.detail.message}`;
        default:
          return end.detail satisfies never;
      }
    default:
      return end satisfies never;
  }
}

/**
 * The err_msg of a run; empty if nothing failed.
 * @param failed its first failed subtasks, by number
 */
export function runMessage(
  run: { isAborting: boolean; subtaskCount: number; failedCount: number },
  failed: readonly { number: number; err_msg: string }[],
): string {
  if (run.isAborting) return abortedMessage;
  const [first] = failed;
  if (first === undefined) return '';
  if (run.subtaskCount === 1) return first.err_msg;
  const named = failed.map(({ number, err_msg }) => `#${number} ${err_msg}`).join('; ');
  const unnamed = run.failedCount > failed.length ? '; …' : '';
  return `${run.failedCount} of ${run.subtaskCount} subtasks failed: ${named}${unnamed}`;
}
