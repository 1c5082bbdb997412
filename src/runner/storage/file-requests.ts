/** Serves the files of a run to its workers: `/files` and `/files/NAME`. */
import { pipeline } from 'node:stream/promises';
import { invalidArgument } from '../../errors.ts';
import type { FileRecord, Files, RunFileWriter } from '../../files/files.ts';
import type { Claim, RunClaims } from '../../runs/runs.ts';
import type { Slots } from '../../services/slots.ts';
import {
  answerEmpty,
  answerJson,
  listQuery,
  methodNotAllowed,
  type WorkerRequest,
} from './worker-request.ts';

export interface ServedFiles {
  readonly files: Files;
  readonly writer: RunFileWriter;
  readonly runId: number;
  readonly claim: Claim;
  readonly claims: RunClaims;
}

function fileShape(file: FileRecord) {
  return {
    name: file.name,
    size_bytes: file.size_bytes,
    content_type: file.media_type,
    sha256: file.sha256.toString('hex'),
    subtask: file.subtask,
    kept_at: file.kept_at.toISOString(),
    reference: `chela-file:${file.name}`,
  };
}

export class FileRequests {
  readonly #served: ServedFiles;
  readonly #slots: Slots;

  constructor(served: ServedFiles, slots: Slots) {
    this.#served = served;
    this.#slots = slots;
  }

  /** @throws ChelaError to answer with, if nothing has been sent yet */
  async handle(request: WorkerRequest): Promise<void> {
    const { method, first, rest } = request;
    const name = rest === undefined ? first : `${first}/${rest}`;
    if (name === '') throw invalidArgument('the file name is empty: GET /files lists the files');
    if (name === undefined) {
      if (method !== 'GET') throw methodNotAllowed(request, 'GET');
      await this.#list(request);
    } else if (method === 'PUT') await this.#put(request, name);
    else if (method === 'GET' || method === 'HEAD') await this.#get(request, name);
    else if (method === 'DELETE') await this.#delete(request, name);
    else throw methodNotAllowed(request, 'GET, PUT or DELETE');
  }

  async #list({ response, query }: WorkerRequest): Promise<void> {
    const { files, runId } = this.#served;
    const wanted = listQuery(query);
    const { list, next } = await this.#slots.use(async () => files.listAfter({ id: runId }, wanted));
    answerJson(response, 200, { list: list.map(fileShape), next });
  }

  async #put({ incoming, response }: WorkerRequest, name: string): Promise<void> {
    const { writer, claim } = this.#served;
    const { 'content-type': mediaType = '', 'content-length': announced } = incoming.headers;
    const upload = {
      claim,
      name,
      mediaType,
      content: incoming,
      announcedBytes: announced === undefined ? undefined : Number(announced),
    };
    const kept = await this.#slots.use(async () => writer.put(upload));
    answerJson(response, 200, fileShape(kept));
  }

  async #get({ method, response }: WorkerRequest, name: string): Promise<void> {
    const { files, runId } = this.#served;
    // The slot is free while the content is sent, so that a worker can put what it reads.
    const { file, content } = await this.#slots.use(async () => {
      const found = await files.get({ id: runId }, name);
      return { file: found, content: method === 'HEAD' ? undefined : await files.content(found) };
    });
    response.writeHead(200, {
      'content-type': file.media_type,
      'content-length': String(file.size_bytes),
      etag: `"${file.sha256.toString('hex')}"`,
    });
    if (content === undefined) response.end();
    else await pipeline(content, response);
  }

  async #delete({ response }: WorkerRequest, name: string): Promise<void> {
    const { writer, claim } = this.#served;
    await this.#slots.use(async () => writer.delete(claim, name));
    answerEmpty(response);
  }
}
