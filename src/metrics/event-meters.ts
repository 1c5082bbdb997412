/** Counts the events of this process. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Events } from '../events/events.ts';

const commitBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];
const stepBuckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];
const waitBuckets = [0.05, 0.25, 1, 5, 15, 60, 300, 900, 3600, 14_400];

export function countEvents(events: Events, registry: Registry): void {
  countRuns(events, registry);
  countCommits(events, registry);
  countBrowsers(events, registry);
  countDeliveries(events, registry);
  countUpkeep(events, registry);
  countFailures(events, registry);
}

function counter<Label extends string>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly Label[] = [],
): Counter<Label> {
  return new Counter({ name, help, labelNames, registers: [registry] });
}

function histogram<Label extends string>(
  registry: Registry,
  name: string,
  help: string,
  options: { readonly buckets: number[]; readonly labelNames?: readonly Label[] },
): Histogram<Label> {
  const { buckets, labelNames = [] } = options;
  return new Histogram({ name, help, buckets, labelNames, registers: [registry] });
}

function countRuns(events: Events, registry: Registry): void {
  const waits = histogram(
    registry,
    'chela_run_wait_seconds',
    'From the submission of a run to the claim of its first subtask',
    { buckets: waitBuckets },
  );
  events.subscribe('run:started', ({ waitSeconds }) => waits.observe(waitSeconds));
  const runs = counter(registry, 'chela_runs_finished_total', 'Runs that ended, by status and end reason', [
    'status',
    'reason',
  ]);
  events.subscribe('run:finished', ({ status, reason }) => runs.inc({ status, reason: reason ?? 'none' }));
  const subtasks = counter(
    registry,
    'chela_subtasks_finished_total',
    'Executed subtasks that ended, by status and end reason',
    ['status', 'reason'],
  );
  const cpu = counter(
    registry,
    'chela_subtask_cpu_seconds_total',
    'Processor time of executed subtasks, as far as it could be measured',
  );
  events.subscribe('subtask:settled', ({ status, reason, cpuSeconds }) => {
    subtasks.inc({ status, reason });
    cpu.inc(Math.max(0, cpuSeconds ?? 0));
  });
  const steps = histogram(
    registry,
    'chela_subtask_step_seconds',
    'Steps of executed subtasks; the step sandbox is the start of a sandbox',
    { buckets: stepBuckets, labelNames: ['step'] },
  );
  events.subscribe('subtask:stepped', ({ step, seconds }) => steps.observe({ step }, seconds));
  const claimed = counter(registry, 'chela_subtasks_claimed_total', 'Subtasks claimed by this runner');
  const claims = histogram(registry, 'chela_claim_seconds', 'Claims that found subtasks', {
    buckets: commitBuckets,
  });
  events.subscribe('subtasks:claimed', ({ count, seconds }) => {
    claimed.inc(count);
    claims.observe(seconds);
  });
}

/** The hottest path: one commit has up to a thousand rows. */
function countCommits(events: Events, registry: Registry): void {
  const rows = counter(registry, 'chela_rows_stored_total', 'Rows stored, including upserts');
  const rowCommits = histogram(registry, 'chela_row_commit_seconds', 'Commits of rows', {
    buckets: commitBuckets,
  });
  events.subscribe('rows:stored', (stored) => {
    rows.inc(stored.rows);
    rowCommits.observe(stored.seconds);
  });
  const lines = counter(registry, 'chela_log_lines_stored_total', 'Log lines of runs stored');
  const lineCommits = histogram(registry, 'chela_log_commit_seconds', 'Commits of log lines', {
    buckets: commitBuckets,
  });
  events.subscribe('lines:stored', (stored) => {
    lines.inc(stored.lines);
    lineCommits.observe(stored.seconds);
  });
}

function countBrowsers(events: Events, registry: Registry): void {
  const open = new Gauge({
    name: 'chela_browsers_open',
    help: 'Open browsers of this runner',
    registers: [registry],
  });
  const opened = histogram(registry, 'chela_browser_open_seconds', 'Starts of browsers', {
    buckets: stepBuckets,
    labelNames: ['kind'],
  });
  events.subscribe('browser:opened', ({ kind, seconds }) => {
    open.inc();
    opened.observe({ kind }, seconds);
  });
  events.subscribe('browser:closed', () => open.dec());
}

function countDeliveries(events: Events, registry: Registry): void {
  const attempts = counter(
    registry,
    'chela_callback_attempts_total',
    'Attempts to deliver a callback: delivered, retried (another follows), or failed (it was the last)',
    ['outcome'],
  );
  for (const outcome of ['delivered', 'retried', 'failed'] as const) {
    attempts.inc({ outcome }, 0);
    events.subscribe(`callback:${outcome}`, () => attempts.inc({ outcome }));
  }
  const exports = counter(registry, 'chela_exports_total', 'Exports that ended', ['format', 'outcome']);
  const exported = counter(registry, 'chela_export_bytes_total', 'Size of the exports made', ['format']);
  events.subscribe('export:made', ({ format, sizeBytes }) => {
    exports.inc({ format, outcome: 'made' });
    exported.inc({ format }, sizeBytes);
  });
  events.subscribe('export:failed', ({ format }) => exports.inc({ format, outcome: 'failed' }));
  const installs = counter(registry, 'chela_installs_total', 'Installations of dependencies that ended', [
    'outcome',
  ]);
  const installed = histogram(registry, 'chela_install_seconds', 'Installations that succeeded', {
    buckets: stepBuckets,
  });
  events.subscribe('install:made', ({ seconds }) => {
    installs.inc({ outcome: 'made' });
    installed.observe(seconds);
  });
  events.subscribe('install:failed', () => installs.inc({ outcome: 'failed' }));
}

function countUpkeep(events: Events, registry: Registry): void {
  const removed = counter(registry, 'chela_retention_removed_total', 'What the retention removed', ['what']);
  const applied = new Gauge({
    name: 'chela_retention_last_applied_timestamp_seconds',
    help: 'When this process last applied the retention; 0 if it has not',
    registers: [registry],
  });
  for (const what of ['runs', 'queue_items', 'partitions']) removed.inc({ what }, 0);
  events.subscribe('retention:applied', ({ runs, queueItems, partitions }) => {
    removed.inc({ what: 'runs' }, runs);
    removed.inc({ what: 'queue_items' }, queueItems);
    removed.inc({ what: 'partitions' }, partitions);
    applied.setToCurrentTime();
  });
  const short = new Gauge({
    name: 'chela_space_short',
    help: 'Whether this process accepts no runs (stored) or executes none (both) for want of space',
    labelNames: ['what'],
    registers: [registry],
  });
  for (const what of ['stored', 'scratch'] as const) short.set({ what }, 0);
  events.subscribe('space:short', ({ what }) => short.set({ what }, 1));
  events.subscribe('space:recovered', ({ what }) => short.set({ what }, 0));
  const dropped = counter(registry, 'chela_cache_dropped_bytes_total', 'Size of removed cache entries');
  events.subscribe('cache:dropped', ({ bytes }) => dropped.inc(Math.max(0, bytes)));
  const missed = counter(registry, 'chela_schedule_times_missed_total', 'Scheduled times that were missed');
  events.subscribe('schedule:missed', (schedule) => missed.inc(schedule.missed));
}

/** Events that should not happen. They are 0 from the start, so that the first one is an increase. */
const failures = {
  'internal:failed': ['chela_internal_failures_total', 'Background work of the platform that failed'],
  'database:unavailable': ['chela_database_unavailable_total', 'Work that failed without a database'],
  'request:failed': ['chela_requests_failed_total', 'Requests answered with 500'],
  'runner:lost': ['chela_runners_lost_total', 'Runners found lost by this process'],
  'lease:lost': ['chela_leases_lost_total', 'Leases that this runner lost'],
  'job:failed': ['chela_jobs_failed_total', 'Background jobs that failed'],
  'schedule:failed': ['chela_schedules_failed_total', 'Scheduled runs that could not start'],
} as const;

function countFailures(events: Events, registry: Registry): void {
  for (const [name, [metric, help]] of Object.entries(failures)) {
    const failed = counter(registry, metric, help);
    events.subscribe(name as keyof typeof failures, () => failed.inc());
  }
}
