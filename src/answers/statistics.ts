/** Statistics of runs, and what is going on now. */
import { Type } from 'typebox';
import { bucketSizes } from '../statistics/bucket-sizes.ts';
import type { Answer } from './answer.ts';
import { enumeration } from './enumeration.ts';

const amount = (description: string) => Type.String({ description, examples: ['0.50'] });

const seconds = (description: string) => Type.Number({ description, examples: [12.5] });

const figureFields = {
  runs: Type.Integer({ description: 'Runs that ended.', examples: [3] }),
  succeeded: Type.Integer({ examples: [1] }),
  failed: Type.Integer({ description: 'Failed runs, not counting aborted ones.', examples: [1] }),
  aborted: Type.Integer({ description: 'Runs that a user aborted.', examples: [1] }),
  success_rate: Type.Number({
    description: 'succeeded / (succeeded + failed), 0 to 1; -1 if there are no such runs.',
    examples: [0.5],
  }),
  duration_p50: seconds('Median duration in seconds. Aborted runs do not count.'),
  duration_p90: seconds('90th percentile of the duration in seconds.'),
  duration_p99: seconds('99th percentile of the duration in seconds.'),
  duration_is_exact: Type.Boolean({
    description:
      'Whether the percentiles are exact, which they are while there are few runs. Otherwise they are accurate to about 10 %.',
    examples: [true],
  }),
  results: Type.Integer({ description: 'Rows stored.', examples: [120] }),
  traffic: Type.Integer({ description: 'Bytes through the proxy.', examples: [0] }),
  usage: amount(
    'Cost, a decimal number: the sum of usage_results, usage_memory, usage_cpu and usage_traffic.',
  ),
  usage_results: amount('Cost of rows.'),
  usage_memory: amount('Cost of memory.'),
  usage_cpu: amount('Cost of processor time.'),
  usage_traffic: amount('Cost of traffic.'),
  memory: Type.String({
    description: 'Metered GB-hours, a decimal number; 0 if nothing has a price.',
    examples: ['0.25'],
  }),
};

export const RunFigures = Type.Object(figureFields, { title: 'RunFigures', description: 'Totals of runs' });
export type RunFigures = Answer<typeof RunFigures>;

export const RunSeries = Type.Object(
  {
    from: Type.Integer({ description: 'Unix seconds.', examples: [1_782_000_000] }),
    to: Type.Integer({
      description: 'End of the period (exclusive), Unix seconds.',
      examples: [1_782_086_400],
    }),
    bucket: enumeration(bucketSizes, { examples: ['day'] }),
    timezone: Type.String({ examples: ['Europe/Berlin'] }),
    totals: RunFigures,
    list: Type.Array(
      Type.Object({
        start: Type.Integer({
          description: 'Start of the bucket, Unix seconds. The first bucket may start before from.',
          examples: [1_782_000_000],
        }),
        ...figureFields,
      }),
      { description: 'All buckets, earliest first, including those without runs.' },
    ),
  },
  { title: 'RunSeries', description: 'Runs over time' },
);
export type RunSeries = Answer<typeof RunSeries>;
export type RunBucket = RunSeries['list'][number];

export const WorkerFigures = Type.Object(
  {
    worker_slug: Type.String({
      description:
        'Slug of the worker; usable as workerId. Empty if the worker was deleted, like worker_path and worker_title.',
      examples: ['01KKDXTQ8S5W1C9J4Y6M3B7A0E'],
    }),
    worker_path: Type.String({ description: 'owner~name', examples: ['chela~hello'] }),
    worker_title: Type.String({ examples: ['Hello'] }),
    ...figureFields,
  },
  { title: 'WorkerFigures', description: 'Totals of the runs of one worker' },
);
export type WorkerFigures = Answer<typeof WorkerFigures>;

export const Activity = Type.Object(
  {
    ready: Type.Integer({ description: 'Runs waiting for a runner.', examples: [0] }),
    running: Type.Integer({ description: 'Runs in progress.', examples: [1] }),
    aborting: Type.Integer({ description: 'Runs being stopped.', examples: [0] }),
    waiting_subtasks: Type.Integer({ examples: [0] }),
    running_subtasks: Type.Integer({ examples: [4] }),
    oldest_waiting_since: Type.Integer({
      description:
        'Creation time of the oldest run with waiting subtasks, Unix seconds; 0 if no subtask is waiting.',
      examples: [0],
    }),
    held_runs: Type.Integer({ description: 'Runs held in the run queue.', examples: [0] }),
    concurrent_runs: Type.Integer({
      description: 'Maximum concurrent runs (ready or running) of the plan; 0 means no limit.',
      examples: [0],
    }),
    slots: Type.Integer({
      description:
        'Subtasks that all runners together can execute at the same time, for all accounts; 0 if no runner is active.',
      examples: [8],
    }),
    busy_slots: Type.Integer({ description: 'Slots in use.', examples: [4] }),
  },
  { title: 'Activity', description: 'Current activity' },
);
export type Activity = Answer<typeof Activity>;
