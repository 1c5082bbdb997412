/** The versions of the account's own worker: their contents, and the installation of their dependencies. */
import { Type } from 'typebox';
import { pagedSchema } from '../../answers/pages.ts';
import { InstallLog, Installation, WorkerVersion, WorkerVersionDetail } from '../../answers/versions.ts';
import { parseRunSchema } from '../../runs/runs.ts';
import {
  workerPath,
  type InstallRecord,
  type ListedVersion,
  type WorkerRecord,
} from '../../workers/workers.ts';
import { actorOf } from '../authentication.ts';
import { attachment } from '../content-disposition.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { success } from '../envelope.ts';
import { answeringContent, operation } from '../operation.ts';
import { pageOf, paged, PageQuery, unixSeconds, VersionParams, WorkerParams } from './shapes.ts';

const LogQuery = Type.Object({
  after: Type.Optional(
    Type.Integer({
      description: 'Only lines with a higher number than this.',
      minimum: 0,
      maximum: 2_147_483_647,
      default: 0,
    }),
  ),
});

const packageAnswers: Record<number, unknown> = {
  200: {
    description: 'The package',
    content: {
      'application/zip': {
        schema: Type.String({ format: 'binary', description: 'The zip as it was uploaded.' }),
      },
    },
  },
};

function installShape(record: InstallRecord): Installation {
  const { status, err_msg, runtime, started_at, finished_at } = record;
  return {
    status,
    err_msg,
    runtime,
    started_at: unixSeconds(started_at),
    finished_at: unixSeconds(finished_at),
  };
}

function sourceOf({ git, is_edited: isEdited }: ListedVersion): WorkerVersion['source'] {
  if (git !== undefined) return 'git';
  return isEdited ? 'editor' : 'upload';
}

function versionShape(worker: WorkerRecord, version: ListedVersion): WorkerVersion {
  const { description, language, entry, package_bytes, warnings, git, install } = version;
  return {
    version: version.version,
    description,
    language,
    entry,
    package_bytes,
    is_current: version.id === worker.current_version_id,
    becomes_current: version.becomes_current,
    created_at: unixSeconds(version.created_at),
    warnings,
    source: sourceOf(version),
    git: git ?? null,
    install: installShape(install),
  };
}

export function addWorkerVersionOperations(app: ApiApp, context: ApiContext): void {
  addReading(app, context);
  addInstalling(app, context);
  addChoosing(app, context);
}

function addReading(app: ApiApp, { workers, packages }: ApiContext): void {
  app.get(
    '/workers/:workerId/versions',
    operation({
      id: 'listWorkerVersions',
      tag: 'workers',
      summary: 'List worker versions',
      description: 'Extension: returns the versions of your worker, newest first.',
      params: WorkerParams,
      querystring: PageQuery,
      data: pagedSchema(WorkerVersion),
    }),
    async (request) => {
      const page = pageOf(request.query);
      const worker = await workers.own(request.accountId, request.params.workerId);
      const { count, list } = await workers.versions.page(worker.id, page);
      const shapes = list.map((version) => versionShape(worker, version));
      return success(request, paged({ count, list: shapes }, page));
    },
  );

  app.get(
    '/workers/:workerId/versions/:version',
    operation({
      id: 'getWorkerVersion',
      errors: ['WORKER_VERSION_UNAVAILABLE'],
      tag: 'workers',
      summary: 'Get worker version',
      description: 'Extension: returns a version of your worker with its readme and input schema.',
      params: VersionParams,
      data: WorkerVersionDetail,
    }),
    async (request) => {
      const { workerId, version } = request.params;
      const { worker, record, listed } = await workers.ownVersion(request.accountId, workerId, version);
      return success(request, {
        ...versionShape(worker, listed),
        readme: record.readme,
        input_schema: parseRunSchema(record.input_schema),
      });
    },
  );

  const { config, schema } = operation({
    id: 'getWorkerPackage',
    errors: ['WORKER_VERSION_UNAVAILABLE'],
    tag: 'workers',
    summary: 'Download worker package',
    description: 'Extension: returns the package of a version of your worker, a zip.',
    params: VersionParams,
  });
  app.get(
    '/workers/:workerId/versions/:version/package',
    { config, schema: answeringContent(schema, packageAnswers) },
    async (request, reply) => {
      const { workerId, version } = request.params;
      const { worker, record } = await workers.ownVersion(request.accountId, workerId, version);
      const { sizeBytes, content } = await packages.zip(record.package_hash);
      return reply
        .type('application/zip')
        .header('content-disposition', attachment(`${worker.name}-${record.version}.zip`))
        .header('content-length', sizeBytes)
        .header('x-content-type-options', 'nosniff')
        .header('cache-control', 'private, no-store')
        .send(content);
    },
  );
}

function addInstalling(app: ApiApp, { workers }: ApiContext): void {
  app.get(
    '/workers/:workerId/versions/:version/install-log',
    operation({
      id: 'getWorkerInstallLog',
      errors: ['WORKER_VERSION_UNAVAILABLE'],
      tag: 'workers',
      summary: 'Get worker install log',
      description:
        "Extension: returns the installation log of a version's dependencies, also while the installation is in progress. A new attempt replaces the lines of the previous one.",
      params: VersionParams,
      querystring: LogQuery,
      data: InstallLog,
    }),
    async (request) => {
      const { workerId, version } = request.params;
      const { record } = await workers.ownVersion(request.accountId, workerId, version);
      // Read the state first: lines that are added in between are returned by the next request.
      const install = await workers.installs.read(record.id);
      const lines = await workers.installs.lines(record.id, request.query.after ?? 0);
      return success(request, {
        ...installShape(install),
        lines: lines.map(({ number, content, logged_at: at }) => ({
          number,
          content,
          timestamp: at.getTime(),
        })),
        is_truncated: install.is_truncated,
      });
    },
  );

  app.post(
    '/workers/:workerId/versions/:version/install',
    operation({
      id: 'installWorkerVersion',
      errors: ['WORKER_VERSION_UNAVAILABLE'],
      tag: 'workers',
      summary: 'Install worker dependencies',
      description:
        'Extension: installs the dependencies of a version of your worker in the background, as after its upload.',
      params: VersionParams,
      data: Installation,
    }),
    async (request) => {
      const { workerId, version } = request.params;
      const { record } = await workers.ownVersion(request.accountId, workerId, version);
      await workers.installs.retry(record.id);
      return success(request, installShape(await workers.installs.read(record.id)));
    },
  );
}

function addChoosing(app: ApiApp, { workers, accounts }: ApiContext): void {
  app.post(
    '/workers/:workerId/versions/:version/make-current',
    operation({
      id: 'makeWorkerVersionCurrent',
      errors: ['WORKER_VERSION_UNAVAILABLE'],
      tag: 'workers',
      summary: 'Make worker version current',
      description:
        'Extension: makes a version of your worker the current one, which runs and tasks without a version use. If its dependencies are being installed, it becomes current once they are. A version whose dependencies could not be installed is refused.',
      params: VersionParams,
      data: WorkerVersion,
    }),
    async (request) => {
      const { workerId, version } = request.params;
      const { worker, listed, previous } = await workers.makeCurrent(request.accountId, workerId, version);
      await accounts.audit.record(actorOf(request), {
        action: 'worker.version_made_current',
        subject: workerPath(worker.owner, worker.name),
        details: { version: listed.version, previous },
      });
      return success(request, versionShape(worker, listed));
    },
  );
}
