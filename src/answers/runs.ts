/** Runs: the summary, the answer to starting one, and its input. */
import { Type } from 'typebox';
import { origins, runStatuses } from '../runs/statuses.ts';
import type { Answer } from './answer.ts';
import { enumeration } from './enumeration.ts';
import { runEndFields } from './ends.ts';
import { exampleInput, exampleRunSlug, exampleWorkerSlug } from './examples.ts';
import { pagedSchema } from './pages.ts';
import { ResultPage } from './results.ts';

export const Run = Type.Object(
  {
    slug: Type.String({ description: 'Identifier of the run.', examples: [exampleRunSlug] }),
    run_slug: Type.String({ description: 'Same as slug.', examples: [exampleRunSlug] }),
    scraper_slug: Type.String({
      description: 'Slug of the worker; usable as workerId.',
      examples: [exampleWorkerSlug],
    }),
    scraper_title: Type.String({ description: 'Title of the worker.', examples: ['Hello'] }),
    version: Type.String({ description: 'Version of the worker that runs.', examples: ['v1.0.1'] }),
    status: enumeration(runStatuses, {
      description:
        'ready: waiting for a runner; running; aborting: being stopped; succeeded and failed are final.',
      examples: ['succeeded'],
    }),
    results: Type.Integer({ description: 'Rows stored so far.', examples: [3] }),
    usage: Type.String({ description: 'Cost so far, a decimal number.', examples: ['1.00'] }),
    traffic: Type.Integer({ description: 'Bytes through the proxy, in both directions.', examples: [0] }),
    origin: enumeration(origins, { description: 'What started the run.', examples: ['api_v2'] }),
    started_at: Type.Integer({ description: 'Unix seconds; 0 before the start.', examples: [1_782_091_200] }),
    finished_at: Type.Integer({ description: 'Unix seconds; 0 before the end.', examples: [1_782_091_210] }),
    duration: Type.Integer({
      description: 'Seconds from start to end, or until now if the run has not ended.',
      examples: [10],
    }),
    err_msg: Type.String({
      description: 'Reason for the failure; empty if the run did not fail.',
      examples: [''],
    }),
    ...runEndFields,
    task_slug: Type.String({
      description:
        'Extension: slug of the saved task that was run; empty if there was none, or it was deleted.',
      examples: [''],
    }),
    task_title: Type.String({
      description: 'Extension: title of the saved task; empty if there was none, or it was deleted.',
      examples: [''],
    }),
    pinned: Type.Boolean({
      description: 'Extension: whether the run is kept beyond the retention.',
      examples: [false],
    }),
    labels: Type.Array(Type.String(), {
      description: 'Extension: labels of the run, in the order they were given.',
      examples: [['nightly']],
    }),
  },
  { title: 'Run', description: 'A run' },
);
export type Run = Answer<typeof Run>;

export const RunInput = Type.Object(
  {
    input: Type.Unknown({ description: 'Input, exactly as it was sent.', examples: [exampleInput] }),
    version: Type.String({ description: 'Version of the worker that ran.', examples: ['v1.0.1'] }),
  },
  { title: 'RunInput', description: 'Input and version of a run' },
);
export type RunInput = Answer<typeof RunInput>;

export const RunPreview = Type.Object(
  {
    version: Type.String({ description: 'Version that would run.', examples: ['v1.0.1'] }),
    subtasks: Type.Integer({ description: 'Number of subtasks the run would have.', examples: [1] }),
    subtask_limit: Type.Integer({ description: 'Maximum number of subtasks of a run.', examples: [10_000] }),
  },
  { title: 'RunPreview', description: 'Preview of a run' },
);
export type RunPreview = Answer<typeof RunPreview>;

export const RunLabels = Type.Object(
  {
    list: Type.Array(
      Type.Object({
        label: Type.String({ examples: ['nightly'] }),
        runs: Type.Integer({
          description: 'Number of runs with it, of the newest 10,000 labeled runs.',
          examples: [12],
        }),
      }),
    ),
  },
  { title: 'RunLabels', description: 'The labels in use' },
);
export type RunLabels = Answer<typeof RunLabels>;

export const RunOutcomes = Type.Object(
  {
    results: Type.Array(
      Type.Object({
        run_slug: Type.String({ description: 'Run in the request.', examples: [exampleRunSlug] }),
        success: Type.Boolean({ description: 'Whether the operation succeeded.', examples: [true] }),
        new_run_slug: Type.Optional(
          Type.String({ description: 'The run that was started.', examples: ['01KKDXV2G26BT7NH4ZQR2R4NPZ'] }),
        ),
        error: Type.Optional(
          Type.String({
            description: 'Why the operation failed.',
            examples: ['run 01KKDXV2G26BT7NH4ZQR2R4NPZ does not exist'],
          }),
        ),
      }),
      { description: 'One entry for each run, in the order of the request.' },
    ),
  },
  { title: 'RunOutcomes', description: 'Outcome for each run' },
);
export type RunOutcomes = Answer<typeof RunOutcomes>;
export type RunOutcome = RunOutcomes['results'][number];

export const RunPage = Type.Object({
  ...pagedSchema(Run).properties,
  count_is_exact: Type.Boolean({
    description:
      'Extension: false if too many runs match a filter on labels, pins, end reasons or slugs to count them all. `count` is at least 10,000 then, and the pages go on.',
    examples: [true],
  }),
});
export type RunPage = Answer<typeof RunPage>;

export const StartedRun = Type.Object(
  { run_slug: Type.String({ description: 'Identifier of the new run.', examples: [exampleRunSlug] }) },
  { title: 'StartedRun', description: 'A run that was started' },
);
export type StartedRun = Answer<typeof StartedRun>;

const FinishedRun = Type.Object(
  {
    run_slug: Type.String({ examples: [exampleRunSlug] }),
    run_status: enumeration(runStatuses, { examples: ['succeeded'] }),
    is_finished: Type.Boolean({ description: 'false if the wait timed out. The run continues.' }),
    error_message: Type.String({ description: 'Reason for the failure; empty if the run did not fail.' }),
    result_message: Type.String({ examples: ['3 results'] }),
    execution_start_timestamp: Type.Integer({ description: 'Unix seconds; 0 before the start.' }),
    execution_end_timestamp: Type.Integer({ description: 'Unix seconds; 0 before the end.' }),
    running_duration: Type.Integer({ description: 'Seconds.' }),
    ...runEndFields,
    results: ResultPage,
  },
  { title: 'FinishedRun', description: 'The outcome of a synchronous run' },
);

/**
 * The answer of every operation that starts a run. The wider schema comes first: the first that matches is serialized.
 */
export const RunAnswer = Type.Union([FinishedRun, StartedRun]);
export type RunAnswer = Answer<typeof RunAnswer>;
