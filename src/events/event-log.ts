/** Writes events to the process's log. The sentences are built here; events contain only data. */
import type { Level, Logger } from 'pino';
import { isDatabaseUnavailable } from '../database/database.ts';
import { componentLogger, type Component } from '../logging/logger.ts';
import type { EventMap, EventName, Events, InternalFailure, InternalWork } from './events.ts';

/** A repeated failure is logged once in this period. The next line says how many were skipped. */
const quietMilliseconds = 60_000;
const maxQuietFailures = 1000;

interface Entry {
  readonly level: Level;
  readonly component: Component;
  readonly message: string;
}

const failures: Readonly<Record<InternalWork, readonly [Component, string]>> = {
  'apply-retention': ['retention', 'retention could not be applied'],
  'check-charge': ['runner', 'the charge limit of a run could not be checked'],
  'claim-subtasks': ['runner', 'subtasks could not be claimed'],
  'clean-up-subtask': ['runner', 'files and processes left by a subtask could not be removed'],
  'count-runs': ['statistics', 'the statistics could not be updated'],
  'end-lease': ['runner', 'the lease of this runner could not be released'],
  'end-lost-subtask': ['watchman', 'a lost subtask could not be ended'],
  'execute-subtask': ['runner', 'a subtask could not be executed'],
  'fetch-jobs': ['jobs', 'jobs could not be fetched'],
  'find-lost-runners': ['watchman', 'the check for lost runners failed'],
  'follow-runs': ['http', 'followed runs could not be read'],
  'forget-hosts': ['runner', 'the turns of idle hosts could not be removed'],
  'give-back-jobs': ['jobs', 'unfinished jobs could not be returned to the queue'],
  'grant-connections': ['runner', 'connections to hosts could not be granted: they wait'],
  'keep-job-queue': ['jobs', 'the job queue could not be maintained'],
  'keep-run-counts': ['runs', 'the counts of runs could not be updated'],
  'make-cgroup': ['cgroups', 'a cgroup for a subtask could not be created'],
  'measure-install': ['installs', 'the memory of an installation could not be measured'],
  'measure-subtask': ['runner', 'the resource usage of a subtask could not be measured'],
  'prune-audit': ['accounts', 'old entries of the audit log could not be removed'],
  'prune-backups': ['backup', 'old backups could not be removed'],
  'prune-cache': ['cache', 'the cache could not be pruned'],
  'prune-sessions': ['accounts', 'expired sessions could not be removed'],
  'record-begin': ['runner', 'the start of a worker could not be recorded: its memory is not charged'],
  'record-export-progress': ['exports', 'the progress of an export could not be recorded'],
  'record-install': ['installs', 'the record of an installation could not be written'],
  'record-key-use': ['accounts', 'the last use of API keys could not be recorded'],
  'remove-cgroup': ['cgroups', 'a cgroup could not be removed'],
  'remove-file': ['files', 'a discarded file could not be removed yet'],
  'remove-run-content': ['retention', 'rows, log lines and files of a deleted run could not be removed yet'],
  'renew-lease': ['runner', 'the lease of this runner could not be renewed'],
  'serve-storage': ['runner', 'a file or value of a worker could not be stored or read'],
  'settle-subtask': ['runner', 'a subtask could not be settled'],
  'store-hosts': ['runner', 'the hosts that a run connected to could not be stored'],
  'store-job-end': ['jobs', 'the outcome of a job could not be stored'],
  'store-log-line': ['runner', 'a log line of a subtask could not be stored'],
  'store-outcome': ['runner', 'the outcome of a subtask could not be stored'],
  'store-traffic': ['runner', 'the traffic of a run could not be stored'],
  'watch-space': ['platform', 'the free space could not be measured'],
  'trace-run': ['runs', 'the span of a run could not be made'],
};

function failure(level: Level, { work }: InternalFailure): Entry {
  return entry(level, ...failures[work]);
}

function entry(level: Level, component: Component, message: string): Entry {
  return { level, component, message };
}

const entries: { readonly [Name in EventName]: (payload: EventMap[Name]) => Entry } = {
  'browser:closed': () => entry('debug', 'runner', 'a browser was closed'),
  'browser:opened': () => entry('debug', 'runner', 'a browser was opened'),
  'backup:failed': () => entry('error', 'backup', 'a scheduled backup failed and will be tried again'),
  'backup:made': () => entry('info', 'backup', 'a scheduled backup was made'),
  'cache:dropped': () => entry('info', 'cache', 'a cache entry was removed'),
  'callback:delivered': () => entry('debug', 'callbacks', 'a callback was delivered'),
  'callback:retried': () =>
    entry('debug', 'callbacks', 'a callback could not be delivered and will be retried'),
  'callback:failed': () => entry('warn', 'callbacks', 'a callback was not delivered'),
  'cgroups:opened': () => entry('info', 'cgroups', 'subtasks run in cgroups'),
  'cgroups:unavailable': () =>
    entry(
      'warn',
      'cgroups',
      'cgroups are not available: memory is only polled, and the cpus limit of runs is not enforced',
    ),
  'database:unavailable': (payload) => failure('warn', payload),
  'export:failed': ({ code }) =>
    entry(code === 'SYSTEM_ERROR' ? 'error' : 'info', 'exports', 'an export failed'),
  'export:made': () => entry('debug', 'exports', 'an export is ready'),
  'install:failed': () => entry('warn', 'installs', 'dependencies could not be installed'),
  'install:made': () => entry('info', 'installs', 'dependencies were installed'),
  'internal:failed': (payload) => failure('error', payload),
  'job:failed': () => entry('warn', 'jobs', 'a job failed and will be retried'),
  'lease:lost': () => entry('error', 'runner', 'the lease of this runner was lost: stopping its subtasks'),
  'lines:stored': () => entry('trace', 'runs', 'log lines were stored'),
  'retention:applied': () => entry('debug', 'retention', 'the retention was applied'),
  'rows:stored': () => entry('trace', 'runs', 'rows were stored'),
  'request:failed': ({ err }) =>
    entry(isDatabaseUnavailable(err) ? 'warn' : 'error', 'http', 'a request failed'),
  'run:deleted': () => entry('info', 'runs', 'a run was deleted'),
  'run:finished': () => entry('info', 'runs', 'a run has ended'),
  'run:started': () => entry('debug', 'runs', 'a run has started'),
  'runner:draining': () => entry('info', 'runner', 'waiting for running subtasks to end'),
  'runner:lost': () => entry('warn', 'watchman', 'a runner was lost'),
  'schedule:failed': () => entry('warn', 'scheduler', 'a scheduled run could not start'),
  'schedule:missed': () => entry('warn', 'scheduler', 'scheduled times were missed'),
  'space:recovered': () => entry('info', 'platform', 'there is space again: runs go on'),
  'space:short': () => entry('error', 'platform', 'space is short: no more work is begun'),
  'subtask:began': () => entry('trace', 'runner', 'a subtask has begun'),
  'subtask:ended': () => entry('trace', 'runner', 'a subtask is no longer executed'),
  'subtask:stepped': () => entry('trace', 'runner', 'a step of a subtask has ended'),
  'subtasks:claimed': () => entry('debug', 'runner', 'subtasks were claimed'),
  'subtask:orphaned': () => entry('warn', 'runner', 'a subtask that was still running was stopped'),
  'subtask:settled': () => entry('debug', 'runner', 'a subtask has ended'),
};

function entryOf<Name extends EventName>(name: Name, payload: EventMap[Name]): Entry {
  return entries[name](payload);
}

/** Subscribes the log. @param logger the root logger, without a component */
export function logEvents(events: Events, logger: Logger): void {
  const loggers = new Map<Component, Logger>();
  const repeats = new Repeats();
  events.subscribeAll((name, payload) => {
    const { level, component, message } = entryOf(name, payload);
    const repeated = 'work' in payload ? repeats.before(name, payload) : 0;
    if (repeated === undefined) return;
    const own = loggers.get(component) ?? componentLogger(logger, component);
    loggers.set(component, own);
    const fields: object = { event: name, ...payload, ...(repeated > 0 && { repeated }) };
    own[level](fields, message);
  });
}

/** Suppresses repeats: work that retries several times a second must not fill the log. */
class Repeats {
  readonly #quiet = new Map<string, { readonly until: number; repeated: number }>();

  /** @returns how many repeats were skipped since the last line; undefined to skip this one */
  before(name: EventName, { work, run, subtask, err }: InternalFailure): number | undefined {
    const text = err instanceof Error ? err.message : String(err);
    const key = JSON.stringify([name, work, run, subtask, text]);
    const known = this.#quiet.get(key);
    const now = performance.now();
    if (known !== undefined && now < known.until) {
      known.repeated += 1;
      return undefined;
    }
    if (this.#quiet.size >= maxQuietFailures) this.#quiet.clear();
    this.#quiet.set(key, { until: now + quietMilliseconds, repeated: 0 });
    return known?.repeated ?? 0;
  }
}
