/** The subtasks of a run, and why some of them wait. Extensions of the published API. */
import { Type } from 'typebox';
import { enumeration } from '../../answers/enumeration.ts';
import { RunWaiting, type Subtask, SubtaskDetail, SubtaskList } from '../../answers/subtasks.ts';
import { ChelaError } from '../../errors.ts';
import { parseJson } from '../../json/lossless-json.ts';
import {
  type RunWaiting as RunWaitingRecord,
  type SubtaskRecord,
  durationSeconds,
  endFields,
} from '../../runs/runs.ts';
import { subtaskStatuses } from '../../runs/statuses.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { success } from '../envelope.ts';
import { operation } from '../operation.ts';
import { runScopes } from './run-operations.ts';
import { pageOf, PageQuery, paged, unixSeconds } from './shapes.ts';

const SubtaskQuery = Type.Object({
  ...PageQuery.properties,
  status: Type.Optional(enumeration(subtaskStatuses, { description: 'Only subtasks with this status.' })),
});

const SubtaskParams = {
  number: Type.Integer({ description: 'Number of the subtask', minimum: 1, maximum: 2_147_483_647 }),
};

function subtaskShape(subtask: SubtaskRecord): Subtask {
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

function waitingMessage({ reason, slots, ahead }: RunWaitingRecord): string {
  switch (reason) {
    case 'not_waiting':
      return 'no subtask of this run is waiting';
    case 'no_runner':
      return 'no runner is active: start one with `chela runner`, or the whole platform with `chela up`';
    case 'no_free_slot':
      return `all ${slots} slots of the runners are in use and ${ahead} subtasks are ahead: wait, or start another runner`;
    case 'starting':
      return 'a runner is about to start it';
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
        description: `Returns the subtasks of a run by number, each with its status, times and number of rows. An extension of the published API. ${scope.note}`,
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
        description: `Returns one subtask of a run with its input. An extension of the published API. ${scope.note}`,
        params: Type.Object({ ...scope.params?.properties, ...SubtaskParams }),
        data: SubtaskDetail,
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
        summary: `Get waiting reason of ${scope.phrase}`,
        description: `Returns why subtasks of a run are waiting, and how many subtasks of other runs are ahead. An extension of the published API. ${scope.note}`,
        params: scope.params,
        data: RunWaiting,
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
