/** What the benchmarks share: one installation, one PostgreSQL and one folder, and their cleanup. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readConfig } from '../src/configuration/configuration.ts';
import type { Workbench } from './bench.ts';
import { Installation } from './support/installation.ts';
import { StoredRuns } from './support/stored-runs.ts';

export class SharedWorkbench implements Workbench, AsyncDisposable {
  readonly folder: string;
  readonly poolSize = readConfig({}).databasePoolSize;
  readonly #ends = new AsyncDisposableStack();
  readonly #storedRuns = new Map<number, Promise<StoredRuns>>();
  #installation: Promise<Installation> | undefined;

  /** Use `SharedWorkbench.open`. */
  constructor(folder: string) {
    this.folder = folder;
    this.#ends.defer(() => rm(folder, { recursive: true, force: true }));
  }

  static async open(): Promise<SharedWorkbench> {
    return new SharedWorkbench(await mkdtemp(path.join(tmpdir(), 'chela-bench-')));
  }

  installation(): Promise<Installation> {
    this.#installation ??= this.#own(Installation.start(this.folder));
    return this.#installation;
  }

  storedRuns(count: number): Promise<StoredRuns> {
    let stored = this.#storedRuns.get(count);
    if (stored === undefined) {
      stored = this.#own(this.#store(count));
      this.#storedRuns.set(count, stored);
    }
    return stored;
  }

  async #store(count: number): Promise<StoredRuns> {
    const { databaseUrl } = await this.installation();
    const dataDir = path.join(this.folder, `runs-${count}`);
    return StoredRuns.make(databaseUrl, { count, dataDir, poolSize: this.poolSize });
  }

  /** Parts still being created at the end are awaited and cleaned up too. */
  #own<Part extends AsyncDisposable>(part: Promise<Part>): Promise<Part> {
    this.#ends.defer(async () => {
      const made = await part.catch(() => undefined);
      await made?.[Symbol.asyncDispose]();
    });
    return part;
  }

  /** Ends all processes and removes all files. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ends.disposeAsync();
  }
}
