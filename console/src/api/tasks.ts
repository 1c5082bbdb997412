/** Saved tasks: a worker with an input, and its schedule. */
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { call, segment } from './client.ts';
import type { Paged } from './paging.ts';
import type { RunRequest } from './run-inputs.ts';

/** 0 where none was set. */
export const scheduleTypes = { daily: 1, weekly: 2, monthly: 3, once: 4 } as const;
export type ScheduleKind = keyof typeof scheduleTypes;

/** @returns undefined where no schedule was set */
export function kindOf(type: number): ScheduleKind | undefined {
  const kinds = Object.keys(scheduleTypes) as ScheduleKind[];
  return kinds.find((kind) => scheduleTypes[kind] === type);
}

export interface Schedule {
  /** 0 disabled, 1 enabled. */
  readonly schedule_enabled: number;
  readonly schedule_type: number;
  /** `HH:mm` */
  readonly schedule_time: string;
  /** 1 Monday to 7 Sunday. */
  readonly schedule_weekday: number;
  readonly schedule_day: number;
  /** `YYYY-MM-DD` */
  readonly schedule_once_date: string;
  /** IANA name; '' for that of the account. */
  readonly schedule_timezone: string;
}

export interface Task extends Schedule {
  readonly slug: string;
  readonly title: string;
  readonly worker_path: string;
  readonly worker_title: string;
  readonly run_times: number;
  readonly last_run_id: string;
  /** Unix seconds; 0 where it does not run by itself. */
  readonly schedule_next_at: number;
  readonly schedule_last_message: string;
}

const tasksKey = ['tasks'] as const;

function taskPath(slug: string): string {
  return `/worker-tasks/${segment(slug)}`;
}

export interface TaskFilter {
  readonly keyword?: string | undefined;
  /** `owner~name` or slug. */
  readonly worker?: string | undefined;
  readonly scheduled?: boolean | undefined;
  /** `-created_at` */
  readonly sort?: string | undefined;
  readonly page: number;
  readonly size?: number;
}

export function tasksQuery(filter: TaskFilter) {
  const { keyword, worker, scheduled, sort, page, size = 20 } = filter;
  return queryOptions({
    queryKey: [...tasksKey, filter],
    queryFn: ({ signal }) =>
      call<Paged<Task>>('/worker-tasks', {
        query: { keyword, worker_id: worker, scheduled, sort, offset: page, limit: size },
        signal,
      }),
    placeholderData: keepPreviousData,
  });
}

function useTaskMutation<Variables, Data>(mutationFn: (variables: Variables) => Promise<Data>) {
  const client = useQueryClient();
  return useMutation({ mutationFn, onSuccess: () => client.invalidateQueries({ queryKey: tasksKey }) });
}

export function useCreateTask(workerId: string) {
  return useTaskMutation(({ title, request }: { title: string; request: RunRequest }) =>
    call<{ slug: string }>('/worker-tasks', { body: { worker_id: workerId, title, ...request } }),
  );
}

export function useDeleteTask(slug: string) {
  return useTaskMutation(() => call<void>(taskPath(slug), { method: 'DELETE' }));
}

export function useRunTask(slug: string) {
  return useTaskMutation(() => call<{ run_slug: string }>(`${taskPath(slug)}/runs`, { body: {} }));
}

/** What a schedule of another kind has no use for is left out: the API refuses an empty value of it. */
export function useSchedule(slug: string) {
  return useTaskMutation((schedule: Partial<Schedule>) =>
    call<unknown>(taskPath(slug), { method: 'PUT', body: schedule }),
  );
}
