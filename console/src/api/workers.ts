/** Workers: the store's and the account's own, one with its input schema, its runs and tasks, its settings. */
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import type { Paged } from '../../../src/answers/pages.ts';
import type { RunPage } from '../../../src/answers/runs.ts';
import type { Task } from '../../../src/answers/tasks.ts';
import type {
  WorkerDescription,
  WorkerDetail as WorkerAnswer,
  WorkerPage,
} from '../../../src/answers/workers.ts';
import { call, segment } from './client.ts';
import { readInputSchema, type InputSchema } from './input-schema.ts';
import { stateQuery, type RunStateFilter } from './run-states.ts';

export type { Worker, WorkerDescription } from '../../../src/answers/workers.ts';

export type SystemParameters = WorkerAnswer['parameters']['system'];

/** A worker with its input schema parsed. */
export interface WorkerDetail extends WorkerAnswer {
  readonly parameters: { readonly custom: InputSchema; readonly system: SystemParameters };
}

export type WorkerScope = 'store' | 'own';

export const workersKey = ['workers'] as const;
const listMilliseconds = 5000;

export interface WorkerFilter {
  readonly keyword?: string;
  readonly category?: number;
  readonly page?: number;
}

export function workersQuery(scope: WorkerScope, { keyword, category, page }: WorkerFilter) {
  return queryOptions({
    queryKey: [...workersKey, scope, keyword, category, page],
    queryFn: ({ signal }) =>
      call<WorkerPage>(scope === 'store' ? '/store' : '/workers', {
        query: { keyword, category, offset: page, limit: 24 },
        signal,
      }),
    placeholderData: keepPreviousData,
  });
}

export function workerQuery(workerId: string) {
  return queryOptions({
    queryKey: [...workersKey, 'one', workerId],
    queryFn: async ({ signal }): Promise<WorkerDetail> => {
      const path = `/workers/${segment(workerId)}`;
      const worker = await call<WorkerAnswer>(path, { signal, isLossless: true });
      const { custom, system } = worker.parameters;
      return { ...worker, parameters: { custom: readInputSchema(custom), system } };
    },
    // Comparing would copy the long numbers in defaults, because they are objects.
    structuralSharing: false,
  });
}

/** The texts that describe a worker, which are not part of its detail. */
export function descriptionQuery(workerId: string) {
  return queryOptions({
    queryKey: [...workersKey, 'description', workerId],
    queryFn: ({ signal }) => call<WorkerDescription>(`/workers/${segment(workerId)}/internal`, { signal }),
  });
}

/** The account's newest run of a worker; null before the first. */
export function lastRunQuery(workerId: string) {
  return queryOptions({
    queryKey: ['runs', 'last', workerId],
    queryFn: async ({ signal }) => {
      const query = { worker_id: workerId, limit: 1 };
      const { list } = await call<RunPage>('/worker-runs', { query, signal });
      return list[0] ?? null;
    },
  });
}

/** The account's runs of a worker. */
export function workerRunsQuery(workerId: string, state: RunStateFilter | undefined, page: number) {
  return queryOptions({
    queryKey: ['runs', 'of-worker', workerId, state, page],
    queryFn: ({ signal }) =>
      call<RunPage>('/worker-runs', {
        query: { worker_id: workerId, ...stateQuery(state), offset: page, limit: 20 },
        signal,
      }),
    placeholderData: keepPreviousData,
    refetchInterval: listMilliseconds,
  });
}

/** The account's tasks of a worker. */
export function workerTasksQuery(workerId: string, page: number) {
  return queryOptions({
    queryKey: ['tasks', 'of-worker', workerId, page],
    queryFn: ({ signal }) =>
      call<Paged<Task>>('/worker-tasks', { query: { worker_id: workerId, offset: page, limit: 20 }, signal }),
    placeholderData: keepPreviousData,
  });
}

/** Omitted fields keep their values. */
interface WorkerChanges {
  readonly title?: string;
  readonly description?: string;
  readonly categories?: number;
  readonly is_public?: boolean;
  /** Data URL of an image; '' removes it. */
  readonly icon?: string;
  /** null allows every host. */
  readonly allowed_hosts?: readonly string[] | null;
}

export function useChangeWorker(workerId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (changes: WorkerChanges) =>
      call<unknown>(`/workers/${segment(workerId)}`, { method: 'PUT', body: changes }),
    onSuccess: () => client.invalidateQueries({ queryKey: workersKey }),
  });
}

export function useDeleteWorker(workerId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => call<void>(`/workers/${segment(workerId)}`, { method: 'DELETE' }),
    onSuccess: () => {
      // The worker's own page would request the deleted worker.
      client.removeQueries({ queryKey: [...workersKey, 'own'] });
      client.removeQueries({ queryKey: [...workersKey, 'store'] });
    },
  });
}
