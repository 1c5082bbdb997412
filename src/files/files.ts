/** The façade of files that workers keep. They belong to a run and are removed with it. */
import type { Readable } from 'node:stream';
import type { Database } from '../database/database.ts';
import { ChelaError } from '../errors.ts';
import type { Events } from '../events/events.ts';
import type { RunClaims } from '../runs/runs.ts';
import { Slots } from '../services/slots.ts';
import { BlobNotFoundError, type ByteRange, type LinkOptions, type Storage } from '../storage/storage.ts';
import type { FileLimits } from './file-limits.ts';
import { checkFileName } from './file-name.ts';
import { storageKey, type FileRecord } from './file-record.ts';
import {
  FileRegister,
  noSuchFile,
  type DiscardedFile,
  type FilePage,
  type NameQuery,
} from './file-register.ts';
import { arrivalLimitMilliseconds, RunFileWriter, type FileServices } from './run-file-writer.ts';

export type { FileRecord } from './file-record.ts';
export type { RunFileWriter } from './run-file-writer.ts';
export { fileNameLimitBytes } from './file-name.ts';

const removedAtOnce = 1000;
/** Files that this process keeps at the same time, each with a database connection. */
const keptAtOnce = 2;
/** Twice as long as a file may take to arrive. */
const unfinishedMilliseconds = 2 * arrivalLimitMilliseconds;

interface FilesOptions {
  readonly database: Database;
  readonly storage: Storage;
  readonly limits: FileLimits;
  readonly events: Events;
}

interface RunKey {
  readonly id: number;
}

export class Files {
  readonly #storage: Storage;
  readonly #register: FileRegister;
  readonly #events: Events;
  readonly #services: FileServices;

  constructor({ database, storage, limits, events }: FilesOptions) {
    this.#storage = storage;
    this.#events = events;
    this.#register = new FileRegister(database, limits);
    this.#services = {
      register: this.#register,
      storage,
      limits,
      keeping: new Slots(keptAtOnce),
      remove: async (file) => void (await this.#removeNow(file)),
      abandon: async (file) => this.#abandon(file),
    };
  }

  /** Keeps the files of a run. All its subtasks on this runner share one writer. */
  writer(run: RunKey, claims: RunClaims): RunFileWriter {
    return new RunFileWriter(this.#services, run.id, claims);
  }

  /** A page of a run's files, by name. @param prefix start of the names */
  async page(run: RunKey, prefix: string, page: { number: number; size: number }): Promise<FilePage> {
    return this.#register.page(run.id, prefix, { first: (page.number - 1) * page.size, size: page.size });
  }

  /** The run's files by name that come after a name. @returns the files, and the name to continue after, if there are more */
  async listAfter(run: RunKey, query: NameQuery): Promise<{ list: FileRecord[]; next: string | null }> {
    const list = await this.#register.after(run.id, { ...query, limit: query.limit + 1 });
    const hasMore = list.length > query.limit;
    if (hasMore) list.pop();
    return { list, next: hasMore ? (list.at(-1)?.name ?? null) : null };
  }

  /** See `Storage.link`. */
  async link(file: FileRecord, options: LinkOptions): Promise<string | undefined> {
    return this.#storage.link(storageKey(file), options);
  }

  /** @throws ChelaError NOT_FOUND, or INVALID_ARGUMENT for a name that files cannot have */
  async get(run: RunKey, name: string): Promise<FileRecord> {
    checkFileName(name);
    const found = await this.#register.find(run.id, name);
    if (found === undefined) throw noSuchFile(name);
    return found;
  }

  /** @returns undefined if this content was replaced or deleted */
  async bySlug(slug: string): Promise<FileRecord | undefined> {
    return this.#register.bySlug(slug);
  }

  /**
   * The content of a file.
   * @param range within its size; all of it if omitted
   * @throws ChelaError NOT_FOUND if it was replaced or deleted
   */
  async content(file: FileRecord, range?: ByteRange): Promise<Readable> {
    try {
      return await this.#storage.read(storageKey(file), range);
    } catch (error) {
      if (!(error instanceof BlobNotFoundError)) throw error;
      throw new ChelaError('NOT_FOUND', `the file ${file.name} was replaced or deleted: try again`);
    }
  }

  /** @throws ChelaError NOT_FOUND, or INVALID_ARGUMENT for a name that files cannot have */
  async delete(run: RunKey, name: string): Promise<void> {
    checkFileName(name);
    const discarded = await this.#register.discard(run.id, name);
    if (discarded === undefined) throw noSuchFile(name);
    await this.#removeNow(discarded);
  }

  /** Removes files of removed runs, and whatever an interrupted process left behind. */
  async removeGarbage(now: Date): Promise<void> {
    const begunBefore = new Date(now.getTime() - unfinishedMilliseconds);
    for (;;) {
      const garbage = await this.#register.garbage(begunBefore, removedAtOnce);
      let removed = 0;
      for (const file of garbage) if (await this.#removeNow(file)) removed += 1;
      // Files that could not be removed come again the next time.
      if (removed < removedAtOnce) break;
    }
    await this.#storage.removeUnfinished(begunBefore);
  }

  /** @returns false if it may not be removed now; `removeGarbage` removes it later */
  async #remove(file: DiscardedFile): Promise<boolean> {
    return this.#register.forget(file.id, () => this.#storage.remove(storageKey(file)));
  }

  /** If it fails, `removeGarbage` does this later. */
  async #abandon(file: DiscardedFile): Promise<void> {
    try {
      if (await this.#register.abandon(file.id)) await this.#remove(file);
    } catch (err) {
      this.#events.failed({ work: 'remove-file', err });
    }
  }

  /** If it fails, `removeGarbage` removes the file later. @returns whether it was removed */
  async #removeNow(file: DiscardedFile): Promise<boolean> {
    try {
      return await this.#remove(file);
    } catch (err) {
      this.#events.failed({ work: 'remove-file', err });
      return false;
    }
  }
}
