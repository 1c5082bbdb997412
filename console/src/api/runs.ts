/** Runs: the list, one run, its log, results and exports, and its actions. */
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import type { Run, RunPage, StartedRun } from '../../../src/answers/runs.ts';
import { isFinished } from '../../../src/runs/statuses.ts';
import { call, segment } from './client.ts';
import { stateQuery, type RunStateFilter } from './run-states.ts';

export type { Run } from '../../../src/answers/runs.ts';
export { isFinished, origins } from '../../../src/runs/statuses.ts';

export interface RunFilter {
  readonly state?: RunStateFilter | undefined;
  /** `owner~name` or slug. */
  readonly worker?: string | undefined;
  /** Slug of a saved task. */
  readonly task?: string | undefined;
  readonly origin?: string | undefined;
  readonly keyword?: string | undefined;
  /** Only pinned runs. */
  readonly pinned?: true | undefined;
  readonly label?: string | undefined;
  /** Unix seconds. */
  readonly from?: number | undefined;
  /** Unix seconds of the start of the last day. */
  readonly to?: number | undefined;
  /** `-created_at` */
  readonly sort?: string | undefined;
  readonly page: number;
  readonly size?: number;
}

/** Tabs of a run's page, by their names in the URL. */
export const runTabs = [
  'results',
  'files',
  'log',
  'subtasks',
  'network',
  'input',
  'usage',
  'callbacks',
] as const;
export type RunTab = (typeof runTabs)[number];

export const runsKey = ['runs'] as const;
/** Interval for refreshing the figures of a live run. */
export const liveMilliseconds = 1000;
const listMilliseconds = 5000;

/** Path in the API. */
export function runPath(slug: string): string {
  return `/worker-runs/${segment(slug)}`;
}

export function runsQuery(filter: RunFilter) {
  const { state, worker, task, origin, keyword, pinned, label, from, to, sort, page, size = 20 } = filter;
  return queryOptions({
    queryKey: [...runsKey, 'list', filter],
    queryFn: ({ signal }) =>
      call<RunPage>('/worker-runs', {
        query: {
          ...stateQuery(state),
          worker_id: worker,
          task_slug: task,
          origin,
          keyword,
          pinned,
          label,
          start_time: from,
          end_time: to,
          sort,
          offset: page,
          limit: size,
        },
        signal,
      }),
    placeholderData: keepPreviousData,
    refetchInterval: listMilliseconds,
  });
}

export function runQuery(slug: string) {
  return queryOptions({
    queryKey: [...runsKey, slug, 'run'],
    queryFn: ({ signal }) => call<Run>(runPath(slug), { signal }),
    refetchInterval: ({ state }) =>
      state.data !== undefined && isFinished(state.data.status) ? false : liveMilliseconds,
  });
}

export function useAbortRun(slug: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => call<void>(`${runPath(slug)}/abort`, { method: 'POST', body: {} }),
    onSettled: () => client.invalidateQueries({ queryKey: runsKey }),
  });
}

export function useRerun(slug: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => call<StartedRun>(`${runPath(slug)}/rerun`, { body: {} }),
    onSuccess: () => client.invalidateQueries({ queryKey: runsKey }),
  });
}
