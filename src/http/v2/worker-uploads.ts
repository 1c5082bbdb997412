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
import {
  iconTextLimit,
  type PublishedVersion as PublishedVersionRecord,
  type WorkerDetails,
} from '../../workers/workers.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { success } from '../envelope.ts';
import { operation } from '../operation.ts';
import { recordPublication } from './publications.ts';
import { VersionParams, WorkerParams } from './shapes.ts';

/** Maximum length of each form field. */
const fieldLimits = { name: 64, title: 200, description: 5000, categories: 20, icon: iconTextLimit } as const;
/** Larger than the limit of any field. */
export const formFieldBytes = 2 * iconTextLimit;
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
  icon: Type.Optional(
    Type.String({
      format: 'binary',
      description: 'Icon: a png, jpeg, gif or webp image of up to 256 KiB, as a file or as a data URL.',
    }),
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

const noPackage = 'the form has no file named scraper_file: send the zip in that field';

interface UploadPlace {
  readonly draft: string;
  readonly limitBytes: number;
  readonly isNewWorker: boolean;
}

interface Upload {
  /** Absent if the form has no package. */
  readonly zipFile: string | undefined;
  readonly details: WorkerDetails;
}

/** The name is used only for new workers. */
function isFieldName(name: string, isNewWorker: boolean): name is FieldName {
  return Object.hasOwn(fieldLimits, name) && (name !== 'name' || isNewWorker);
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

/** Reads an icon into a data URL. @returns undefined for the empty file that browsers send if none is chosen */
async function readIconFile(part: MultipartFile): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of part.file as AsyncIterable<Buffer>) {
    // A file that is too large is read to its end, because other parts of the form may follow.
    if (bytes <= iconTextLimit) chunks.push(chunk);
    bytes += chunk.length;
  }
  // The format is detected from the first bytes.
  return bytes === 0 ? undefined : `data:image/png;base64,${Buffer.concat(chunks).toString('base64')}`;
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
async function readUpload(request: FastifyRequest, place: UploadPlace): Promise<Upload> {
  try {
    return await readForm(request, place);
  } catch (error) {
    throw isMalformedForm(error) ? invalidArgument(`the form could not be read: ${error.message}`) : error;
  }
}

/** @throws ChelaError INVALID_SHAPE for an unknown or repeated field */
function checkPart(name: string, seen: Set<string>, isNewWorker: boolean): void {
  if (name !== 'scraper_file' && !isFieldName(name, isNewWorker))
    throw new ChelaError('INVALID_SHAPE', `unknown field "${name}"`);
  if (seen.has(name))
    throw new ChelaError('INVALID_SHAPE', `the form has more than one ${name}: send exactly one`);
  seen.add(name);
}

/** Reads the form into a draft folder. */
async function readForm(
  request: FastifyRequest,
  { draft, limitBytes, isNewWorker }: UploadPlace,
): Promise<Upload> {
  if (!request.isMultipart()) {
    throw new ChelaError('UNSUPPORTED_MEDIA_TYPE', 'send the package as multipart/form-data');
  }
  const zipFile = path.join(draft, 'upload.zip');
  const fields: Partial<Record<FieldName, string>> = {};
  const seen = new Set<string>();
  for await (const part of request.parts()) {
    const { fieldname } = part;
    checkPart(fieldname, seen, isNewWorker);
    if (part.type === 'file') {
      if (fieldname === 'scraper_file') await saveFile(part, zipFile, limitBytes);
      else if (fieldname === 'icon') fields.icon = await readIconFile(part);
      else throw new ChelaError('INVALID_SHAPE', `${fieldname} must be text, not a file`);
    } else if (fieldname === 'scraper_file') {
      throw new ChelaError('INVALID_SHAPE', noPackage);
    } else {
      const name = fieldname as FieldName;
      fields[name] = checkedField(name, String(part.value));
    }
  }
  const { name, title, description, categories, icon } = fields;
  return {
    zipFile: seen.has('scraper_file') ? zipFile : undefined,
    details: { name, title, description, category: categoryOf(categories), icon },
  };
}

/** @throws ChelaError if the form has no package */
function packageOf({ zipFile }: Upload): string {
  if (zipFile !== undefined) return zipFile;
  throw new ChelaError('INVALID_SHAPE', noPackage);
}

export function addWorkerUploadOperations(app: ApiApp, context: ApiContext): void {
  const { workers, packages, accounts, config } = context;

  async function withUpload<T>(
    request: FastifyRequest,
    work: (upload: Upload) => Promise<T>,
    isNewWorker = false,
  ): Promise<T> {
    const draft = await packages.draftDir();
    try {
      return await work(
        await readUpload(request, { draft, limitBytes: config.packageLimitBytes, isNewWorker }),
      );
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
    '/workers',
    operation({
      id: 'createWorker',
      tag: 'workers',
      summary: 'Create worker',
      description:
        'Publishes a new worker from a zip. Send a multipart form with scraper_file, title, and optionally name, description, categories (one integer) and icon. The first version is v1.0.1; the owner can run it immediately.',
      form: CreateForm,
      data: PublishedVersion,
    }),
    async (request) =>
      withUpload(
        request,
        async (upload) => {
          const owner = await accounts.get(request.accountId);
          const published = await workers.create(owner, packageOf(upload), upload.details);
          return recorded(request, 'worker.created', published);
        },
        true,
      ),
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
      errors: ['WORKER_VERSION_UNAVAILABLE'],
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
