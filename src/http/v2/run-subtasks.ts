/** The subtasks of a run, and why those that wait do. Extensions of the published API. */
import { Type, type Static } from 'typebox';
import { ChelaError } from '../../errors.ts';
import { parseJson } from '../../json/lossless-json.ts';
import {
  type RunWaiting,
  type SubtaskRecord,
  durationSeconds,
  endFields,
  waitReasons,
} from '../../runs/runs.ts';
import { subtaskStatuses } from '../../runs/statuses.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { success } from '../envelope.ts';
import { enumeration } from '../enumeration.ts';
import { operation } from '../operation.ts';
import { subtaskEndFields } from './end-shapes.ts';
import { runScopes } from './run-operations.ts';
import { pagedSchema, pageOf, PageQuery, paged, unixSeconds } from './shapes.ts';

const SubtaskQuery = Type.Object({
  ...PageQuery.properties,
  status: Type.Optional(enumeration(subtaskStatuses, { description: 'Only those with this status.' })),
});

const subtaskFields = {
  number: Type.Integer({ description: 'From 1 within its run.', examples: [1] }),
  status: enumeration(subtaskStatuses, {
    description: 'ready waits for a runner; succeeded and failed are final.',
    examples: ['succeeded'],
  }),
  started_at: Type.Integer({ description: 'Unix seconds; 0 before the start.', examples: [1_782_091_200] }),
  finished_at: Type.Integer({ description: 'Unix seconds; 0 before the end.', examples: [1_782_091_210] }),
  duration: Type.Integer({
    description: 'Seconds from start to end, or until now while it runs.',
    examples: [10],
  }),
  exit_code: Type.Integer({ description: 'Exit code of the worker; -1 where there is none.', examples: [0] }),
  err_msg: Type.String({ description: 'Why it failed; empty where nothing went wrong.', examples: [''] }),
  ...subtaskEndFields,
  results: Type.Integer({ description: 'Rows it added.', examples: [3] }),
  attempt: Type.Integer({ description: 'How often a runner took it.', examples: [1] }),
};

const SubtaskList = Type.Object(
  {
    ...pagedSchema(Type.Object(subtaskFields)).properties,
    counts: Type.Object(
      Object.fromEntries(subtaskStatuses.map((status) => [status, Type.Integer({ examples: [1] })])),
      { description: 'Subtasks of the run by status.' },
    ),
  },
  { title: 'SubtaskList', description: 'Subtasks of a run' },
);

const SubtaskParams = {
  number: Type.Integer({ description: 'Number of the subtask', minimum: 1, maximum: 2_147_483_647 }),
};

const Subtask = Type.Object(
  { ...subtaskFields, input: Type.Unknown({ description: 'What the worker gets as its input.' }) },
  { title: 'Subtask', description: 'A subtask with its input' },
);

const Waiting = Type.Object(
  {
    reason: enumeration(waitReasons, {
      description:
        'not_waiting: no subtask waits; no_runner: no runner is up; no_free_slot: the runners have as much to do as they can; starting: a runner is about to take it.',
      examples: ['no_free_slot'],
    }),
    message: Type.String({
      description: 'The same in words, and what can be done.',
      examples: ['all 8 slots of the runners are in use and 3 subtasks come first'],
    }),
    subtasks: Type.Integer({ description: 'Subtasks of the run that wait.', examples: [1] }),
    ahead: Type.Integer({
      description: 'Subtasks that come before the first of them, as things stand.',
      examples: [3],
    }),
    runners: Type.Integer({ description: 'Runners that are up.', examples: [1] }),
    slots: Type.Integer({ description: 'Subtasks that they can execute at a time.', examples: [8] }),
    slots_in_use: Type.Integer({ description: 'Subtasks that they execute.', examples: [8] }),
  },
  { title: 'RunWaiting', description: 'Why a run waits' },
);

function subtaskShape(subtask: SubtaskRecord): Static<ReturnType<typeof Type.Object<typeof subtaskFields>>> {
  return {
    number: subtask.number,
    status: subtask.status,
    started_at: unixSeconds(subtask.started_at),
    finished_at: unixSeconds(subtask.finished_at),
    duration: durationSeconds(subtask),
    exit_code: subtask.exit_code ?? -1,
    err_msg: subtask.err_msg,
    ...endFields(subtask),
    results: subtask.row_count,
    attempt: subtask.attempt,
  };
}

function waitingMessage({ reason, slots, ahead }: RunWaiting): string {
  switch (reason) {
    case 'not_waiting':
      return 'no subtask of this run waits';
    case 'no_runner':
      return 'no runner is up: start one with `chela runner`, or `chela up` for everything';
    case 'no_free_slot':
      return `all ${slots} slots of the runners are in use and ${ahead} subtasks come first: wait, or start another runner`;
    case 'starting':
      return 'a runner is about to take it';
    default:
      return reason satisfies never;
  }
}

export function addRunSubtaskOperations(app: ApiApp, context: ApiContext): void {
  addSubtasks(app, context);
  addWaiting(app, context);
}

function addSubtasks(app: ApiApp, context: ApiContext): void {
  const { subtasks } = context.runs;
  for (const scope of runScopes(context)) {
    app.get(
      `${scope.url}/subtasks`,
      operation({
        id: `list${scope.noun}Subtasks`,
        tag: 'worker-runs',
        summary: `List ${scope.phrase} subtasks`,
        description: `The subtasks of a run by number, each with its own status, times and rows. An extension of the published API. ${scope.note}`,
        params: scope.params,
        querystring: SubtaskQuery,
        data: SubtaskList,
      }),
      async (request) => {
        const run = await scope.find(request);
        const page = pageOf(request.query);
        const { counts, ...found } = await subtasks.page(run.id, request.query.status, page);
        const list = found.list.map(subtaskShape);
        return success(request, { ...paged({ count: found.count, list }, page), counts });
      },
    );
    app.get(
      `${scope.url}/subtasks/:number`,
      operation({
        id: `get${scope.noun}Subtask`,
        tag: 'worker-runs',
        summary: `Get ${scope.phrase} subtask`,
        description: `One subtask of a run with its input. An extension of the published API. ${scope.note}`,
        params: Type.Object({ ...scope.params?.properties, ...SubtaskParams }),
        data: Subtask,
      }),
      async (request) => {
        const run = await scope.find(request);
        const { number } = request.params;
        const subtask = await subtasks.one(run.id, number);
        if (subtask === undefined)
          throw new ChelaError('NOT_FOUND', `run ${run.slug} has no subtask ${number}`);
        return success(request, { ...subtaskShape(subtask), input: parseJson(subtask.input) });
      },
    );
  }
}

function addWaiting(app: ApiApp, context: ApiContext): void {
  for (const scope of runScopes(context)) {
    app.get(
      `${scope.url}/waiting`,
      operation({
        id: `get${scope.noun}Waiting`,
        tag: 'worker-runs',
        summary: `Get why ${scope.phrase} waits`,
        description: `Why subtasks of a run wait, and how many of others come first. An extension of the published API. ${scope.note}`,
        params: scope.params,
        data: Waiting,
      }),
      async (request) => {
        const run = await scope.find(request);
        const { slotsInUse, ...waiting } = await context.runs.waiting(run);
        const message = waitingMessage({ ...waiting, slotsInUse });
        return success(request, { ...waiting, message, slots_in_use: slotsInUse });
      },
    );
  }
}
