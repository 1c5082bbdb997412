/** The run queue: runs that are held until they are activated or released. */
import { Type } from 'typebox';
import { enumeration } from '../../answers/enumeration.ts';
import { exampleQueueRef } from '../../answers/examples.ts';
import { pagedSchema } from '../../answers/pages.ts';
import { HeldRun, QueueItem, QueueOutcomes } from '../../answers/run-queue.ts';
import { RunInput } from '../../answers/runs.ts';
import { ChelaError } from '../../errors.ts';
import { parseJson } from '../../json/lossless-json.ts';
import { queueStates } from '../../runs/queue-states.ts';
import type { QueueItem as QueueItemRecord, QueueItemOutcome } from '../../runs/queue-items.ts';
import { workerPath } from '../../workers/workers.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { originOf } from '../authentication.ts';
import { success } from '../envelope.ts';
import { operation } from '../operation.ts';
import { callbackUrlOf } from './run-answers.ts';
import { runStatusCallback } from './run-status-callback.ts';
import { pageOf, paged, PageQuery, unixSeconds, WorkerParams } from './shapes.ts';
import { RunWorkerBody } from './workers.ts';

const maxRefs = 1000;

const ListQuery = Type.Object({
  ...PageQuery.properties,
  status: Type.Optional(
    enumeration(queueStates, {
      description: 'Queue status: waiting or inactive. Default: waiting.',
    }),
  ),
});

const refs = Type.Unsafe<string[] | null>({
  type: ['array', 'null'],
  items: { type: 'string' },
  maxItems: maxRefs,
  description: `Queue item IDs, up to ${maxRefs}`,
  examples: [[exampleQueueRef]],
});
const reason = Type.Optional(
  Type.String({ description: 'Release reason', maxLength: 1000, examples: ['not needed any more'] }),
);

const ItemParams = Type.Object({
  queueId: Type.String({ description: 'Queue item ID', examples: [exampleQueueRef] }),
});

const RefsBody = Type.Object({ queue_refs: refs }, { additionalProperties: false });
const ReleaseBody = Type.Object({ queue_refs: refs, reason }, { additionalProperties: false });
const ReleaseOneBody = Type.Object({ reason }, { additionalProperties: false });

function itemShape(item: QueueItemRecord): QueueItem {
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

function outcomesShape(outcomes: readonly QueueItemOutcome[]): QueueOutcomes {
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
  addInput(app, context);
  addEnds(app, context);
}

function addHeldRuns(app: ApiApp, { queueItems }: ApiContext): void {
  app.post(
    '/workers/:workerId/queued-runs',
    operation({
      id: 'queuedRunWorker',
      errors: ['WORKER_VERSION_UNAVAILABLE'],
      tag,
      summary: 'Queue worker run',
      description:
        'Checks a run and holds it until it is activated. Holding a run needs no balance. is_async, offset and limit are ignored.',
      params: WorkerParams,
      body: RunWorkerBody,
      callbacks: runStatusCallback,
      data: HeldRun,
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
        labels: body.labels,
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
      description: 'Returns the held runs, or the history of activated and released ones, newest first.',
      querystring: ListQuery,
      data: pagedSchema(QueueItem),
    }),
    async (request) => {
      const page = pageOf(request.query);
      const state = request.query.status === 'inactive' ? 'inactive' : 'waiting';
      const { count, list } = await queueItems.list(request.accountId, state, page);
      return success(request, paged({ count, list: list.map(itemShape) }, page));
    },
  );
}

function addInput(app: ApiApp, { queueItems }: ApiContext): void {
  app.get(
    '/run-queue/items/:queueId/input',
    operation({
      id: 'getRunQueueItemInput',
      tag,
      summary: 'Get run queue item input',
      description:
        'Returns the input and version of a held run, also after it was activated or released. An extension of the published API.',
      params: ItemParams,
      data: RunInput,
    }),
    async (request) => {
      const { queueId } = request.params;
      const item = await queueItems.input(request.accountId, queueId);
      if (item === undefined) throw new ChelaError('NOT_FOUND', `queue item ${queueId} does not exist`);
      return success(request, { input: parseJson(item.input), version: item.version });
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
      description:
        'Starts held runs, each independently. A run that cannot start stays held, and its entry says why.',
      body: RefsBody,
      data: QueueOutcomes,
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
      description: 'Discards held runs permanently.',
      body: ReleaseBody,
      data: QueueOutcomes,
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
      description: 'Discards a held run permanently.',
      params: ItemParams,
      body: ReleaseOneBody,
      data: QueueOutcomes,
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
