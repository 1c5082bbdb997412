/** Publishes workers from uploaded zips. */
import type { MultipartFile } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Type } from 'typebox';
import { PublishedVersion } from '../../answers/versions.ts';
import type { AuditEvent } from '../../accounts/accounts.ts';
import { ChelaError, invalidArgument } from '../../errors.ts';
import type { PublishedVersion as PublishedVersionRecord, WorkerDetails } from '../../workers/workers.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { actorOf } from '../authentication.ts';
import { success } from '../envelope.ts';
import { operation } from '../operation.ts';
import { VersionParams, WorkerParams } from './shapes.ts';

/** Maximum length of each form field. */
const fieldLimits = { name: 64, title: 200, description: 5000, categories: 20 } as const;
type FieldName = keyof typeof fieldLimits;

const categoryPattern = /^\d{1,9}$/;

const packageField = Type.String({ format: 'binary', description: 'The worker package, a zip file.' });
const detailFields = {
  title: Type.Optional(Type.String({ description: 'Title of the worker.', maxLength: fieldLimits.title })),
  description: Type.Optional(
    Type.String({ description: 'What the worker does.', maxLength: fieldLimits.description }),
  ),
  categories: Type.Optional(
    Type.String({ description: 'Category, one whole number.', pattern: categoryPattern.source }),
  ),
};
const CreateForm = Type.Object({
  scraper_file: packageField,
  name: Type.Optional(
    Type.String({
      description: 'Name of the worker. Default: derived from the title.',
      maxLength: fieldLimits.name,
    }),
  ),
  ...detailFields,
});
const VersionForm = Type.Object({ scraper_file: packageField, ...detailFields });
const ChangeForm = Type.Object({ scraper_file: Type.Optional(packageField), ...detailFields });

interface Upload {
  /** Absent if the form has no package. */
  readonly zipFile: string | undefined;
  readonly details: WorkerDetails;
}

function isFieldName(name: string): name is FieldName {
  return name in fieldLimits;
}

function categoryOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!categoryPattern.test(text))
    throw new ChelaError('INVALID_SHAPE', 'categories must be one whole number');
  return Number(text);
}

function checkedField(name: FieldName, value: string): string | undefined {
  const text = value.trim();
  if (text.includes('\0'))
    throw new ChelaError('INVALID_SHAPE', `${name} must not contain the character U+0000`);
  if (text.length > fieldLimits[name]) {
    throw new ChelaError('INVALID_SHAPE', `${name} must not be longer than ${fieldLimits[name]} characters`);
  }
  return text === '' ? undefined : text;
}

async function saveFile(part: MultipartFile, zipFile: string, limitBytes: number): Promise<void> {
  await pipeline(part.file, createWriteStream(zipFile));
  if (part.file.truncated) {
    throw new ChelaError('BODY_TOO_LARGE', `the package is larger than the limit of ${limitBytes} bytes`);
  }
}

/**
 * Whether an error comes from a malformed form. The form parser reports those as plain errors, unlike the system and
 * Chela.
 */
function isMalformedForm(error: unknown): error is Error {
  return (
    error instanceof Error && error.name === 'Error' && !('statusCode' in error) && !('syscall' in error)
  );
}

/** @throws ChelaError if the form is malformed or a required part is missing */
async function readUpload(request: FastifyRequest, draft: string, limitBytes: number): Promise<Upload> {
  try {
    return await readForm(request, draft, limitBytes);
  } catch (error) {
    throw isMalformedForm(error) ? invalidArgument(`the form could not be read: ${error.message}`) : error;
  }
}

/** Reads the form into a draft folder. Unknown parts are discarded. */
async function readForm(request: FastifyRequest, draft: string, limitBytes: number): Promise<Upload> {
  if (!request.isMultipart()) {
    throw new ChelaError('UNSUPPORTED_MEDIA_TYPE', 'send the package as multipart/form-data');
  }
  const zipFile = path.join(draft, 'upload.zip');
  const fields: Partial<Record<FieldName, string>> = {};
  let hasFile = false;
  for await (const part of request.parts()) {
    if (part.type === 'file') {
      if (part.fieldname !== 'scraper_file') part.file.resume();
      else if (hasFile) throw invalidArgument('the form has more than one scraper_file: send exactly one');
      else {
        hasFile = true;
        await saveFile(part, zipFile, limitBytes);
      }
    } else if (isFieldName(part.fieldname)) {
      fields[part.fieldname] = checkedField(part.fieldname, String(part.value));
    }
  }
  const { name, title, description, categories } = fields;
  return {
    zipFile: hasFile ? zipFile : undefined,
    details: { name, title, description, category: categoryOf(categories) },
  };
}

/** @throws ChelaError if the form has no package */
function packageOf({ zipFile }: Upload): string {
  if (zipFile !== undefined) return zipFile;
  throw new ChelaError(
    'INVALID_SHAPE',
    'the form has no file named scraper_file: send the zip in that field',
  );
}

export function addWorkerUploadOperations(app: ApiApp, context: ApiContext): void {
  const { workers, packages, accounts, config } = context;

  async function withUpload<T>(request: FastifyRequest, work: (upload: Upload) => Promise<T>): Promise<T> {
    const draft = await packages.draftDir();
    try {
      return await work(await readUpload(request, draft, config.packageLimitBytes));
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
    const { path: subject, version } = published;
    await accounts.audit.record(actorOf(request), { action, subject, details: { version } });
    return success(request, published);
  }

  app.post(
    '/workers',
    operation({
      id: 'createWorker',
      tag: 'workers',
      summary: 'Create worker',
      description:
        'Publishes a new worker from a zip. Send a multipart form with scraper_file, title, and optionally name, description and categories (one integer). The first version is v1.0.1; the owner can run it immediately.',
      form: CreateForm,
      data: PublishedVersion,
    }),
    async (request) =>
      withUpload(request, async (upload) => {
        const owner = await accounts.get(request.accountId);
        const published = await workers.create(owner, packageOf(upload), upload.details);
        return recorded(request, 'worker.created', published);
      }),
  );

  app.post(
    '/workers/:workerId/versions',
    operation({
      id: 'createWorkerVersion',
      tag: 'workers',
      summary: 'Create worker version',
      description:
        'Publishes a new version of your worker, with the same form as a new worker. An unchanged package is refused.',
      form: VersionForm,
      params: WorkerParams,
      data: PublishedVersion,
    }),
    async (request) => {
      const { workerId } = request.params;
      return withUpload(request, async (upload) =>
        recorded(
          request,
          'worker.version_created',
          await workers.addVersion(request.accountId, workerId, packageOf(upload), upload.details),
        ),
      );
    },
  );

  app.put(
    '/workers/:workerId/versions/:version',
    operation({
      id: 'updateWorkerVersion',
      tag: 'workers',
      summary: 'Update worker version',
      description:
        'Replaces a version of your worker, with the same form as a new worker. Omitted fields are unchanged. An unchanged package is refused.',
      form: ChangeForm,
      params: VersionParams,
      data: PublishedVersion,
    }),
    async (request) => {
      const { workerId, version } = request.params;
      return withUpload(request, async ({ zipFile, details }) =>
        recorded(
          request,
          'worker.version_changed',
          await workers.replaceVersion(request.accountId, workerId, version, { zipFile, details }),
        ),
      );
    },
  );
}
