/** Publishes workers from files that are sent as text, as an editor does. */
import type { FastifyRequest } from 'fastify';
import { rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { Type } from 'typebox';
import { PublishedVersion } from '../../answers/versions.ts';
import type { AuditEvent } from '../../accounts/accounts.ts';
import { ChelaError } from '../../errors.ts';
import {
  writeEditedPackage,
  type PackageEdit,
  type PublishedVersion as PublishedVersionRecord,
} from '../../workers/workers.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { success } from '../envelope.ts';
import { operation } from '../operation.ts';
import { recordPublication } from './publications.ts';
import { WorkerParams } from './shapes.ts';

const filePath = Type.String({
  description: 'Path within the package.',
  minLength: 1,
  maxLength: 1024,
  examples: ['main.py'],
});
const WrittenFile = Type.Object(
  { path: filePath, content: Type.String({ examples: ['import sdk\n'] }) },
  { title: 'WrittenFile', description: 'A text file of a package', additionalProperties: false },
);
const files = Type.Array(WrittenFile, { description: 'Text files to write, in UTF-8.', maxItems: 1000 });

const CreateBody = Type.Object(
  {
    title: Type.String({
      description: 'Title of the worker.',
      minLength: 1,
      maxLength: 200,
      examples: ['Price watch'],
    }),
    name: Type.Optional(
      Type.String({ description: 'Name of the worker. Default: derived from the title.', maxLength: 64 }),
    ),
    description: Type.Optional(Type.String({ description: 'What the worker does.', maxLength: 5000 })),
    files,
  },
  { additionalProperties: false },
);

const EditBody = Type.Object(
  {
    base_version: Type.String({
      description: 'The version whose other files are kept.',
      minLength: 1,
      maxLength: 100,
      examples: ['v1.0.1'],
    }),
    newest_version: Type.Optional(
      Type.String({
        description:
          'The newest version that you know. If there is a newer one, nothing is published, and the answer is 412.',
        examples: ['v1.0.2'],
      }),
    ),
    package_hash: Type.Optional(
      Type.String({
        description: 'The package of the base version that you know. If it was replaced, the answer is 412.',
      }),
    ),
    files,
    renamed: Type.Optional(
      Type.Array(
        Type.Object(
          { from: filePath, to: filePath },
          { title: 'RenamedFile', description: 'A file that gets another path', additionalProperties: false },
        ),
        {
          description:
            'Files of the base version that get another path, whatever they contain. from must exist and is not to be in removed.',
          maxItems: 1000,
        },
      ),
    ),
    removed: Type.Optional(
      Type.Array(filePath, { description: 'Files of the base version to leave out.', maxItems: 10_000 }),
    ),
  },
  { additionalProperties: false },
);

export function addWorkerEditOperations(app: ApiApp, context: ApiContext): void {
  const { workers, packages, accounts, config } = context;

  /** Packs the edit into a zip for `publish`. @param base folder of the earlier version */
  async function withPackage(
    edit: PackageEdit,
    base: string | undefined,
    publish: (zipFile: string) => Promise<PublishedVersionRecord>,
  ): Promise<PublishedVersionRecord> {
    const draft = await packages.draftDir();
    try {
      const zipFile = path.join(draft, 'package.zip');
      await writeEditedPackage(base, edit, zipFile);
      const { size } = await stat(zipFile);
      if (size > config.packageLimitBytes)
        throw new ChelaError(
          'BODY_TOO_LARGE',
          `the package is larger than the limit of ${config.packageLimitBytes} bytes`,
        );
      return await publish(zipFile);
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  }

  /** Records a publication in the audit log, and answers it. */
  async function recorded(
    request: FastifyRequest,
    action: AuditEvent['action'],
    published: PublishedVersionRecord,
  ) {
    return success(request, await recordPublication(request, accounts, action, published));
  }

  app.post(
    '/workers/files',
    operation({
      id: 'createWorkerFromFiles',
      tag: 'workers',
      summary: 'Create worker from files',
      description:
        'Extension: publishes a new worker from text files, with the checks of an upload. The first version is v1.0.1.',
      body: CreateBody,
      data: PublishedVersion,
    }),
    async (request) => {
      const { files: written, title, ...further } = request.body;
      const details = { ...further, title: title.trim() };
      const owner = await accounts.get(request.accountId);
      const published = await withPackage(
        { files: written, removed: [], renamed: [] },
        undefined,
        async (zipFile) => workers.create(owner, zipFile, details, { isEdited: true }),
      );
      return recorded(request, 'worker.created', published);
    },
  );

  app.post(
    '/workers/:workerId/versions/files',
    operation({
      id: 'editWorkerFiles',
      tag: 'workers',
      summary: 'Edit worker files',
      description:
        'Extension: publishes a new version of your worker, in which some files of an earlier version are replaced, added, renamed or left out, with the checks of an upload. All other files are kept.',
      params: WorkerParams,
      body: EditBody,
      errors: ['WORKER_VERSION_UNAVAILABLE', 'PRECONDITION_FAILED'],
      data: PublishedVersion,
    }),
    async (request) => {
      const { workerId } = request.params;
      const { base_version: base, newest_version: newest, package_hash: hash, files: written } = request.body;
      const { record } = await workers.ownVersion(request.accountId, workerId, base);
      if (hash !== undefined && hash !== record.package_hash)
        throw new ChelaError(
          'PRECONDITION_FAILED',
          `${record.version} was replaced meanwhile: read it again`,
        );
      const { removed = [], renamed = [] } = request.body;
      const edit = { files: written, removed, renamed };
      const directory = await packages.unpacked(record.package_hash);
      const published = await withPackage(edit, directory, async (zipFile) =>
        workers.addVersion(request.accountId, workerId, zipFile, {}, { newest, isEdited: true }),
      );
      return recorded(request, 'worker.version_created', published);
    },
  );
}
