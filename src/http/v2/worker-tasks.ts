/** Saved tasks: a worker with an input, run by hand or by a schedule. */
import { Type, type Static } from 'typebox';
import { parseJson } from '../../json/lossless-json.ts';
import {
  type TaskRecord,
  missedPolicies,
  overlapPolicies,
  scheduleTypes,
  taskSorts,
  tickOutcomes,
} from '../../tasks/tasks.ts';
import { workerPath } from '../../workers/workers.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { success } from '../envelope.ts';
import { enumeration, readSortOrder, sortOrder } from '../enumeration.ts';
import { operation } from '../operation.ts';
import { answerRun, callbackUrlOf, idempotencyOf, StartHeaders } from './run-answers.ts';
import { runStatusCallback } from './run-status-callback.ts';
import { pageOf, paged, pagedSchema, PageQuery, RerunBody, RunAnswer, unixSeconds } from './shapes.ts';

const exampleTaskSlug = '01KKDXW7N4T0B3R6Y9Z2M5C8F1';
const exampleInput = { parameters: { custom: { names: ['Ada'] } } };
/** Characters. */
const longest = { title: 255, description: 10_000 };

const TaskParams = Type.Object({
  workerTaskId: Type.String({ description: 'Worker task slug', examples: [exampleTaskSlug] }),
});

const ListQuery = Type.Object({
  ...PageQuery.properties,
  worker_id: Type.Optional(
    Type.String({ description: 'Worker slug or path. Use owner~name for path values.' }),
  ),
  keyword: Type.Optional(Type.String({ description: 'Keyword for task title or slug' })),
  scheduled: Type.Optional(
    Type.Boolean({ description: 'Extension: tasks whose schedule is switched on, or the others.' }),
  ),
  sort: Type.Optional(
    sortOrder(taskSorts, {
      default: '-created_at',
      description: 'Extension: what the list is sorted by, with - in front from the newest or largest down.',
    }),
  ),
});

const title = Type.String({
  description: 'Title of the task.',
  minLength: 1,
  maxLength: longest.title,
  pattern: String.raw`\S`,
  examples: ['Names of the day'],
});
const description = Type.String({ description: 'What it is for.', maxLength: longest.description });
const input = Type.Unknown({
  description: 'Worker fields under parameters.custom, limits under parameters.system.',
  examples: [exampleInput],
});
const version = Type.String({
  description: 'Version to run; latest, the default, is the one that is current when a run starts.',
  examples: ['latest'],
});

/** Not one of the published fields; an empty text follows the account. */
const timezone = {
  description: 'Extension: IANA name of the time zone; empty for that of the account.',
  examples: ['Europe/Berlin'],
};
const overlap = enumeration(overlapPolicies, {
  description:
    'Extension: what becomes of a tick while a run of the task goes on. skip leaves it out, allow starts a run beside the other, queue starts it when the other has ended.',
  examples: ['skip'],
});
const missed = enumeration(missedPolicies, {
  description:
    'Extension: what becomes of ticks that were missed because nothing ran: one run for all of them, or none.',
  examples: ['run_once'],
});

const scheduleFields = {
  schedule_enabled: Type.Optional(
    enumeration([0, 1], { description: '0 disabled, 1 enabled.', examples: [1] }),
  ),
  schedule_type: Type.Optional(
    enumeration(Object.values(scheduleTypes), {
      description: '1 daily, 2 weekly, 3 monthly, 4 once.',
      examples: [2],
    }),
  ),
  schedule_time: Type.Optional(
    Type.String({ description: 'HH:mm in the time zone of the schedule.', examples: ['09:30'] }),
  ),
  schedule_weekday: Type.Optional(
    enumeration([1, 2, 3, 4, 5, 6, 7], {
      minimum: 1,
      maximum: 7,
      description: 'Of a weekly schedule: 1 Monday to 7 Sunday.',
      examples: [1],
    }),
  ),
  schedule_day: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 31,
      description: 'Of a monthly schedule; in a month without that day it is the last one.',
      examples: [31],
    }),
  ),
  schedule_once_date: Type.Optional(
    Type.String({ description: 'YYYY-MM-DD of a schedule that runs once.', examples: ['2027-01-31'] }),
  ),
  schedule_timezone: Type.Optional(Type.String(timezone)),
  schedule_overlap: Type.Optional(overlap),
  schedule_missed: Type.Optional(missed),
};

const CreateBody = Type.Object(
  {
    worker_id: Type.String({
      description: 'Worker slug or path. Use owner~name for path values.',
      examples: ['chela~hello'],
    }),
    title,
    input,
    description: Type.Optional(description),
    version: Type.Optional(version),
    ...scheduleFields,
  },
  { additionalProperties: false },
);

const UpdateBody = Type.Object(
  { title: Type.Optional(title), description: Type.Optional(description), ...scheduleFields },
  { additionalProperties: false },
);

const UpdateInputBody = Type.Object(
  { input, version: Type.Optional({ ...version, description: 'Version to run; kept where left out.' }) },
  { additionalProperties: false },
);

const Task = Type.Object(
  {
    id: Type.Integer({ description: 'Number of the task; no identifier.', examples: [2001] }),
    slug: Type.String({ description: 'Identifier of the task.', examples: [exampleTaskSlug] }),
    title,
    description,
    version,
    input,
    worker_slug: Type.String({
      description: 'Slug of the worker; usable as workerId.',
      examples: ['01KKDXTQ8S5W1C9J4Y6M3B7A0E'],
    }),
    worker_path: Type.String({
      description: 'owner~name; empty where the worker is gone.',
      examples: ['chela~hello'],
    }),
    worker_title: Type.String({ description: 'Empty where the worker is gone.', examples: ['Hello'] }),
    run_times: Type.Integer({ description: 'How often it ran.', examples: [12] }),
    last_run_id: Type.String({
      description: 'Slug of its newest run; empty before the first.',
      examples: ['01KKDXV2G26BT7NH4ZQR2R4NPZ'],
    }),
    last_modified_at: Type.Integer({ description: 'Unix seconds.', examples: [1_782_091_200] }),
    schedule_enabled: Type.Integer({ description: '0 disabled, 1 enabled.', examples: [1] }),
    schedule_type: Type.Integer({
      description: '1 daily, 2 weekly, 3 monthly, 4 once; 0 where none was set.',
      examples: [2],
    }),
    schedule_time: Type.String({ description: 'HH:mm; empty where none was set.', examples: ['09:30'] }),
    schedule_weekday: Type.Integer({
      description: '1 Monday to 7 Sunday; 0 where none was set.',
      examples: [1],
    }),
    schedule_day: Type.Integer({ description: '1 to 31; 0 where none was set.', examples: [0] }),
    schedule_once_date: Type.String({
      description: 'YYYY-MM-DD; empty where none was set.',
      examples: [''],
    }),
    schedule_timezone: Type.String(timezone),
    schedule_overlap: overlap,
    schedule_missed: missed,
    schedule_next_at: Type.Integer({
      description: 'Extension: when it runs next, Unix seconds; 0 where it does not.',
      examples: [1_782_091_800],
    }),
    schedule_last_at: Type.Integer({
      description: 'Extension: the last tick that came due, Unix seconds; 0 before the first.',
      examples: [1_781_487_000],
    }),
    schedule_last_outcome: enumeration(['', ...tickOutcomes], {
      description: 'Extension: what became of that tick; empty before the first.',
      examples: ['started'],
    }),
    schedule_last_message: Type.String({
      description: 'Extension: why it was not started, or what was missed before it; else empty.',
      examples: [''],
    }),
    schedule_missed_count: Type.Integer({
      description: 'Extension: ticks missed so far because nothing ran.',
      examples: [0],
    }),
    created_at: Type.Integer({ description: 'Unix seconds.', examples: [1_782_091_200] }),
    updated_at: Type.Integer({ description: 'Unix seconds.', examples: [1_782_091_200] }),
  },
  { description: 'A saved task' },
);

const emptyData = Type.Object({}, { description: 'Nothing more to say.' });

function taskShape(task: TaskRecord): Static<typeof Task> {
  const { worker_owner: owner, worker_name: name } = task;
  return {
    id: task.id,
    slug: task.slug,
    title: task.title,
    description: task.description,
    version: task.version,
    input: parseJson(task.input),
    worker_slug: task.worker_slug,
    worker_path: owner === null || name === null ? '' : workerPath(owner, name),
    worker_title: task.worker_title ?? '',
    run_times: task.run_count,
    last_run_id: task.last_run_slug,
    last_modified_at: unixSeconds(task.updated_at),
    schedule_enabled: task.schedule_enabled ? 1 : 0,
    schedule_type: task.schedule_type ?? 0,
    schedule_time: task.schedule_time ?? '',
    schedule_weekday: task.schedule_weekday ?? 0,
    schedule_day: task.schedule_day ?? 0,
    schedule_once_date: task.schedule_once_date ?? '',
    schedule_timezone: task.schedule_timezone ?? '',
    schedule_overlap: task.schedule_overlap,
    schedule_missed: task.schedule_missed,
    schedule_next_at: unixSeconds(task.next_tick_at),
    schedule_last_at: unixSeconds(task.last_tick_at),
    schedule_last_outcome: task.last_tick_outcome,
    schedule_last_message: task.last_tick_message,
    schedule_missed_count: task.missed_count,
    created_at: unixSeconds(task.created_at),
    updated_at: unixSeconds(task.updated_at),
  };
}

const tag = 'worker-tasks';

export function addWorkerTaskOperations(app: ApiApp, context: ApiContext): void {
  addTasks(app, context);
  addTask(app, context);
  addInput(app, context);
  app.post(
    '/worker-tasks/:workerTaskId/runs',
    operation({
      id: 'runWorkerTask',
      tag,
      summary: 'Run worker task',
      description:
        'Starts a run with the stored input and version of a task, and answers its slug at once, or with is_async false the results once it has ended.',
      params: TaskParams,
      body: RerunBody,
      headers: StartHeaders,
      callbacks: runStatusCallback,
      data: RunAnswer,
    }),
    async (request) => {
      const { body, params, accountId } = request;
      const started = await context.tasks.run(accountId, params.workerTaskId, {
        callbackUrl: callbackUrlOf(body),
        idempotency: idempotencyOf(request),
      });
      return success(request, await answerRun(context, request, started, body));
    },
  );
}

function addTasks(app: ApiApp, { tasks }: ApiContext): void {
  app.get(
    '/worker-tasks',
    operation({
      id: 'listWorkerTasks',
      tag,
      summary: 'List worker tasks',
      description:
        'The saved tasks of the account, newest first, by worker and keyword. A worker that does not exist has no tasks.',
      querystring: ListQuery,
      data: pagedSchema(Task),
    }),
    async (request) => {
      const { query } = request;
      const page = pageOf(query);
      const filter = {
        workerId: query.worker_id,
        keyword: query.keyword,
        isScheduled: query.scheduled,
        ...readSortOrder(taskSorts, query.sort ?? '-created_at'),
      };
      const { count, list } = await tasks.list(request.accountId, filter, page);
      return success(request, paged({ count, list: list.map(taskShape) }, page));
    },
  );

  app.post(
    '/worker-tasks',
    operation({
      id: 'createWorkerTask',
      tag,
      summary: 'Create worker task',
      description:
        'Saves a worker with an input, and optionally a schedule that runs it. The input is checked as that of a run.',
      body: CreateBody,
      data: Type.Object({
        slug: Type.String({ description: 'Identifier of the new task.', examples: [exampleTaskSlug] }),
      }),
    }),
    async (request) => {
      const slug = await tasks.create(request.accountId, request.body);
      return success(request, { slug });
    },
  );
}

function addTask(app: ApiApp, { tasks }: ApiContext): void {
  app.get(
    '/worker-tasks/:workerTaskId',
    operation({
      id: 'getWorkerTask',
      tag,
      summary: 'Get worker task',
      description: 'A saved task with its input and schedule.',
      params: TaskParams,
      data: Task,
    }),
    async (request) =>
      success(request, taskShape(await tasks.get(request.accountId, request.params.workerTaskId))),
  );

  app.put(
    '/worker-tasks/:workerTaskId',
    operation({
      id: 'updateWorkerTask',
      tag,
      summary: 'Update worker task',
      description: 'Changes title, description and schedule of a task; what is left out is kept.',
      params: TaskParams,
      body: UpdateBody,
      data: emptyData,
    }),
    async (request) => {
      const { accountId, params } = request;
      await tasks.update(accountId, params.workerTaskId, request.body);
      return success(request, {});
    },
  );

  app.delete(
    '/worker-tasks/:workerTaskId',
    operation({
      id: 'deleteWorkerTask',
      tag,
      summary: 'Delete worker task',
      description: 'Deletes a task with its schedule. Its runs stay.',
      params: TaskParams,
    }),
    async (request) => {
      await tasks.delete(request.accountId, request.params.workerTaskId);
      return success(request);
    },
  );
}

function addInput(app: ApiApp, { tasks }: ApiContext): void {
  app.get(
    '/worker-tasks/:workerTaskId/input',
    operation({
      id: 'getWorkerTaskInput',
      tag,
      summary: 'Get worker task input',
      description: 'The stored input of a task, as it was sent.',
      params: TaskParams,
      data: Type.Object({ input, version }),
    }),
    async (request) => {
      const task = await tasks.get(request.accountId, request.params.workerTaskId);
      return success(request, { input: parseJson(task.input), version: task.version });
    },
  );

  app.put(
    '/worker-tasks/:workerTaskId/input',
    operation({
      id: 'updateWorkerTaskInput',
      tag,
      summary: 'Update worker task input',
      description: 'Replaces the stored input of a task. It is checked as that of a run.',
      params: TaskParams,
      body: UpdateInputBody,
      data: emptyData,
    }),
    async (request) => {
      await tasks.updateInput(request.accountId, request.params.workerTaskId, request.body);
      return success(request, {});
    },
  );
}
