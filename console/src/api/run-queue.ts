/** The run queue: runs that are held until they are activated or released. */
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { call } from './client.ts';
import type { Paged } from './paging.ts';

export type QueueState = 'waiting' | 'inactive';

export interface QueueItem {
  readonly queue_ref: string;
  readonly queue_status: QueueState;
  /** Empty where the worker is gone. */
  readonly worker_path: string;
  readonly worker_title: string;
  readonly version: string;
  /** Unix seconds. */
  readonly created_at: number;
  readonly reason: string;
  /** The run that it became; empty where it was not activated. */
  readonly run_slug: string;
}

export interface QueueOutcome {
  readonly queue_ref: string;
  readonly success: boolean;
  readonly run_slug?: string;
  readonly error?: string;
}

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
      return (await call<{ results: readonly QueueOutcome[] }>(`/run-queue/items/${action}`, { body }))
        .results;
    },
    onSettled: () => client.invalidateQueries({ queryKey: queueKey }),
  });
}

/** Starts the runs of items. */
export function useActivate() {
  return useQueueAction<{ refs: readonly string[] }>('activate');
}

/** Gives items up, for good. */
export function useRelease() {
  return useQueueAction<{ refs: readonly string[]; reason: string }>('release');
}
