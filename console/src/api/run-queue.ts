/** The run queue: runs that are held until they are activated or released. */
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import type { Paged } from '../../../src/answers/pages.ts';
import type { QueueItem, QueueOutcomes } from '../../../src/answers/run-queue.ts';
import type { QueueState } from '../../../src/runs/queue-states.ts';
import { call } from './client.ts';

export type { QueueItem, QueueOutcome } from '../../../src/answers/run-queue.ts';
export type { QueueState } from '../../../src/runs/queue-states.ts';

const queueKey = ['run-queue'] as const;
const refreshMilliseconds = 5000;

export function queueItemsQuery(status: QueueState, page: number, size: number) {
  return queryOptions({
    queryKey: [...queueKey, { status, page, size }],
    queryFn: ({ signal }) =>
      call<Paged<QueueItem>>('/run-queue/items', { query: { status, offset: page, limit: size }, signal }),
    placeholderData: keepPreviousData,
    refetchInterval: refreshMilliseconds,
  });
}

function useQueueAction<Variables extends { readonly refs: readonly string[] }>(
  action: 'activate' | 'release',
) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ refs, ...more }: Variables) => {
      const body = { queue_refs: refs, ...more };
      return (await call<QueueOutcomes>(`/run-queue/items/${action}`, { body })).results;
    },
    onSettled: () => client.invalidateQueries({ queryKey: queueKey }),
  });
}

/** Activates items, which starts their runs. */
export function useActivate() {
  return useQueueAction<{ refs: readonly string[] }>('activate');
}

/** Releases items, which discards them for good. */
export function useRelease() {
  return useQueueAction<{ refs: readonly string[]; reason: string }>('release');
}
