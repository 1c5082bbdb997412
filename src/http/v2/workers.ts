/** Workers: the store, the account's own, details and input schema of one, and starting it. */
import { Type } from 'typebox';
import { RunAnswer } from '../../answers/runs.ts';
import { WorkerDescription, WorkerDetail, WorkerPage, WorkerInputSchema } from '../../answers/workers.ts';
import { defaultLimits, parseRunSchema } from '../../runs/runs.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { actorOf, originOf } from '../authentication.ts';
import { success } from '../envelope.ts';
import { operation, startErrors } from '../operation.ts';
import { answerRun, callbackUrlOf, idempotencyOf, StartHeaders } from './run-answers.ts';
import { runStatusCallback } from './run-status-callback.ts';
import { pageOf, paged, PageQuery, runBodyFields, unixSeconds, WorkerParams, workerShape } from './shapes.ts';

const ListQuery = Type.Object({
  ...PageQuery.properties,
  keyword: Type.Optional(Type.String({ description: 'Keyword for title, slug, or path' })),
  category: Type.Optional(
    Type.Integer({
      description: 'Extension: only workers of this category.',
      minimum: 0,
      maximum: 2_147_483_647,
    }),
  ),
});

export const RunWorkerBody = Type.Object(
  {
    ...runBodyFields,
    input: Type.Optional(
      Type.Unknown({
        description: 'Worker fields under parameters.custom, limits under parameters.system.',
        examples: [{ parameters: { custom: { names: ['Ada'] } } }],
      }),
    ),
    version: Type.Optional(
      Type.String({ description: 'Version to run. Default: latest.', examples: ['v1.0.1'] }),
    ),
  },
  { additionalProperties: false },
);

export function addWorkerOperations(app: ApiApp, context: ApiContext): void {
  addLists(app, context);
  addDetails(app, context);
  app.post(
    '/workers/:workerId/runs',
    operation({
      id: 'runWorker',
      errors: startErrors,
      tag: 'workers',
      summary: 'Run worker',
      description:
        'Starts a run of a worker and returns its slug immediately. With is_async false, it waits until the run ends and returns the results.',
      params: WorkerParams,
      body: RunWorkerBody,
      headers: StartHeaders,
      callbacks: runStatusCallback,
      data: RunAnswer,
    }),
    async (request, reply) => {
      const { body } = request;
      const started = await context.runs.submit({
        accountId: request.accountId,
        workerId: request.params.workerId,
        version: body.version,
        input: body.input,
        origin: originOf(request),
        callbackUrl: callbackUrlOf(body),
        idempotency: idempotencyOf(request),
        labels: body.labels,
      });
      return answerRun(context, request, reply, { started, body });
    },
  );
}

function addLists(app: ApiApp, { workers }: ApiContext): void {
  app.get(
    '/store',
    operation({
      id: 'listStore',
      tag: 'store',
      summary: 'List store workers',
      description: 'Returns the public workers, which every account can run, newest first.',
      public: true,
      querystring: ListQuery,
      data: WorkerPage,
    }),
    async (request) => {
      const page = pageOf(request.query);
      const { count, list } = await workers.list('store', request.query, page);
      const shapes = list.map(workerShape);
      return success(request, { ...paged({ count, list: shapes }, page), scraper: shapes });
    },
  );

  app.get(
    '/workers',
    operation({
      id: 'listWorkers',
      tag: 'workers',
      summary: 'List current user workers',
      description: 'Returns the workers that the account owns, newest first.',
      querystring: ListQuery,
      data: WorkerPage,
    }),
    async (request) => {
      const page = pageOf(request.query);
      const scope = { accountId: request.accountId };
      const { count, list } = await workers.list(scope, request.query, page);
      const shapes = list.map(workerShape);
      return success(request, { ...paged({ count, list: shapes }, page), scraper: shapes });
    },
  );
}

function addDetails(app: ApiApp, { accounts, workers, config }: ApiContext): void {
  app.get(
    '/workers/:workerId',
    operation({
      id: 'getWorker',
      tag: 'workers',
      summary: 'Get worker detail',
      description:
        'Returns a worker with its readme and parameters: its input fields and the default limits of a run.',
      params: WorkerParams,
      data: WorkerDetail,
    }),
    async (request) => {
      const worker = await workers.get(request.accountId, request.params.workerId);
      const version = await workers.version(worker);
      return success(request, {
        name: worker.name,
        username: worker.owner,
        version: version.version,
        readme: version.readme,
        parameters: { system: defaultLimits(config), custom: parseRunSchema(version.input_schema) },
      });
    },
  );

  app.get(
    '/workers/:workerId/input-schema',
    operation({
      id: 'getWorkerInputSchema',
      tag: 'workers',
      summary: 'Get worker input schema',
      description: 'Returns input_schema.json of the current version, exactly as in the package.',
      public: true,
      params: WorkerParams,
      data: WorkerInputSchema,
    }),
    async (request) => {
      const worker = await workers.get(request.accountId || undefined, request.params.workerId);
      const version = await workers.version(worker);
      return success(request, { input_schema: parseRunSchema(version.input_schema) });
    },
  );

  app.get(
    '/workers/:workerId/internal',
    operation({
      id: 'getWorkerInternal',
      tag: 'workers',
      summary: 'Get worker description',
      description: 'Returns title, description and current version of a worker.',
      public: true,
      params: WorkerParams,
      data: WorkerDescription,
    }),
    async (request) => {
      const worker = await workers.get(request.accountId || undefined, request.params.workerId);
      return success(request, {
        ...workerShape(worker),
        created_at: unixSeconds(worker.created_at),
      });
    },
  );

  app.put(
    '/workers/:workerId/store',
    operation({
      id: 'publishWorker',
      tag: 'store',
      summary: 'Publish or unpublish worker',
      description:
        'Extension: publishes your worker in the store, where every account can run it, or removes it from the store.',
      params: WorkerParams,
      body: Type.Object(
        {
          published: Type.Boolean({
            description: 'Whether the worker is listed in the store.',
            examples: [true],
          }),
        },
        { additionalProperties: false },
      ),
      data: Type.Object({}),
    }),
    async (request) => {
      const { published } = request.body;
      await workers.change(request.accountId, request.params.workerId, { isPublic: published });
      await accounts.audit.record(actorOf(request), {
        action: published ? 'worker.published' : 'worker.unpublished',
        subject: request.params.workerId,
      });
      return success(request, {});
    },
  );
}
