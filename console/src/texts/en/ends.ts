/** Why runs and subtasks ended, and what to do about it. */
import type { RunEndReason } from '../../../../src/runs/end-reasons.ts';
import type { LimitName, LimitUnit } from '../../../../src/runs/named-limits.ts';

const reasons: Readonly<Record<RunEndReason, string>> = {
  succeeded: 'Succeeded',
  partly_failed: 'Partly failed',
  aborted: 'Aborted',
  limit: 'Limit reached',
  exit: 'Exit code',
  signal: 'Signal',
  lost: 'Runner lost',
  stopped: 'Runner stopped',
  preparation: 'Could not start',
  dependencies: 'Dependencies not installed',
  internal: 'Platform error',
};

const advice: Readonly<Record<RunEndReason | 'unknown', string>> = {
  succeeded: '',
  partly_failed: 'Open the failed subtasks to see why.',
  aborted: 'Rows stored before that are kept. "Run again" starts it with the same input.',
  limit: 'Raise the limit, or give the worker less to do.',
  exit: 'The worker ended with an error of its own. Fix the worker or its input, then run it again.',
  signal:
    'Something other than Chela ended the worker: a crash in native code, or a machine that ran out of memory.',
  lost: 'The runner went away while it executed the worker. Check that it is online, then run it again.',
  stopped: 'The runner was stopped before the worker ended. Run it again.',
  preparation: 'The worker never started. Ask the operator to fix the cause, then run it again.',
  dependencies:
    'The worker never started, because its dependencies could not be installed. The log has the output of the package manager. Upload a version that installs.',
  internal: 'The platform failed, not the worker. Its own log has the error: ask the operator.',
  unknown: 'The log has the details. "Run again" starts it with the same input.',
};

const limits: Readonly<Record<LimitName, string>> = {
  time: 'Time limit',
  memory: 'Memory limit',
  charge: 'Charge limit',
  traffic: 'Traffic limit',
  rows: 'Row limit',
  disk: 'Disk limit',
  disk_files: 'Disk limit',
  tmp: 'Limit for /tmp',
  file_size: 'File size limit',
  processes: 'Process limit',
  open_files: 'Open file limit',
};

const runOptions = '"Edit and run" → "Run options"';

/** Advice that names the setting to raise. */
const limitAdvice: Readonly<Record<LimitName, (setting: string) => string>> = {
  time: () => `Raise the time limit under ${runOptions}, or give each subtask less to do.`,
  memory: () => `Raise the memory under ${runOptions}.`,
  charge: () => `Raise the charge limit under ${runOptions}. Rows stored so far are kept.`,
  traffic: () => `Raise the traffic limit under ${runOptions}. Rows stored so far are kept.`,
  rows: (setting) =>
    `Rows stored so far are kept. Split the work into several runs, or ask the operator to raise ${setting}.`,
  disk: (setting) =>
    `Have the worker delete files that it no longer needs, or ask the operator to raise ${setting}.`,
  disk_files: (setting) =>
    `Have the worker delete files that it no longer needs, or ask the operator to raise ${setting}.`,
  tmp: (setting) =>
    `Have the worker write to its work folder instead, or ask the operator to raise ${setting}.`,
  file_size: (setting) => `Have the worker write smaller files, or ask the operator to raise ${setting}.`,
  processes: (setting) =>
    `Have the worker start fewer processes and threads at a time, or ask the operator to raise ${setting}.`,
  open_files: (setting) =>
    `Have the worker close files and connections that it no longer needs, or ask the operator to raise ${setting}.`,
};

const counted: Readonly<
  Record<Extract<LimitUnit, 'rows' | 'files' | 'processes'>, (count: string) => string>
> = {
  rows: (count) => `${count} rows`,
  files: (count) => `${count} files`,
  processes: (count) => `${count} processes and threads`,
};

export const ends = {
  reasons,
  advice,
  limits,
  limitAdvice,
  counted,
  failedBecause: 'Failed because',
  exitCode: (code: string) => `Exit code ${code}`,
  signal: (name: string) => `Signal ${name}`,
  limit: (name: string, value: string) => `${name} of ${value}`,
  failedOf: (failed: string, all: string) => `${failed} of ${all} failed`,
  ofSubtask: (number: number, reason: string) => `Subtask ${number}: ${reason}`,
  suspected: (limit: string, setting: string) => `This may be why: it reached the ${limit} (${setting}).`,
  machineOutOfMemory: 'The machine ran out of memory while the worker ran.',
  rowError: (message: string) => `Before that, a row could not be stored: ${message}`,
};
