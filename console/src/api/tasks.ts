/** Saved tasks: a worker with an input, and its schedule. */
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import type { Paged } from '../../../src/answers/pages.ts';
import type { StartedRun } from '../../../src/answers/runs.ts';
import type { CreatedTask, Task } from '../../../src/answers/tasks.ts';
import { scheduleTypes } from '../../../src/tasks/schedule-kinds.ts';
import { call, segment } from './client.ts';
import type { RunRequest } from './run-inputs.ts';

export type { Task } from '../../../src/answers/tasks.ts';
export { scheduleTypes } from '../../../src/tasks/schedule-kinds.ts';

/** The fields of a task that define its schedule. */
export type Schedule = Pick<
  Task,
  | 'schedule_enabled'
  | 'schedule_type'
  | 'schedule_time'
  | 'schedule_weekday'
  | 'schedule_day'
  | 'schedule_once_date'
  | 'schedule_timezone'
  | 'schedule_overlap'
  | 'schedule_missed'
>;

export type ScheduleKind = keyof typeof scheduleTypes;

/** @returns undefined if the task has no schedule */
export function kindOf(type: number): ScheduleKind | undefined {
  const kinds = Object.keys(scheduleTypes) as ScheduleKind[];
  return kinds.find((kind) => scheduleTypes[kind] === type);
}

const tasksKey = ['tasks'] as const;
const taskMilliseconds = 5000;

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

/** Polled, because runs and the scheduler change it. */
export function taskQuery(slug: string) {
  return queryOptions({
    queryKey: [...tasksKey, slug],
    queryFn: ({ signal }) => call<Task>(taskPath(slug), { signal }),
    refetchInterval: taskMilliseconds,
  });
}

export interface NewTask {
  readonly title: string;
  readonly request: RunRequest;
  readonly schedule?: Partial<Schedule> | undefined;
}

export function useCreateTask(workerId: string) {
  return useTaskMutation(({ title, request, schedule }: NewTask) =>
    call<CreatedTask>('/worker-tasks', { body: { worker_id: workerId, title, ...request, ...schedule } }),
  );
}

export function useRenameTask(slug: string) {
  return useTaskMutation((title: string) =>
    call<unknown>(taskPath(slug), { method: 'PUT', body: { title } }),
  );
}

/** Sets the callback URL of the task's runs; `''` for that of the account. */
export function useSetTaskCallback(slug: string) {
  return useTaskMutation((url: string) =>
    call<unknown>(taskPath(slug), { method: 'PUT', body: { callback_url: url } }),
  );
}

export function useSaveTaskInput(slug: string) {
  return useTaskMutation(({ input, version = 'latest' }: RunRequest) =>
    call<unknown>(`${taskPath(slug)}/input`, { method: 'PUT', body: { input, version } }),
  );
}

export function useDeleteTask(slug: string) {
  return useTaskMutation(() => call<void>(taskPath(slug), { method: 'DELETE' }));
}

export function useRunTask(slug: string) {
  return useTaskMutation(() => call<StartedRun>(`${taskPath(slug)}/runs`, { body: {} }));
}

/** Leaves out the fields that the kind of schedule does not use: the API refuses them, even empty. */
export function useSchedule(slug: string) {
  return useTaskMutation((schedule: Partial<Schedule>) =>
    call<unknown>(taskPath(slug), { method: 'PUT', body: schedule }),
  );
}
