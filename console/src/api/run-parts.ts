/** What belongs to a run beside its rows and its log: subtasks, input, usage, callbacks, and why it waits. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { call } from './client.ts';
import type { Paged } from './paging.ts';
import { liveMilliseconds, runPath, runsKey } from './runs.ts';

export const subtaskStatuses = ['ready', 'running', 'succeeded', 'failed'] as const;
export type SubtaskStatus = (typeof subtaskStatuses)[number];

export interface Subtask {
  readonly number: number;
  readonly status: SubtaskStatus;
  /** Unix seconds; 0 for not yet. */
  readonly started_at: number;
  readonly finished_at: number;
  /** Seconds. */
  readonly duration: number;
  /** -1 for none. */
  readonly exit_code: number;
  readonly err_msg: string;
  readonly results: number;
  readonly attempt: number;
}

export interface SubtaskPage extends Paged<Subtask> {
  readonly counts: Readonly<Record<SubtaskStatus, number>>;
}

export const waitReasons = ['not_waiting', 'no_runner', 'no_free_slot', 'starting'] as const;
export type WaitReason = (typeof waitReasons)[number];

export interface RunWaiting {
  readonly reason: WaitReason;
  readonly subtasks: number;
  readonly ahead: number;
  readonly runners: number;
  readonly slots: number;
  readonly slots_in_use: number;
}

export interface UsageEntry {
  readonly kind: string;
  readonly unit: string;
  /** Decimals. */
  readonly quantity: string;
  readonly unit_price: string;
  readonly amount: string;
}

export interface CallbackAttempt {
  readonly number: number;
  /** Unix seconds. */
  readonly started_at: number;
  /** 0 without an answer. */
  readonly status_code: number;
  /** -1 while it is under way. */
  readonly milliseconds: number;
  readonly error: string;
  readonly answer: string;
}

export type CallbackState = 'pending' | 'delivered' | 'given_up';

export interface RunCallback {
  readonly number: number;
  readonly run_status: string;
  readonly state: CallbackState;
  readonly created_at: number;
  /** 0 when there will be none. */
  readonly next_attempt_at: number;
  readonly attempts: readonly CallbackAttempt[];
}

export interface RunCallbacks {
  /** `''` where the run has none. */
  readonly callback_url: string;
  readonly list: readonly RunCallback[];
}

export const subtasksAtOnce = 50;

/** @param isLive whether the run still goes on */
export function subtasksQuery(
  slug: string,
  { status, page }: { status: SubtaskStatus | undefined; page: number },
  isLive: boolean,
) {
  return queryOptions({
    queryKey: [...runsKey, slug, 'subtasks', status, page, isLive],
    queryFn: ({ signal }) =>
      call<SubtaskPage>(`${runPath(slug)}/subtasks`, {
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
      return (await call<{ input: unknown }>(path, { signal, isLossless: true })).input;
    },
    // Comparing would copy the long numbers, which are objects.
    structuralSharing: false,
    staleTime: Infinity,
  });
}

/** Asked for only while the run waits. */
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
    queryFn: ({ signal }) =>
      call<{ usage: string; entries: readonly UsageEntry[] }>(`${runPath(slug)}/usage`, { signal }),
    placeholderData: keepPreviousData,
    refetchInterval: isLive && liveMilliseconds,
  });
}

export function callbacksQuery(slug: string, isLive: boolean) {
  return queryOptions({
    queryKey: [...runsKey, slug, 'callbacks', isLive],
    queryFn: ({ signal }) => call<RunCallbacks>(`${runPath(slug)}/callbacks`, { signal }),
    placeholderData: keepPreviousData,
    // Attempts go on after the run has ended.
    refetchInterval: ({ state }) =>
      (isLive || (state.data?.list.some(({ state: delivery }) => delivery === 'pending') ?? false)) &&
      liveMilliseconds,
  });
}
