/** Keeps the files that the subtasks of one run put on this runner. */
import { createHash } from 'node:crypto';
import { Transform, type Readable, type TransformCallback } from 'node:stream';
import { invalidArgument } from '../errors.ts';
import type { Claim, RunClaims } from '../runs/runs.ts';
import type { Slots } from '../services/slots.ts';
import type { Storage } from '../storage/storage.ts';
import { fileTooLarge, runFilesTooLarge, type FileLimits } from './file-limits.ts';
import { checkFileName } from './file-name.ts';
import { storageKey, type FileRecord } from './file-record.ts';
import type { DiscardedFile, FileRegister, StartedFile } from './file-register.ts';
import { mediaTypeOf } from './media-type.ts';

/** Time for the content of a file to arrive. After twice this time, an unfinished file is removed as garbage. */
export const arrivalLimitMilliseconds = 3600 * 1000;

export interface FileUpload {
  readonly claim: Claim;
  readonly name: string;
  /** As the worker gives it; `''` without one. */
  readonly mediaType: string;
  /** Fails if the worker does not send everything. */
  readonly content: Readable;
  /** Size of the content, if it is known in advance. */
  readonly announcedBytes: number | undefined;
}

export interface FileServices {
  readonly register: FileRegister;
  readonly storage: Storage;
  readonly limits: FileLimits;
  /** Bounds the database connections that wait for others to keep files of the same run. */
  readonly keeping: Slots;
  /** Removes a discarded file from the storage, now or later. Never rejects. */
  readonly remove: (file: DiscardedFile) => Promise<void>;
  /** Discards and removes a file whose content did not arrive. Never rejects. */
  readonly abandon: (file: DiscardedFile) => Promise<void>;
}

export class RunFileWriter {
  readonly #services: FileServices;
  readonly #runId: number;
  readonly #claims: RunClaims;
  /** Bytes that are arriving now. Together with kept files they stay within the limit of the run. */
  #arrivingBytes = 0;

  constructor(services: FileServices, runId: number, claims: RunClaims) {
    this.#services = services;
    this.#runId = runId;
    this.#claims = claims;
  }

  /**
   * Keeps a file, which replaces an earlier file of that name once it is complete. If it fails, nothing is kept.
   * @throws ChelaError if the name, the media type or the size is not acceptable, or the claim was lost
   */
  async put({ claim, name, mediaType: given, content, announcedBytes = 0 }: FileUpload): Promise<FileRecord> {
    const { register, limits, keeping } = this.#services;
    checkFileName(name);
    const mediaType = mediaTypeOf(given, name);
    if (mediaType === undefined) throw invalidArgument('the Content-Type is not a media type');
    if (announcedBytes > limits.fileLimitBytes) throw fileTooLarge(limits);
    const start = { runId: this.#runId, subtask: claim.number, name, mediaType };
    const started = await register.start(start);
    try {
      if (started.otherBytes + announcedBytes > limits.runFilesLimitBytes) throw runFilesTooLarge(limits);
      const written = await this.#write(started, content);
      const { kept, replaced } = await keeping.use(async () =>
        register.keep(started, start, written, (client) => this.#claims.hold(client, claim)),
      );
      if (replaced !== undefined) await this.#services.remove(replaced);
      return kept;
    } catch (error) {
      await this.#services.abandon(started);
      throw error;
    }
  }

  /** @throws ChelaError NOT_FOUND, INVALID_ARGUMENT for a name that files cannot have, or if the claim was lost */
  async delete(claim: Claim, name: string): Promise<void> {
    checkFileName(name);
    const { register, remove } = this.#services;
    await remove(await register.discardFor(this.#runId, name, (client) => this.#claims.hold(client, claim)));
  }

  async #write(
    { slug, otherBytes }: StartedFile,
    content: Readable,
  ): Promise<{ sizeBytes: number; sha256: Buffer }> {
    const { storage, limits } = this.#services;
    const hash = createHash('sha256');
    let sizeBytes = 0;
    const check = (chunk: Buffer): Error | undefined => {
      sizeBytes += chunk.length;
      this.#arrivingBytes += chunk.length;
      if (sizeBytes > limits.fileLimitBytes) return fileTooLarge(limits);
      if (otherBytes + this.#arrivingBytes > limits.runFilesLimitBytes) return runFilesTooLarge(limits);
      hash.update(chunk);
      return undefined;
    };
    const checked = new Transform({
      transform(chunk: Buffer, _encoding, done: TransformCallback) {
        const problem = check(chunk);
        if (problem === undefined) done(null, chunk);
        else done(problem);
      },
    });
    if (content.destroyed) throw incomplete();
    const late = AbortSignal.timeout(arrivalLimitMilliseconds);
    const end = (): void => void checked.destroy(invalidArgument('the file took too long to arrive'));
    late.addEventListener('abort', end, { once: true });
    // Not `pipeline`, which would destroy the worker's connection before the error can be answered.
    content.once('error', (error) => checked.destroy(error));
    content.once('close', () => {
      if (!content.readableEnded) checked.destroy(incomplete());
    });
    content.pipe(checked);
    try {
      await storage.write(storageKey({ slug }), checked);
      return { sizeBytes, sha256: hash.digest() };
    } finally {
      late.removeEventListener('abort', end);
      content.unpipe(checked);
      this.#arrivingBytes -= sizeBytes;
    }
  }
}

function incomplete(): Error {
  return new Error('the worker did not send the whole file');
}
