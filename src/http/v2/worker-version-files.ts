/** The files of a version of the account's own worker, and what changed between two versions. */
import { Type } from 'typebox';
import {
  VersionChanges,
  VersionFile,
  VersionFileList,
  type ChangedEntry,
} from '../../answers/version-files.ts';
import {
  changedDependencies,
  changedFields,
  changedFiles,
  fileOfVersion,
  filesOfVersion,
} from '../../workers/workers.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { success } from '../envelope.ts';
import { operation } from '../operation.ts';
import { VersionParams } from './shapes.ts';

const PathQuery = Type.Object({
  path: Type.String({
    description: 'Path of the file within the package.',
    minLength: 1,
    maxLength: 4096,
    examples: ['main.py'],
  }),
});

const SinceQuery = Type.Object({
  since: Type.String({
    description: 'The version to compare with: a version, latest, or at least 7 digits of a git commit.',
    minLength: 1,
    maxLength: 100,
    examples: ['v1.0.1'],
  }),
});

interface Difference {
  readonly name: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

function changedEntry({ name, before, after }: Difference): ChangedEntry {
  const change = before === undefined ? 'added' : after === undefined ? 'removed' : 'changed';
  return { name, change, before: before ?? '', after: after ?? '' };
}

export function addWorkerVersionFileOperations(app: ApiApp, context: ApiContext): void {
  const { workers, packages } = context;
  app.get(
    '/workers/:workerId/versions/:version/files',
    operation({
      id: 'listWorkerVersionFiles',
      errors: ['WORKER_VERSION_UNAVAILABLE'],
      tag: 'workers',
      summary: 'List files of a worker version',
      description: 'Extension: returns the files in the package of a version of your worker.',
      params: VersionParams,
      data: VersionFileList,
    }),
    async (request) => {
      const { workerId, version } = request.params;
      const { worker, record } = await workers.ownVersion(request.accountId, workerId, version);
      const newest = await workers.versions.newest(worker.id);
      const { count, list } = await filesOfVersion(await packages.unpacked(record.package_hash));
      return success(request, {
        count,
        list: list.map(({ path, bytes, isExecutable }) => ({ path, bytes, is_executable: isExecutable })),
        version: record.version,
        newest_version: newest,
        package_hash: record.package_hash,
      });
    },
  );

  app.get(
    '/workers/:workerId/versions/:version/files/text',
    operation({
      id: 'getWorkerVersionFile',
      errors: ['WORKER_VERSION_UNAVAILABLE'],
      tag: 'workers',
      summary: 'Get file of a worker version',
      description:
        'Extension: returns a file in the package of a version of your worker as text, if it is text.',
      params: VersionParams,
      querystring: PathQuery,
      data: VersionFile,
    }),
    async (request) => {
      const { workerId, version } = request.params;
      const { record } = await workers.ownVersion(request.accountId, workerId, version);
      const directory = await packages.unpacked(record.package_hash);
      const { path, bytes, content, isText, isTruncated } = await fileOfVersion(
        directory,
        request.query.path,
      );
      return success(request, { path, bytes, is_text: isText, content, is_truncated: isTruncated });
    },
  );
  addComparison(app, context);
}

function addComparison(app: ApiApp, { workers, packages }: ApiContext): void {
  app.get(
    '/workers/:workerId/versions/:version/changes',
    operation({
      id: 'compareWorkerVersions',
      errors: ['WORKER_VERSION_UNAVAILABLE'],
      tag: 'workers',
      summary: 'Compare worker versions',
      description:
        'Extension: returns what changed from one version of your worker to another: files, dependencies and input fields.',
      params: VersionParams,
      querystring: SinceQuery,
      data: VersionChanges,
    }),
    async (request) => {
      const { workerId, version } = request.params;
      const read = async (name: string) => {
        const { record } = await workers.ownVersion(request.accountId, workerId, name);
        const directory = await packages.unpacked(record.package_hash);
        return { ...record, directory, inputSchema: record.input_schema };
      };
      const base = await read(request.query.since);
      const changed = await read(version);
      const { count, list } = await changedFiles(base.directory, changed.directory);
      const dependencies = await changedDependencies(base, changed);
      return success(request, {
        base: base.version,
        version: changed.version,
        count,
        files: list.map(({ path, change, baseBytes, bytes }) => ({
          path,
          change,
          before_bytes: baseBytes,
          after_bytes: bytes,
        })),
        dependencies: dependencies.map(changedEntry),
        input_fields: changedFields(base, changed).map(changedEntry),
      });
    },
  );
}
