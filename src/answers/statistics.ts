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
  failed: Type.Integer({ description: 'Without those that somebody aborted.', examples: [1] }),
  aborted: Type.Integer({ description: 'Runs that somebody aborted.', examples: [1] }),
  success_rate: Type.Number({
    description: 'Share of succeeded among succeeded and failed, 0 to 1; -1 where there are neither.',
    examples: [0.5],
  }),
  duration_p50: seconds(
    'Half of the runs took at most this long, seconds, to about a tenth. Aborted ones do not count.',
  ),
  duration_p90: seconds('Nine of ten took at most this long.'),
  duration_p99: seconds('All but one of a hundred took at most this long.'),
  results: Type.Integer({ description: 'Rows that were stored.', examples: [120] }),
  traffic: Type.Integer({ description: 'Bytes through the proxy.', examples: [0] }),
  usage: amount('Cost, a decimal: the sum of the three below.'),
  usage_results: amount('Of it for rows.'),
  usage_memory: amount('Of it for memory.'),
  usage_traffic: amount('Of it for traffic.'),
  memory: Type.String({
    description: 'GB-hours that were metered, a decimal; 0 where nothing has a price.',
    examples: ['0.25'],
  }),
};

export const RunFigures = Type.Object(figureFields, { title: 'RunFigures', description: 'Runs added up' });
export type RunFigures = Answer<typeof RunFigures>;

export const RunSeries = Type.Object(
  {
    from: Type.Integer({ description: 'Unix seconds.', examples: [1_782_000_000] }),
    to: Type.Integer({ description: 'Unix seconds; not part of the time.', examples: [1_782_086_400] }),
    bucket: enumeration(bucketSizes, { examples: ['day'] }),
    timezone: Type.String({ examples: ['Europe/Berlin'] }),
    totals: RunFigures,
    list: Type.Array(
      Type.Object({
        start: Type.Integer({
          description: 'When the bucket begins, Unix seconds; that of the first may lie before from.',
          examples: [1_782_000_000],
        }),
        ...figureFields,
      }),
      { description: 'All buckets, earliest first, those without runs too.' },
    ),
  },
  { title: 'RunSeries', description: 'Runs over time' },
);
export type RunSeries = Answer<typeof RunSeries>;
export type RunBucket = RunSeries['list'][number];

export const WorkerFigures = Type.Object(
  {
    worker_slug: Type.String({
      description: 'Slug of the worker; usable as workerId. Empty where it was deleted, as are the next two.',
      examples: ['01KKDXTQ8S5W1C9J4Y6M3B7A0E'],
    }),
    worker_path: Type.String({ description: 'owner~name', examples: ['chela~hello'] }),
    worker_title: Type.String({ examples: ['Hello'] }),
    ...figureFields,
  },
  { title: 'WorkerFigures', description: 'Runs of one worker added up' },
);
export type WorkerFigures = Answer<typeof WorkerFigures>;

export const Activity = Type.Object(
  {
    ready: Type.Integer({ description: 'Runs that wait for a runner.', examples: [0] }),
    running: Type.Integer({ description: 'Runs that go on.', examples: [1] }),
    aborting: Type.Integer({ description: 'Runs that are being stopped.', examples: [0] }),
    waiting_subtasks: Type.Integer({ examples: [0] }),
    running_subtasks: Type.Integer({ examples: [4] }),
    oldest_waiting_since: Type.Integer({
      description:
        'When the oldest run was started that has waiting subtasks, Unix seconds; 0 where none waits.',
      examples: [0],
    }),
    held_runs: Type.Integer({ description: 'Runs in the run queue.', examples: [0] }),
    concurrent_runs: Type.Integer({
      description: 'Runs that the plan lets be ready or running at a time; 0 is no limit.',
      examples: [0],
    }),
    slots: Type.Integer({
      description:
        'Subtasks that all runners together can execute at a time, for all accounts; 0 where no runner is up.',
      examples: [8],
    }),
    busy_slots: Type.Integer({ description: 'Of them in use.', examples: [4] }),
  },
  { title: 'Activity', description: 'What goes on and waits' },
);
export type Activity = Answer<typeof Activity>;
