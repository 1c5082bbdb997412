/** Changes a worker's description, icon and visibility, and deletes it. */
import { Type } from 'typebox';
import { iconTextLimit } from '../../workers/workers.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { actorOf } from '../authentication.ts';
import { success } from '../envelope.ts';
import { errorSchemas, operation } from '../operation.ts';
import { WorkerParams } from './shapes.ts';

const iconSchema = Type.String({ format: 'binary', description: 'A png, jpeg, gif or webp image.' });
const iconAnswers: Record<number, unknown> = {
  200: { description: 'The icon', content: { 'image/*': { schema: iconSchema } } },
  ...errorSchemas,
};
const iconSeconds = 24 * 3600;

const SettingsBody = Type.Object(
  {
    title: Type.Optional(Type.String({ minLength: 1, maxLength: 200, examples: ['My worker'] })),
    description: Type.Optional(Type.String({ maxLength: 5000 })),
    categories: Type.Optional(
      Type.Integer({
        description: 'Category; 0 means none.',
        minimum: 0,
        maximum: 999_999_999,
        examples: [0],
      }),
    ),
    is_public: Type.Optional(
      Type.Boolean({ description: 'Whether the worker is listed in the store.', examples: [false] }),
    ),
    icon: Type.Optional(
      Type.String({
        description: 'Data URL of a png, jpeg, gif or webp image of up to 256 KiB. Empty removes the icon.',
        maxLength: iconTextLimit,
        examples: [''],
      }),
    ),
  },
  { title: 'WorkerSettings', additionalProperties: false },
);

export function addWorkerSettingsOperations(app: ApiApp, { workers, accounts }: ApiContext): void {
  app.put(
    '/workers/:workerId',
    operation({
      id: 'updateWorker',
      tag: 'workers',
      summary: 'Update worker',
      description: 'Extension: changes the description of your worker. Omitted fields are unchanged.',
      params: WorkerParams,
      body: SettingsBody,
      data: Type.Object({}),
    }),
    async (request) => {
      const { title, description, categories: category, is_public: isPublic, icon } = request.body;
      const subject = request.params.workerId;
      const settings = { title, description, category, isPublic, icon };
      await workers.change(request.accountId, subject, settings);
      await accounts.audit.record(actorOf(request), {
        action: 'worker.changed',
        subject,
        details: { fields: Object.keys(request.body) },
      });
      return success(request, {});
    },
  );

  app.delete(
    '/workers/:workerId',
    operation({
      id: 'deleteWorker',
      tag: 'workers',
      summary: 'Delete worker',
      description:
        'Extension: deletes your worker. Its runs stay readable. Its tasks can no longer run, their schedules are disabled, and its items in run queues are released.',
      params: WorkerParams,
    }),
    async (request) => {
      const subject = request.params.workerId;
      await workers.delete(request.accountId, subject);
      await accounts.audit.record(actorOf(request), { action: 'worker.deleted', subject });
      return success(request);
    },
  );

  app.get(
    '/workers/:workerId/icon',
    {
      config: { public: true },
      schema: {
        operationId: 'getWorkerIcon',
        tags: ['workers'],
        summary: 'Get worker icon',
        description:
          "Extension: returns the icon of a worker as an image. A worker's icon_url is this address, or empty if it has no icon.",
        security: [],
        params: WorkerParams,
        response: iconAnswers,
      },
    },
    async (request, reply) => {
      const { workerId } = request.params;
      const worker = await workers.get(request.accountId || undefined, workerId);
      const { mediaType, content } = await workers.icon(worker);
      return reply
        .type(mediaType)
        .header('x-content-type-options', 'nosniff')
        .header('content-security-policy', "default-src 'none'")
        .header('cache-control', `private, max-age=${iconSeconds}`)
        .send(content);
    },
  );
}
