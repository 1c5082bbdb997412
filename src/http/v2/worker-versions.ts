/** The versions of a worker of one's own: what they are made of, and the installation of what they depend on. */
import { Type, type Static } from 'typebox';
import { parseRunSchema } from '../../runs/runs.ts';
import type { InstallRecord, ListedVersion, WorkerRecord } from '../../workers/workers.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { success } from '../envelope.ts';
import { enumeration } from '../enumeration.ts';
import { operation } from '../operation.ts';
import {
  Git,
  pageOf,
  paged,
  pagedSchema,
  PageQuery,
  unixSeconds,
  VersionParams,
  Warnings,
  WorkerParams,
} from './shapes.ts';

const installFields = {
  status: enumeration(['none', 'waiting', 'installing', 'installed', 'failed'], {
    description: 'none has nothing to install; waiting is for a runner.',
    examples: ['installed'],
  }),
  err_msg: Type.String({ description: 'Why it failed; else empty.', examples: [''] }),
  started_at: Type.Integer({ description: 'Unix seconds; 0 before the start.', examples: [1_782_091_200] }),
  finished_at: Type.Integer({ description: 'Unix seconds; 0 before the end.', examples: [1_782_091_210] }),
};

const Install = Type.Object(installFields, {
  title: 'Installation',
  description: 'The newest installation of the dependencies of a version',
});

const versionFields = {
  version: Type.String({ examples: ['v1.0.1'] }),
  is_current: Type.Boolean({
    description: 'Whether it is what runs without a version run.',
    examples: [true],
  }),
  created_at: Type.Integer({ description: 'Unix seconds.', examples: [1_782_091_200] }),
  description: Type.String({ description: 'Subject of its commit; else empty.', examples: [''] }),
  language: enumeration(['node', 'python', 'go'], { examples: ['node'] }),
  entry: Type.String({ description: 'The file that is run.', examples: ['main.js'] }),
  package_bytes: Type.Integer({ description: 'Size of the zip; 0 where it is not known.', examples: [4096] }),
  warnings: Warnings,
  source: enumeration(['upload', 'git'], { examples: ['upload'] }),
  git: Type.Union([Git, Type.Null()], { description: 'null for uploads.' }),
  install: Install,
};

const Version = Type.Object(versionFields, { title: 'WorkerVersion', description: 'A version of a worker' });

const VersionDetail = Type.Object(
  {
    ...versionFields,
    readme: Type.String({ description: 'README.md of the package.' }),
    input_schema: Type.Unknown({ description: 'input_schema.json of the package.' }),
  },
  { title: 'WorkerVersionDetail', description: 'A version of a worker with its files' },
);

const InstallLog = Type.Object(
  {
    ...installFields,
    lines: Type.Array(
      Type.Object({
        number: Type.Integer({ description: 'From 1.', examples: [1] }),
        content: Type.String({ examples: ['added 12 packages in 2s'] }),
        timestamp: Type.Integer({ description: 'Unix milliseconds.', examples: [1_782_091_201_000] }),
      }),
      { description: 'At most 1000, oldest first.' },
    ),
    is_truncated: Type.Boolean({ description: 'Whether there were more lines than are kept.' }),
  },
  { title: 'InstallLog', description: 'The log of an installation' },
);

const LogQuery = Type.Object({
  after: Type.Optional(
    Type.Integer({
      description: 'Only lines with higher numbers.',
      minimum: 0,
      maximum: 2_147_483_647,
      default: 0,
    }),
  ),
});

function installShape(record: InstallRecord): Static<typeof Install> {
  const { status, err_msg, started_at, finished_at } = record;
  return { status, err_msg, started_at: unixSeconds(started_at), finished_at: unixSeconds(finished_at) };
}

function versionShape(worker: WorkerRecord, version: ListedVersion): Static<typeof Version> {
  const { description, language, entry, package_bytes, warnings, git, install } = version;
  return {
    version: version.version,
    description,
    language,
    entry,
    package_bytes,
    is_current: version.id === worker.current_version_id,
    created_at: unixSeconds(version.created_at),
    warnings: [...warnings],
    source: git === undefined ? 'upload' : 'git',
    git: git ?? null,
    install: installShape(install),
  };
}

export function addWorkerVersionOperations(app: ApiApp, { workers }: ApiContext): void {
  app.get(
    '/workers/:workerId/versions',
    operation({
      id: 'listWorkerVersions',
      tag: 'workers',
      summary: 'List worker versions',
      description: 'Extension: the versions of a worker of yours, newest first.',
      params: WorkerParams,
      querystring: PageQuery,
      data: pagedSchema(Version),
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
      tag: 'workers',
      summary: 'Get worker version',
      description: 'Extension: a version of a worker of yours, with its readme and input schema.',
      params: VersionParams,
      data: VersionDetail,
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

  app.get(
    '/workers/:workerId/versions/:version/install-log',
    operation({
      id: 'getWorkerInstallLog',
      tag: 'workers',
      summary: 'Get worker install log',
      description:
        'Extension: what the installation of the dependencies of a version printed, while it goes on, too. The lines of a further attempt take the place of those before.',
      params: VersionParams,
      querystring: LogQuery,
      data: InstallLog,
    }),
    async (request) => {
      const { workerId, version } = request.params;
      const { record } = await workers.ownVersion(request.accountId, workerId, version);
      // The state first: lines that are added meanwhile come with the next look.
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
      tag: 'workers',
      summary: 'Install worker dependencies',
      description:
        'Extension: has a runner install the dependencies of a version of a worker of yours, in the background, as after its upload.',
      params: VersionParams,
      data: Install,
    }),
    async (request) => {
      const { workerId, version } = request.params;
      const { record } = await workers.ownVersion(request.accountId, workerId, version);
      await workers.installs.retry(record.id);
      return success(request, installShape(await workers.installs.read(record.id)));
    },
  );
}
