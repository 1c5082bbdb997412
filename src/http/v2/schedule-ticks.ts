/** Upcoming scheduled times. An extension of the published API. */
import { Type } from 'typebox';
import { SchedulePreview, ScheduleTicks } from '../../answers/schedules.ts';
import { maxWindowDays } from '../../tasks/tasks.ts';
import { workerPath } from '../../workers/workers.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { success } from '../envelope.ts';
import { operation } from '../operation.ts';
import { timingFields } from './schedule-fields.ts';
import { lastSecond, momentOf, unixSeconds } from './shapes.ts';

const maxTicks = 2000;
const previewedTicks = 5;

const TicksQuery = Type.Object({
  from: Type.Optional(
    Type.Integer({
      description: 'Start of the period, Unix seconds. Default: now.',
      minimum: 0,
      maximum: lastSecond,
    }),
  ),
  to: Type.Optional(
    Type.Integer({
      description: `End of the period (exclusive), Unix seconds. Default: one week after from. Maximum: ${maxWindowDays} days after from.`,
      minimum: 0,
      maximum: lastSecond,
    }),
  ),
  limit: Type.Optional(
    Type.Integer({
      description: 'Maximum scheduled times to return.',
      minimum: 1,
      maximum: maxTicks,
      default: 500,
    }),
  ),
});

const PreviewBody = Type.Object(timingFields, { additionalProperties: false });

export function addSchedulePreviewOperation(app: ApiApp, { tasks }: ApiContext): void {
  app.post(
    '/schedule-ticks/preview',
    operation({
      id: 'previewSchedule',
      tag: 'worker-tasks',
      summary: 'Preview schedule',
      description:
        'Returns the next times of a schedule without saving it. An extension of the published API.',
      body: PreviewBody,
      data: SchedulePreview,
    }),
    async (request) => {
      const { timezone, ticks } = await tasks.preview(request.accountId, request.body, previewedTicks);
      return success(request, { timezone, times: ticks.map((tick) => unixSeconds(tick)) });
    },
  );
}

export function addScheduleTickOperations(app: ApiApp, { tasks, accounts }: ApiContext): void {
  app.get(
    '/schedule-ticks',
    operation({
      id: 'listScheduleTicks',
      tag: 'worker-tasks',
      summary: 'List scheduled times',
      description:
        "Returns the upcoming scheduled times of the account's tasks, earliest first, and which of them clash. An extension of the published API.",
      querystring: TicksQuery,
      data: ScheduleTicks,
    }),
    async (request) => {
      const { from, to, limit = 500 } = request.query;
      const { plan } = await accounts.get(request.accountId);
      const range = { from: momentOf(from), to: momentOf(to), limit, plan };
      const { count, list } = await tasks.ticks(request.accountId, range);
      return success(request, {
        count,
        list: list.map(({ at, task, timezone, clashes, exceedsPlan }) => ({
          at: unixSeconds(at),
          task_slug: task.slug,
          task_title: task.title,
          worker_slug: task.worker_slug,
          worker_path:
            task.worker_owner === null || task.worker_name === null
              ? ''
              : workerPath(task.worker_owner, task.worker_name),
          worker_title: task.worker_title ?? '',
          schedule_time: task.schedule_time ?? '',
          timezone,
          clashes,
          exceeds_plan: exceedsPlan,
        })),
      });
    },
  );
}
