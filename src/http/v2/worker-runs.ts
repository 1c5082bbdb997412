/** Lists the runs of an account. */
import { Type } from 'typebox';
import { enumeration } from '../../answers/enumeration.ts';
import { exampleTaskSlug } from '../../answers/examples.ts';

import { RunPage } from '../../answers/runs.ts';
import { invalidArgument } from '../../errors.ts';
import { type RunFilter, checkedLabels, labelLength, runEndReasons, runSorts } from '../../runs/runs.ts';
import { origins, runStatuses } from '../../runs/statuses.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { success } from '../envelope.ts';
import { readSortOrder, sortOrder } from '../sort-order.ts';
import { operation } from '../operation.ts';
import { lastSecond, pageOf, paged, PageQuery, runShape } from './shapes.ts';

const daySeconds = 86_400;

const anyReason = `(${runEndReasons.join('|')})`;

const ListQuery = Type.Object({
  ...PageQuery.properties,
  worker_id: Type.Optional(
    Type.String({ description: 'Worker slug or path. Use owner~name for path values.' }),
  ),
  task_slug: Type.Optional(
    Type.String({
      description: 'Extension: slug of a saved task. An unknown task gives an empty list.',
      examples: [exampleTaskSlug],
    }),
  ),
  status: Type.Optional(enumeration(runStatuses, { description: 'Run status.' })),
  end_reason: Type.Optional(
    Type.String({
      description: `Extension: comma-separated end reasons: ${runEndReasons.join(', ')}.`,
      pattern: `^${anyReason}(,${anyReason}){0,${runEndReasons.length - 1}}$`,
      examples: ['limit,lost'],
    }),
  ),
  pinned: Type.Optional(
    Type.Boolean({ description: 'Extension: true returns pinned runs, false the others.' }),
  ),
  label: Type.Optional(
    Type.String({
      description: 'Extension: runs with this label.',
      maxLength: 4 * labelLength,
      examples: ['nightly'],
    }),
  ),
  start_time: Type.Optional(
    Type.Integer({
      description: 'Runs created at or after this time, Unix seconds.',
      minimum: 0,
      maximum: lastSecond,
    }),
  ),
  end_time: Type.Optional(
    Type.Integer({
      description:
        'Runs created on or before this day, given as the Unix seconds of its start. The whole day is included.',
      minimum: 0,
      maximum: lastSecond - daySeconds,
    }),
  ),
  origin: Type.Optional(enumeration(origins, { description: 'Extension: what started the run.' })),
  sort: Type.Optional(
    sortOrder(runSorts, {
      default: '-created_at',
      description: 'Extension: sort field. A leading - sorts in descending order.',
    }),
  ),
  keyword: Type.Optional(
    Type.String({
      description: 'Extension: start of a run slug, or keyword for worker title or name.',
      maxLength: 200,
    }),
  ),
});

function reasonsOf(list: string | undefined): RunFilter['endReasons'] {
  const named = list?.split(',');
  return named && runEndReasons.filter((reason) => named.includes(reason));
}

interface TimeQuery {
  readonly start_time?: number;
  readonly end_time?: number;
}

function timeFilter(query: TimeQuery): Pick<RunFilter, 'createdFrom' | 'createdBefore'> {
  const { start_time: start, end_time: end } = query;
  if (start !== undefined && end !== undefined && start > end) {
    throw invalidArgument('start_time must not be after end_time');
  }
  return {
    createdFrom: start === undefined ? undefined : new Date(start * 1000),
    createdBefore: end === undefined ? undefined : new Date((end + daySeconds) * 1000),
  };
}

/**
 * The hosted service's rule: both times or neither, within one calendar month (UTC); neither means the current month.
 */
function strictTimeFilter(query: TimeQuery, now: Date): Pick<RunFilter, 'createdFrom' | 'createdBefore'> {
  const { start_time: start, end_time: end } = query;
  if (start === undefined && end === undefined) {
    return { createdFrom: new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1)) };
  }
  if (start === undefined || end === undefined) {
    throw invalidArgument('start_time and end_time must be given together');
  }
  if (new Date(start * 1000).toISOString().slice(0, 7) !== new Date(end * 1000).toISOString().slice(0, 7)) {
    throw invalidArgument('start_time and end_time must be within one calendar month');
  }
  return timeFilter(query);
}

export function addWorkerRunOperations(app: ApiApp, { runs, config }: ApiContext): void {
  app.get(
    '/worker-runs',
    operation({
      id: 'listWorkerRuns',
      tag: 'worker-runs',
      summary: 'List worker runs',
      description:
        'Returns the runs of the account, newest first, filtered by worker, status and time. An unknown worker gives an empty list.',
      querystring: ListQuery,
      data: RunPage,
    }),
    async (request) => {
      const { query } = request;
      const times = config.strictRunMonth ? strictTimeFilter(query, new Date()) : timeFilter(query);
      const page = pageOf(query);
      const filter = {
        workerId: query.worker_id,
        taskSlug: query.task_slug,
        status: query.status,
        endReasons: reasonsOf(query.end_reason),
        origin: query.origin,
        keyword: query.keyword,
        isPinned: query.pinned,
        label: query.label === undefined || query.label === '' ? undefined : checkedLabels([query.label])[0],
        ...readSortOrder(runSorts, query.sort ?? '-created_at'),
        ...times,
      };
      const { count, isCountExact, list } = await runs.list.page(request.accountId, filter, page);
      return success(request, {
        ...paged({ count, list: list.map(runShape) }, page),
        count_is_exact: isCountExact,
      });
    },
  );
}
