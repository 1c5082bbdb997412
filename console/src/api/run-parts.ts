/** Parts of a run besides its rows and its log: subtasks, input, usage, callbacks, and why it waits. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import type { RunCallbacks } from '../../../src/answers/callbacks.ts';
import type { RunWaiting, SubtaskDetail, SubtaskList } from '../../../src/answers/subtasks.ts';
import type { RunUsage } from '../../../src/answers/usage.ts';
import type { SubtaskStatus } from '../../../src/runs/statuses.ts';
import { call } from './client.ts';
import { liveMilliseconds, runPath, runsKey } from './runs.ts';

export type { RunUsage } from '../../../src/answers/usage.ts';
export type { CallbackAttempt, RunCallback } from '../../../src/answers/callbacks.ts';
export type { Subtask } from '../../../src/answers/subtasks.ts';
export type { CallbackState } from '../../../src/callbacks/callback-states.ts';
export { subtaskStatuses, type SubtaskStatus } from '../../../src/runs/statuses.ts';

export const subtasksAtOnce = 50;

/** @param isLive whether the run is still going on */
export function subtasksQuery(
  slug: string,
  { status, page }: { status: SubtaskStatus | undefined; page: number },
  isLive: boolean,
) {
  return queryOptions({
    queryKey: [...runsKey, slug, 'subtasks', status, page, isLive],
    queryFn: ({ signal }) =>
      call<SubtaskList>(`${runPath(slug)}/subtasks`, {
        query: { status, offset: page, limit: subtasksAtOnce },
        signal,
      }),
    placeholderData: keepPreviousData,
    refetchInterval: isLive && liveMilliseconds,
  });
}

export function subtaskInputQuery(slug: string, number: number) {
  return queryOptions({
    queryKey: [...runsKey, slug, 'subtask', number],
    queryFn: async ({ signal }) => {
      const path = `${runPath(slug)}/subtasks/${number}`;
      return (await call<SubtaskDetail>(path, { signal, isLossless: true })).input;
    },
    // Comparing would copy the long numbers, because they are objects.
    structuralSharing: false,
    staleTime: Infinity,
  });
}

/** Used only while the run waits. */
export function waitingQuery(slug: string) {
  return queryOptions({
    queryKey: [...runsKey, slug, 'waiting'],
    queryFn: ({ signal }) => call<RunWaiting>(`${runPath(slug)}/waiting`, { signal }),
    refetchInterval: liveMilliseconds,
  });
}

export function usageQuery(slug: string, isLive: boolean) {
  return queryOptions({
    queryKey: [...runsKey, slug, 'usage', isLive],
    queryFn: ({ signal }) => call<RunUsage>(`${runPath(slug)}/usage`, { signal }),
    placeholderData: keepPreviousData,
    refetchInterval: isLive && liveMilliseconds,
  });
}

export function callbacksQuery(slug: string, isLive: boolean) {
  return queryOptions({
    queryKey: [...runsKey, slug, 'callbacks', isLive],
    queryFn: ({ signal }) => call<RunCallbacks>(`${runPath(slug)}/callbacks`, { signal }),
    placeholderData: keepPreviousData,
    // Attempts continue after the run has ended.
    refetchInterval: ({ state }) =>
      (isLive || (state.data?.list.some(({ state: delivery }) => delivery === 'pending') ?? false)) &&
      liveMilliseconds,
  });
}
