/** The run queue: runs that are held until they are activated or released. */
import { Type, type Static } from 'typebox';
import { ChelaError } from '../../errors.ts';
import type { QueueItem, QueueItemOutcome } from '../../runs/queue-items.ts';
import { workerPath } from '../../workers/workers.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { originOf } from '../authentication.ts';
import { success } from '../envelope.ts';
import { enumeration } from '../enumeration.ts';
import { operation } from '../operation.ts';
import { callbackUrlOf } from './run-answers.ts';
import { runStatusCallback } from './run-status-callback.ts';
import { pageOf, paged, pagedSchema, PageQuery, unixSeconds, WorkerParams } from './shapes.ts';
import { RunWorkerBody } from './workers.ts';

const exampleRef = '123456';
const mostRefs = 1000;

const queueRef = Type.String({ description: 'Identifier of the item.', examples: [exampleRef] });
const queueStatus = enumeration(['waiting', 'inactive'], {
  description: 'waiting is held; inactive was activated or released.',
  examples: ['waiting'],
});

const ListQuery = Type.Object({
  ...PageQuery.properties,
  status: Type.Optional(
    enumeration(['waiting', 'inactive'], {
      description: 'Queue status: waiting or inactive. waiting where left out.',
    }),
  ),
});

const Item = Type.Object(
  {
    queue_ref: queueRef,
    queue_status: queueStatus,
    worker_slug: Type.String({
      description: 'Slug of the worker; usable as workerId.',
      examples: ['01KKDXTQ8S5W1C9J4Y6M3B7A0E'],
    }),
    worker_path: Type.String({
      description: 'owner~name; empty where the worker is gone.',
      examples: ['chela~hello'],
    }),
    worker_title: Type.String({ description: 'Empty where the worker is gone.', examples: ['Hello'] }),
    version: Type.String({ description: 'Version that it runs.', examples: ['v1.0.1'] }),
    created_at: Type.Integer({ description: 'Unix seconds.', examples: [1_782_091_200] }),
    reason: Type.String({ description: 'What was said at its release; else empty.', examples: [''] }),
    run_slug: Type.String({
      description: 'Extension: the run it became; empty where it was not activated.',
      examples: [''],
    }),
  },
  { description: 'A held run' },
);

const refs = Type.Union([Type.Array(Type.String(), { maxItems: mostRefs }), Type.Null()], {
  type: ['array', 'null'],
  description: `Queue item IDs, ${mostRefs} at most`,
  examples: [[exampleRef]],
});
const reason = Type.Optional(
  Type.String({ description: 'Release reason', maxLength: 1000, examples: ['not needed any more'] }),
);

const RefsBody = Type.Object({ queue_refs: refs }, { additionalProperties: false });
const ReleaseBody = Type.Object({ queue_refs: refs, reason }, { additionalProperties: false });
const ReleaseOneBody = Type.Object({ reason }, { additionalProperties: false });

const Outcomes = Type.Object(
  {
    results: Type.Array(
      Type.Object({
        queue_ref: queueRef,
        success: Type.Boolean({ description: 'Whether it was done.', examples: [true] }),
        run_slug: Type.Optional(
          Type.String({
            description: 'The run that was started.',
            examples: ['01KKDXV2G26BT7NH4ZQR2R4NPZ'],
          }),
        ),
        error: Type.Optional(
          Type.String({
            description: 'Why it was not done.',
            examples: ['item is not in waiting state'],
          }),
        ),
      }),
      { description: 'One for each reference, in their order.' },
    ),
  },
  { description: 'What became of the items' },
);

function itemShape(item: QueueItem): Static<typeof Item> {
  const { worker_owner: owner, worker_name: name } = item;
  return {
    queue_ref: String(item.id),
    queue_status: item.status === 'waiting' ? 'waiting' : 'inactive',
    worker_slug: item.worker_slug,
    worker_path: owner === null || name === null ? '' : workerPath(owner, name),
    worker_title: item.worker_title ?? '',
    version: item.version,
    created_at: unixSeconds(item.created_at),
    reason: item.reason,
    run_slug: item.run_slug,
  };
}

function outcomesShape(outcomes: readonly QueueItemOutcome[]): Static<typeof Outcomes> {
  return {
    results: outcomes.map(({ ref, runSlug, error }) => ({
      queue_ref: ref,
      success: error === undefined,
      ...(runSlug !== undefined && { run_slug: runSlug }),
      ...(error !== undefined && { error }),
    })),
  };
}

const tag = 'run-queue';

export function addRunQueueOperations(app: ApiApp, context: ApiContext): void {
  addHeldRuns(app, context);
  addEnds(app, context);
}

function addHeldRuns(app: ApiApp, { queueItems }: ApiContext): void {
  app.post(
    '/workers/:workerId/queued-runs',
    operation({
      id: 'queuedRunWorker',
      tag,
      summary: 'Queue worker run',
      description:
        'Checks a run and holds it until it is activated; that needs no balance. is_async, offset and limit mean nothing here.',
      params: WorkerParams,
      body: RunWorkerBody,
      callbacks: runStatusCallback,
      data: Type.Object(
        {
          queue_ref: queueRef,
          queue_status: queueStatus,
          queued: Type.Boolean({ examples: [true] }),
        },
        { description: 'The held run' },
      ),
    }),
    async (request) => {
      const { body } = request;
      const ref = await queueItems.hold({
        accountId: request.accountId,
        workerId: request.params.workerId,
        version: body.version,
        input: body.input,
        origin: originOf(request),
        callbackUrl: callbackUrlOf(body),
      });
      return success(request, { queue_ref: ref, queue_status: 'waiting', queued: true });
    },
  );

  app.get(
    '/run-queue/items',
    operation({
      id: 'listRunQueueItems',
      tag,
      summary: 'List run queue items',
      description: 'Runs that are held, or the history of those that were, newest first.',
      querystring: ListQuery,
      data: pagedSchema(Item),
    }),
    async (request) => {
      const page = pageOf(request.query);
      const state = request.query.status === 'inactive' ? 'inactive' : 'waiting';
      const { count, list } = await queueItems.list(request.accountId, state, page);
      return success(request, paged({ count, list: list.map(itemShape) }, page));
    },
  );
}

function addEnds(app: ApiApp, { queueItems }: ApiContext): void {
  app.post(
    '/run-queue/items/activate',
    operation({
      id: 'activateRunQueueItems',
      tag,
      summary: 'Activate run queue items',
      description: 'Starts held runs, each for itself; one that cannot start stays held and says why.',
      body: RefsBody,
      data: Outcomes,
    }),
    async (request) => {
      const given = request.body.queue_refs ?? [];
      const outcomes = await queueItems.activate(request.accountId, given, originOf(request));
      return success(request, outcomesShape(outcomes));
    },
  );

  app.post(
    '/run-queue/items/release',
    operation({
      id: 'releaseRunQueueItems',
      tag,
      summary: 'Release run queue items',
      description: 'Gives up held runs, for good.',
      body: ReleaseBody,
      data: Outcomes,
    }),
    async (request) => {
      const { queue_refs: given, reason: said = '' } = request.body;
      return success(request, outcomesShape(await queueItems.release(request.accountId, given ?? [], said)));
    },
  );

  app.post(
    '/run-queue/items/:queueId/release',
    operation({
      id: 'releaseRunQueueItem',
      tag,
      summary: 'Release one run queue item',
      description: 'Gives up a held run, for good.',
      params: Type.Object({ queueId: Type.String({ description: 'Queue item ID', examples: [exampleRef] }) }),
      body: ReleaseOneBody,
      data: Outcomes,
    }),
    async (request) => {
      const { queueId } = request.params;
      if (!(await queueItems.exists(request.accountId, queueId))) {
        throw new ChelaError('NOT_FOUND', `queue item ${queueId} does not exist`);
      }
      const outcomes = await queueItems.release(request.accountId, [queueId], request.body.reason ?? '');
      return success(request, outcomesShape(outcomes));
    },
  );
}
