/** Statistics of an account's runs. Extensions of the published API. */
import { Type } from 'typebox';
import { enumeration } from '../../answers/enumeration.ts';
import { pagedSchema } from '../../answers/pages.ts';
import type { RunFigures } from '../../answers/statistics.ts';
import { Activity, RunSeries, WorkerFigures } from '../../answers/statistics.ts';
import { invalidArgument } from '../../errors.ts';
import {
  bucketSizes,
  maxBuckets,
  type Figures,
  type WorkerFigures as CountedWorker,
} from '../../statistics/statistics.ts';
import { isTimezone } from '../../time/timezone.ts';
import { workerPath } from '../../workers/workers.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { success } from '../envelope.ts';
import { readSortOrder, sortOrder, type SortOrder } from '../sort-order.ts';
import { operation } from '../operation.ts';
import { decimal, lastSecond, pageOf, paged, PageQuery, unixSeconds } from './shapes.ts';

const tag = 'statistics';
const note =
  'A run is counted at the time it ends, and stays counted after retention removes it. An extension of the published API.';
const weekSeconds = 7 * 24 * 3600;

const rangeFields = {
  from: Type.Optional(
    Type.Integer({
      description:
        'Start of the period, Unix seconds, rounded down to a quarter of an hour. Default: one week before to.',
      minimum: 0,
      maximum: lastSecond,
    }),
  ),
  to: Type.Optional(
    Type.Integer({
      description: 'End of the period, Unix seconds, rounded up to a quarter of an hour. Default: now.',
      minimum: 1,
      maximum: lastSecond,
    }),
  ),
};

const SeriesQuery = Type.Object({
  ...rangeFields,
  bucket: Type.Optional(
    enumeration(bucketSizes, {
      default: 'day',
      description: `Size of a bucket: hour, day, week (from Monday) or month. Maximum: ${maxBuckets} buckets.`,
    }),
  ),
  timezone: Type.Optional(
    Type.String({
      description:
        'IANA name of the time zone of days, weeks and months. Default: the time zone of the account.',
      examples: ['Europe/Berlin'],
    }),
  ),
  worker_id: Type.Optional(
    Type.String({ description: 'Worker slug or path. Only runs of this worker. Use owner~name for paths.' }),
  ),
});

const workerSorts = [
  'runs',
  'failed',
  'success_rate',
  'duration_p50',
  'duration_p90',
  'results',
  'traffic',
  'usage',
  'title',
] as const;
type WorkerSort = (typeof workerSorts)[number];

const WorkersQuery = Type.Object({
  ...rangeFields,
  ...PageQuery.properties,
  sort: Type.Optional(
    sortOrder(workerSorts, {
      default: '-runs',
      description: 'Sort field. A leading - sorts in descending order.',
    }),
  ),
});

/** Rounds an estimated duration to three digits, an exact one to milliseconds. */
function rounded(value: number, isExact: boolean): number {
  return Number(isExact ? value.toFixed(3) : value.toPrecision(3));
}

function figuresShape(figures: Figures): RunFigures {
  const ended = figures.succeeded + figures.failed;
  return {
    runs: figures.runs,
    succeeded: figures.succeeded,
    failed: figures.failed,
    aborted: figures.aborted,
    success_rate: ended === 0 ? -1 : Number((figures.succeeded / ended).toFixed(4)),
    duration_p50: rounded(figures.p50, figures.isExact),
    duration_p90: rounded(figures.p90, figures.isExact),
    duration_p99: rounded(figures.p99, figures.isExact),
    duration_is_exact: figures.isExact,
    results: figures.results,
    traffic: figures.trafficBytes,
    usage: decimal(figures.usage),
    usage_results: decimal(figures.resultAmount),
    usage_memory: decimal(figures.memoryAmount),
    usage_cpu: decimal(figures.cpuAmount),
    usage_traffic: decimal(figures.trafficAmount),
    memory: decimal(figures.memoryGigabyteHours),
  };
}

function workerLine(worker: CountedWorker): WorkerFigures {
  return {
    worker_slug: worker.slug,
    worker_path: worker.slug === '' ? '' : workerPath(worker.owner, worker.name),
    worker_title: worker.title,
    ...figuresShape(worker),
  };
}

/** @throws ChelaError INVALID_ARGUMENT if it ends before it begins */
function rangeOf(query: { from?: number; to?: number }): { from: Date; to: Date } {
  const to = query.to ?? Math.ceil(Date.now() / 1000);
  const from = query.from ?? Math.max(0, to - weekSeconds);
  if (from >= to) throw invalidArgument('from must be before to');
  return { from: new Date(from * 1000), to: new Date(to * 1000) };
}

function byField(name: WorkerSort) {
  return (left: WorkerFigures, right: WorkerFigures): number => {
    if (name === 'title') return left.worker_title.localeCompare(right.worker_title);
    return Number(left[name]) - Number(right[name]);
  };
}

function sorted(list: WorkerFigures[], order: SortOrder<WorkerSort>): WorkerFigures[] {
  const { sort, ascending } = readSortOrder(workerSorts, order);
  const compare = byField(sort);
  return list.toSorted((left, right) => (ascending ? compare(left, right) : compare(right, left)));
}

export function addStatisticsOperations(app: ApiApp, context: ApiContext): void {
  addFigures(app, context);
  addActivity(app, context);
}

function addFigures(app: ApiApp, { statistics, tasks }: ApiContext): void {
  app.get(
    '/statistics/runs',
    operation({
      id: 'getRunStatistics',
      tag,
      summary: 'Get runs over time',
      description: `Returns runs by outcome, durations, rows, traffic and cost per hour, day, week or month. ${note}`,
      querystring: SeriesQuery,
      data: RunSeries,
    }),
    async (request) => {
      const { bucket = 'day', timezone: named, worker_id: workerId } = request.query;
      if (named !== undefined && !isTimezone(named)) {
        throw invalidArgument(
          `time zone ${named} does not exist: use an IANA name such as Europe/Berlin or UTC`,
        );
      }
      const timezone = named ?? (await tasks.timezone(request.accountId));
      const options = { bucket, timezone, workerId };
      const series = await statistics.series(request.accountId, rangeOf(request.query), options);
      return success(request, {
        from: unixSeconds(series.range.from),
        to: unixSeconds(series.range.to),
        bucket,
        timezone,
        totals: figuresShape(series.totals),
        list: series.buckets.map(({ start, ...figures }) => ({
          start: unixSeconds(start),
          ...figuresShape(figures),
        })),
      });
    },
  );

  app.get(
    '/statistics/workers',
    operation({
      id: 'getWorkerStatistics',
      tag,
      summary: 'Get runs by worker',
      description: `Returns success rate, durations, rows, traffic and cost of each worker that had runs. ${note}`,
      querystring: WorkersQuery,
      data: pagedSchema(WorkerFigures),
    }),
    async (request) => {
      const { query } = request;
      const page = pageOf(query);
      const workers = await statistics.byWorker(request.accountId, rangeOf(query));
      const list = sorted(workers.map(workerLine), query.sort ?? '-runs');
      const first = (page.number - 1) * page.size;
      return success(
        request,
        paged({ count: list.length, list: list.slice(first, first + page.size) }, page),
      );
    },
  );
}

function addActivity(app: ApiApp, { statistics, accounts }: ApiContext): void {
  app.get(
    '/statistics/activity',
    operation({
      id: 'getActivity',
      tag,
      summary: 'Get activity',
      description:
        "Returns the account's current runs and subtasks, and the slots of all runners. An extension of the published API.",
      data: Activity,
    }),
    async (request) => {
      const [activity, account] = await Promise.all([
        statistics.activity(request.accountId),
        accounts.get(request.accountId),
      ]);
      return success(request, {
        ready: activity.ready,
        running: activity.running,
        aborting: activity.aborting,
        waiting_subtasks: activity.waitingSubtasks,
        running_subtasks: activity.runningSubtasks,
        oldest_waiting_since: unixSeconds(activity.oldestWaitingSince),
        held_runs: activity.heldRuns,
        concurrent_runs: account.plan.concurrentRuns ?? 0,
        slots: activity.slots,
        busy_slots: activity.busySlots,
      });
    },
  );
}
