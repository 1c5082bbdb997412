/** Changes a worker's description, icon and visibility, and deletes it. */
import { Type } from 'typebox';
import { WorkerNetwork } from '../../answers/worker-network.ts';
import { allowedHostLimit, iconTextLimit } from '../../workers/workers.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { actorOf } from '../authentication.ts';
import { success } from '../envelope.ts';
import { answeringContent, operation } from '../operation.ts';
import { WorkerParams } from './shapes.ts';

const iconSchema = Type.String({ format: 'binary', description: 'A png, jpeg, gif or webp image.' });
const iconAnswers: Record<number, unknown> = {
  200: { description: 'The icon', content: { 'image/*': { schema: iconSchema } } },
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
    allowed_hosts: Type.Optional(
      Type.Union(
        [
          Type.Array(Type.String({ maxLength: 300, examples: ['*.example.com'] }), {
            maxItems: allowedHostLimit,
          }),
          Type.Null(),
        ],
        {
          description:
            'Hosts that runs of the worker may connect to: names, *.names, addresses and ranges, each optionally with :port. An empty list allows none, null allows every host. Applies to subtasks that start afterwards.',
        },
      ),
    ),
  },
  { title: 'WorkerSettings', additionalProperties: false },
);

function copied(hosts: readonly string[] | null): string[] | null {
  return hosts === null ? null : [...hosts];
}

export function addWorkerSettingsOperations(app: ApiApp, { workers, accounts, runHosts }: ApiContext): void {
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
      const {
        title,
        description,
        categories: category,
        is_public: isPublic,
        icon,
        allowed_hosts: allowedHosts,
      } = request.body;
      const subject = request.params.workerId;
      const settings = { title, description, category, isPublic, icon, allowedHosts };
      await workers.change(request.accountId, subject, settings);
      await accounts.audit.record(actorOf(request), {
        action: 'worker.changed',
        subject,
        details: { fields: Object.keys(request.body) },
      });
      return success(request, {});
    },
  );

  app.get(
    '/workers/:workerId/network',
    operation({
      id: 'getWorkerNetwork',
      tag: 'workers',
      summary: 'Get worker network',
      description:
        'Extension: returns the hosts that your worker may connect to, and proposals for this list: the hosts in its package and those of your newest successful runs.',
      params: WorkerParams,
      data: WorkerNetwork,
    }),
    async (request) => {
      const { accountId } = request;
      const worker = await workers.own(accountId, request.params.workerId);
      const [version, proposal] = await Promise.all([
        workers.version(worker),
        runHosts.proposal({ accountId, workerKey: worker.id }),
      ]);
      return success(request, {
        allowed_hosts: copied(worker.allowed_hosts),
        declared_hosts: copied(version.declared_hosts),
        proposal: {
          hosts: [...proposal.hosts],
          runs: proposal.runs,
          is_complete: proposal.isComplete,
        },
      });
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

  const { schema, config } = operation({
    id: 'getWorkerIcon',
    tag: 'workers',
    summary: 'Get worker icon',
    description:
      "Extension: returns the icon of a worker as an image. A worker's icon_url is this address, or empty if it has no icon.",
    public: true,
    params: WorkerParams,
  });
  app.get(
    '/workers/:workerId/icon',
    { config, schema: answeringContent(schema, iconAnswers) },
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
