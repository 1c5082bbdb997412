/** Publishing workers from git repositories. */
import type { FastifyRequest } from 'fastify';
import { Type, type Static } from 'typebox';
import { ImportedVersion, PulledVersion } from '../../answers/versions.ts';
import type { AuditEvent } from '../../accounts/accounts.ts';
import type { GitPlace, ImportedVersion as ImportedVersionRecord } from '../../git/git-import.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { actorOf } from '../authentication.ts';
import { success } from '../envelope.ts';
import { operation } from '../operation.ts';
import { recordPublication } from './publications.ts';
import { WorkerParams } from './shapes.ts';

const token = Type.Optional(
  Type.String({
    description:
      'Password or access token for a private repository. It is used for this request only and never stored.',
    maxLength: 2000,
  }),
);

const placeFields = {
  git_url: Type.String({
    description: 'https or ssh URL of the repository.',
    maxLength: 1000,
    examples: ['https://code.example/me/worker'],
  }),
  git_ref: Type.Optional(
    Type.String({
      description: 'Branch, tag or full commit. Default: the default branch.',
      maxLength: 250,
      examples: ['main'],
    }),
  ),
  git_folder: Type.Optional(
    Type.String({
      description: 'Folder of the package within the repository. Default: the root.',
      maxLength: 500,
    }),
  ),
  git_token: token,
};

const detailFields = {
  title: Type.Optional(Type.String({ description: 'Title of the worker.', maxLength: 200 })),
  description: Type.Optional(Type.String({ description: 'What the worker does.', maxLength: 5000 })),
  categories: Type.Optional(
    Type.Integer({ description: 'Category; 0 means none.', minimum: 0, maximum: 999_999_999 }),
  ),
};

const VersionBody = Type.Object({ ...placeFields, ...detailFields }, { additionalProperties: false });
const CreateBody = Type.Object(
  {
    ...placeFields,
    name: Type.Optional(
      Type.String({ description: 'Name of the worker. Default: the name of the repository.', maxLength: 64 }),
    ),
    ...detailFields,
  },
  { additionalProperties: false },
);

function placeOf(body: Static<typeof VersionBody>): GitPlace {
  const { git_url: url, git_ref: ref, git_folder: folder, git_token: secret } = body;
  return { url, ref, folder, token: secret };
}

/** Empty form fields count as absent. */
function detailsOf({ title, description, categories }: Static<typeof VersionBody>) {
  return {
    title: title?.trim() || undefined,
    description: description?.trim() || undefined,
    category: categories || undefined,
  };
}

export function addWorkerGitOperations(app: ApiApp, { accounts, gitImports }: ApiContext): void {
  /** Records an import in the audit log, and answers it. */
  async function recorded(
    request: FastifyRequest,
    action: AuditEvent['action'],
    published: ImportedVersionRecord,
  ) {
    const { git } = published;
    const answer = await recordPublication(request, accounts, action, published, { git });
    return success(request, { ...answer, git });
  }

  app.post(
    '/workers/git',
    operation({
      id: 'createWorkerFromGit',
      tag: 'workers',
      summary: 'Create worker from git',
      description:
        'Extension: publishes a new worker from a git repository as version v1.0.1. The request waits until the import has ended.',
      body: CreateBody,
      data: ImportedVersion,
    }),
    async (request) => {
      const { body } = request;
      const owner = await accounts.get(request.accountId);
      const details = { ...detailsOf(body), name: body.name?.trim() || undefined };
      return recorded(request, 'worker.created', await gitImports.create(owner, placeOf(body), details));
    },
  );

  app.post(
    '/workers/:workerId/versions/git',
    operation({
      id: 'createWorkerVersionFromGit',
      tag: 'workers',
      summary: 'Create worker version from git',
      description:
        'Extension: publishes a new version of your worker from a git repository. An unchanged package is refused.',
      params: WorkerParams,
      body: VersionBody,
      data: ImportedVersion,
    }),
    async (request) => {
      const { body, params } = request;
      return recorded(
        request,
        'worker.version_created',
        await gitImports.addVersion(request.accountId, params.workerId, placeOf(body), detailsOf(body)),
      );
    },
  );

  app.post(
    '/workers/:workerId/git/pull',
    operation({
      id: 'pullWorkerFromGit',
      tag: 'workers',
      summary: 'Import worker again from git',
      description:
        'Extension: publishes a new version of your worker from the repository and ref of its newest git version, if the package changed.',
      params: WorkerParams,
      body: Type.Object({ git_token: token }, { additionalProperties: false }),
      data: PulledVersion,
    }),
    async (request) => {
      const { workerId: subject } = request.params;
      const { isChanged, version, git, warnings } = await gitImports.pull(
        request.accountId,
        subject,
        request.body.git_token,
      );
      if (isChanged) {
        const details = { version, git };
        await accounts.audit.record(actorOf(request), { action: 'worker.version_created', subject, details });
      }
      return success(request, { is_changed: isChanged, version, git, warnings });
    },
  );
}
