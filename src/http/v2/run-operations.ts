/**
 * The operations on one run, in the three ways to address it: by slug, as the account's last run, and as the last run
 * of a worker. "last" is the newest run in scope, whatever its status.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { RunLog } from '../../answers/logs.ts';
import { ListedRows, type FoundRows } from '../../answers/results.ts';
import { Run, RunAnswer } from '../../answers/runs.ts';
import { ChelaError, invalidArgument } from '../../errors.ts';
import { chosenColumns, numberAfter } from '../../results/results.ts';
import { isEverything, type RowSelection } from '../../results/row-selection.ts';
import type { RunRecord } from '../../runs/runs.ts';
import { isFinished } from '../../runs/statuses.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { actorOf, originOf } from '../authentication.ts';
import { success, type SuccessWith } from '../envelope.ts';
import { answerWithRows } from '../row-answer.ts';
import { operation, paramsOf, startErrors } from '../operation.ts';
import { answerRun, callbackUrlOf, idempotencyOf, StartHeaders } from './run-answers.ts';
import { optionalSearch, orderAndFilter, selectionOf } from './row-selection.ts';
import { runStatusCallback } from './run-status-callback.ts';
import {
  logLineShape,
  pageOf,
  paged,
  PageQuery,
  RunOptions,
  RunParams,
  runShape,
  WorkerParams,
} from './shapes.ts';

/** Maximum time to search the rows of a run for one request. */
const searchMilliseconds = 2000;

/** Parses column names separated by commas. @returns undefined if there are none */
export function keysOf(list: string | undefined): string[] | undefined {
  const keys = (list ?? '')
    .split(',')
    .map((key) => key.trim())
    .filter((key) => key !== '');
  return keys.length === 0 ? undefined : keys;
}

/** Query parameter that selects columns. */
export const chosenKeys = Type.Optional(
  Type.String({
    description: 'Extension: comma-separated keys of the columns to return. All columns if omitted.',
    examples: ['title,price'],
  }),
);

/** Query parameter that shortens rows. */
export const textLimit = Type.Optional(
  Type.Integer({
    description:
      'Extension: cuts texts with more characters than this. A row with cut texts has __coreclaw_cut__: an object with the number of characters in these texts, by column.',
    minimum: 100,
    maximum: 1_000_000,
  }),
);

const ResultQuery = Type.Object({
  ...PageQuery.properties,
  search: optionalSearch,
  ...orderAndFilter,
  filter_keys: chosenKeys,
  text_limit: textLimit,
  after: Type.Optional(
    Type.String({
      description:
        'Extension: returns the rows after the row with this __coreclaw_data_id__ and ignores offset. Use it to read new rows while a run is in progress. It cannot be combined with search, filter and sort.',
    }),
  ),
});

interface RunScope {
  readonly url: string;
  /** Used in operation ids, `get…`, `abort…`. */
  readonly noun: string;
  /** Used in summaries. */
  readonly phrase: string;
  readonly note: string;
  readonly params: typeof RunParams | typeof WorkerParams | undefined;
  readonly find: (request: FastifyRequest) => Promise<RunRecord>;
}

export function logPath(run: { slug: string }): string {
  return `/files/runs/${run.slug}/log.txt`;
}

export function runScopes({ runs }: ApiContext): RunScope[] {
  return [
    {
      url: '/worker-runs/:runId',
      noun: 'WorkerRun',
      phrase: 'worker run',
      note: 'Identify the run by its slug.',
      params: RunParams,
      find: async (request) => {
        const { runId } = paramsOf(request, RunParams);
        const run = await runs.read.bySlug(request.accountId, runId);
        if (run === undefined) throw new ChelaError('NOT_FOUND', `run ${runId} does not exist`);
        return run;
      },
    },
    {
      url: '/worker-runs/last',
      noun: 'LastWorkerRun',
      phrase: 'last worker run',
      note: 'Applies to the newest run of the account, whatever its worker and status.',
      params: undefined,
      find: async (request) => {
        const run = await runs.read.last(request.accountId);
        if (run === undefined) throw new ChelaError('NOT_FOUND', 'this account has no runs yet');
        return run;
      },
    },
    {
      url: '/workers/:workerId/runs/last',
      noun: 'WorkerLastRun',
      phrase: 'worker last run',
      note: 'Applies only to the latest run of this worker in your account, whatever its status. To address a specific run, use an operation with runId.',
      params: WorkerParams,
      find: async (request) => {
        const { workerId } = paramsOf(request, WorkerParams);
        const run = await runs.read.lastOfWorker(request.accountId, workerId);
        if (run === 'no worker') throw new ChelaError('NOT_FOUND', `worker ${workerId} does not exist`);
        if (run === 'no run') throw new ChelaError('NOT_FOUND', `worker ${workerId} has no runs yet`);
        return run;
      },
    },
  ];
}

/** @throws ChelaError RUN_FAILED if the run has ended */
export async function abortAtRequest(
  { runs, logs, accounts }: ApiContext,
  request: FastifyRequest,
  run: RunRecord,
): Promise<void> {
  await runs.abort(run.id);
  // Otherwise the log of a run that never started would be empty.
  if (run.started_at === null) await logs.note(run, 'run aborted by user');
  await accounts.audit.record(actorOf(request), { action: 'run.aborted', subject: run.slug });
}

/** Adds the operations for every scope. */
export function addRunOperations(app: ApiApp, context: ApiContext): void {
  for (const scope of runScopes(context)) addScope(app, context, scope);
}

function addScope(app: ApiApp, context: ApiContext, scope: RunScope): void {
  const { runs, results, logs, links } = context;
  const { params } = scope;
  const tag = 'worker-runs';

  app.get(
    scope.url,
    operation({
      id: `get${scope.noun}`,
      tag,
      summary: `Get ${scope.phrase}`,
      description: `Returns status, times, number of results and cost of a run. ${scope.note}`,
      params,
      data: Run,
    }),
    async (request) => success(request, runShape(await scope.find(request))),
  );

  app.post(
    `${scope.url}/abort`,
    operation({
      id: `abort${scope.noun}`,
      tag,
      summary: `Abort ${scope.phrase}`,
      description: `Stops a run and all its processes. The status is aborting until they have ended, then failed. Rows stored so far are kept. ${scope.note}`,
      params,
      errors: ['RUN_NOT_FOUND', 'RUN_FAILED'],
    }),
    async (request) => {
      await abortAtRequest(context, request, await scope.find(request));
      return success(request);
    },
  );

  app.get(
    `${scope.url}/log`,
    operation({
      id: `get${scope.noun}Log`,
      tag,
      summary: `Get ${scope.phrase} log`,
      description: `Returns the newest lines of a run's log, and a link to the complete log. ${scope.note}`,
      params,
      data: RunLog,
    }),
    async (request) => {
      const run = await scope.find(request);
      return success(request, {
        all_logs_url: links.sign(context.baseUrl(request), logPath(run)),
        list: (await logs.recent(run)).map(logLineShape),
        result_count: run.result_count,
      });
    },
  );

  app.post(
    `${scope.url}/rerun`,
    operation({
      id: `rerun${scope.noun}`,
      tag,
      summary: `Rerun ${scope.phrase}`,
      description: `Starts a new run with the input, version and limits of an earlier run. ${scope.note}`,
      params,
      body: RunOptions,
      headers: StartHeaders,
      errors: startErrors.filter((key) => key !== 'WORKER_VERSION_UNAVAILABLE'),
      callbacks: runStatusCallback,
      data: RunAnswer,
    }),
    async (request, reply) => {
      const source = await scope.find(request);
      const started = await runs.rerun(request.accountId, source, {
        origin: originOf(request),
        callbackUrl: callbackUrlOf(request.body),
        idempotency: idempotencyOf(request),
        labels: request.body.labels,
      });
      return answerRun(context, request, reply, { started, body: request.body });
    },
  );

  app.get(
    `${scope.url}/result`,
    operation({
      id: `list${scope.noun}Results`,
      tag,
      summary: `List ${scope.phrase} results`,
      description: `Returns the rows of a run by page, in order of arrival. As an extension, search, filter and sort select and sort them; the answer then says whether all rows were searched. ${scope.note}`,
      params,
      querystring: ResultQuery,
      data: ListedRows,
    }),
    async (request, reply) => {
      const run = await scope.find(request);
      const page = pageOf(request.query);
      const { after, filter_keys: keys, text_limit: limit } = request.query;
      const selection = selectionOf(request.query);
      if (!isEverything(selection)) {
        if (after !== undefined)
          throw invalidArgument('after cannot be combined with search, filter and sort');
        const budget = { budgetMilliseconds: searchMilliseconds };
        const selected = { page, keys: keysOf(keys), textLimit: limit, ...budget };
        return answerWithSelected(context, request, reply, { run, selection, ...selected });
      }
      const first = after === undefined ? (page.number - 1) * page.size : numberAfter(run, after);
      if (first === undefined)
        throw invalidArgument(`after must be the __coreclaw_data_id__ of a row of run ${run.slug}`);
      const number = after === undefined ? page.number : Math.floor(first / page.size) + 1;
      const [headers, rows] = await Promise.all([
        results.headers(run),
        results.rows(run, first, page.size, limit),
      ]);
      return answerWithRows(request, reply, chosenColumns(rows, keysOf(keys)), (list) => ({
        ...paged({ count: run.result_count, list }, { ...page, number }),
        headers,
      }));
    },
  );
}

interface SelectedPage {
  readonly run: RunRecord;
  readonly selection: RowSelection;
  readonly page: { readonly number: number; readonly size: number };
  readonly keys: readonly string[] | undefined;
  readonly textLimit: number | undefined;
  readonly budgetMilliseconds?: number;
  /** Number of the row, from 1, whose place among the selected ones is wanted. */
  readonly placeOf?: number | undefined;
}

/** Answers with a page of selected rows, and how far the search has got. */
export async function answerWithSelected(
  { results }: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
  { run, selection, page, keys, ...options }: SelectedPage,
): Promise<SuccessWith<FoundRows>> {
  const [headers, found] = await Promise.all([
    results.headers(run),
    results.select(run, selection, page, { isFinal: isFinished(run.status), ...options }),
  ]);
  return answerWithRows(request, reply, chosenColumns(found.list, keys), (list) => ({
    ...paged({ count: found.count, list }, page),
    headers,
    ...(found.place !== undefined && { place: found.place }),
    searched: found.searched,
    total: run.result_count,
    is_complete: found.searched >= run.result_count,
  }));
}
