/** Saved tasks: a worker with an input, started by hand or by a schedule. */
import { Type } from 'typebox';
import { exampleTaskSlug } from '../../answers/examples.ts';
import { pagedSchema } from '../../answers/pages.ts';
import { RunAnswer } from '../../answers/runs.ts';
import { CreatedTask, Task, taskFields, TaskInput } from '../../answers/tasks.ts';
import { parseJson } from '../../json/lossless-json.ts';
import { type TaskRecord, taskSorts } from '../../tasks/tasks.ts';
import { workerPath } from '../../workers/workers.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { success } from '../envelope.ts';
import { readSortOrder, sortOrder } from '../sort-order.ts';
import { operation, startErrors } from '../operation.ts';
import { answerRun, callbackUrlOf, idempotencyOf, StartHeaders } from './run-answers.ts';
import { runStatusCallback } from './run-status-callback.ts';
import { scheduleFields } from './schedule-fields.ts';
import { pageOf, paged, PageQuery, RunOptions, unixSeconds } from './shapes.ts';

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
    Type.Boolean({
      description: 'Extension: true returns tasks with an enabled schedule, false the others.',
    }),
  ),
  sort: Type.Optional(
    sortOrder(taskSorts, {
      default: '-created_at',
      description: 'Extension: sort field. A leading - sorts in descending order.',
    }),
  ),
});

const CreateBody = Type.Object(
  {
    worker_id: Type.String({
      description: 'Worker slug or path. Use owner~name for path values.',
      examples: ['chela~hello'],
    }),
    title: taskFields.title,
    input: taskFields.input,
    description: Type.Optional(taskFields.description),
    callback_url: Type.Optional(taskFields.callback_url),
    version: Type.Optional(taskFields.version),
    ...scheduleFields,
  },
  { additionalProperties: false },
);

const UpdateBody = Type.Object(
  {
    title: Type.Optional(taskFields.title),
    description: Type.Optional(taskFields.description),
    callback_url: Type.Optional(taskFields.callback_url),
    ...scheduleFields,
  },
  { additionalProperties: false },
);

const UpdateInputBody = Type.Object(
  {
    input: taskFields.input,
    version: Type.Optional({ ...taskFields.version, description: 'Version to run. Unchanged if omitted.' }),
  },
  { additionalProperties: false },
);

const emptyData = Type.Object({}, { description: 'Empty object.' });

function taskShape(task: TaskRecord): Task {
  const { worker_owner: owner, worker_name: name } = task;
  return {
    id: task.id,
    slug: task.slug,
    title: task.title,
    description: task.description,
    callback_url: task.callback_url ?? '',
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
      errors: [...startErrors, 'TASK_NOT_FOUND'],
      tag,
      summary: 'Run worker task',
      description:
        'Starts a run with the stored input and version of a task and returns its slug immediately. With is_async false, it waits until the run ends and returns the results.',
      params: TaskParams,
      body: RunOptions,
      headers: StartHeaders,
      callbacks: runStatusCallback,
      data: RunAnswer,
    }),
    async (request, reply) => {
      const { body, params, accountId } = request;
      const started = await context.tasks.run(accountId, params.workerTaskId, {
        callbackUrl: callbackUrlOf(body),
        idempotency: idempotencyOf(request),
        labels: body.labels,
      });
      return answerRun(context, request, reply, { started, body });
    },
  );
}

/** @throws ChelaError unless callbacks may be sent to the URL in the body, if there is one */
function checkCallbackUrl({ callbacks }: ApiContext, body: { readonly callback_url?: string }): void {
  const callbackUrl = callbackUrlOf(body);
  if (callbackUrl !== undefined) callbacks.check(callbackUrl);
}

function addTasks(app: ApiApp, context: ApiContext): void {
  const { tasks } = context;
  app.get(
    '/worker-tasks',
    operation({
      id: 'listWorkerTasks',
      tag,
      summary: 'List worker tasks',
      description:
        'Returns the saved tasks of the account, newest first, filtered by worker and keyword. An unknown worker gives an empty list.',
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
      errors: ['WORKER_VERSION_UNAVAILABLE'],
      tag,
      summary: 'Create worker task',
      description:
        'Saves a worker with an input and, optionally, a schedule. The input is checked like the input of a run.',
      body: CreateBody,
      data: CreatedTask,
    }),
    async (request) => {
      checkCallbackUrl(context, request.body);
      const slug = await tasks.create(request.accountId, request.body);
      return success(request, { slug });
    },
  );
}

function addTask(app: ApiApp, context: ApiContext): void {
  const { tasks } = context;
  app.get(
    '/worker-tasks/:workerTaskId',
    operation({
      id: 'getWorkerTask',
      tag,
      summary: 'Get worker task',
      description: 'Returns a saved task with its input and schedule.',
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
      description: 'Changes title, description and schedule of a task. Omitted fields are unchanged.',
      params: TaskParams,
      body: UpdateBody,
      data: emptyData,
    }),
    async (request) => {
      const { accountId, params } = request;
      checkCallbackUrl(context, request.body);
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
      description: 'Deletes a task with its schedule. Its runs are kept.',
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
      description: 'Returns the stored input of a task, exactly as it was sent.',
      params: TaskParams,
      data: TaskInput,
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
      errors: ['WORKER_VERSION_UNAVAILABLE', 'TASK_NOT_FOUND'],
      tag,
      summary: 'Update worker task input',
      description: 'Replaces the stored input of a task. It is checked like the input of a run.',
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
