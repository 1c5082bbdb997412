/**
 * Watches the disks of this process's folders and the size of the database, so that no more work is begun before
 * something is full. Reads, aborts, exports and clean-up go on.
 */
import { statfsSync } from 'node:fs';
import type { Config } from '../configuration/configuration.ts';
import type { Database } from '../database/database.ts';
import type { Events } from '../events/events.ts';
import { Periodic } from '../services/periodic.ts';
import { StartStop } from '../services/service.ts';
import { spaceProblem } from './system.ts';

const intervalMilliseconds = 5000;
/** PostgreSQL needs a segment of its log at a time, and stops if there is no space for one. */
const logSegmentBytes = 32 * 1024 * 1024;

type SpaceConfig = Pick<
  Config,
  'dataDir' | 'cacheDir' | 'databaseUrl' | 'storage' | 'diskReserve' | 'databaseLimitBytes'
>;

/** What is short, each with a sentence. */
interface Shortages {
  /** Of what stores runs and their results. */
  readonly stored: string | undefined;
  /** Of the folders in which this machine executes subtasks. */
  readonly scratch: string | undefined;
}

export class SpaceWatch extends StartStop {
  readonly name = 'space watch';
  readonly #database: Database;
  readonly #config: SpaceConfig;
  readonly #events: Events;
  readonly #looks: Periodic;
  #shortages: Shortages = { stored: undefined, scratch: undefined };

  constructor(parts: { readonly database: Database; readonly config: SpaceConfig; readonly events: Events }) {
    super();
    const { events } = parts;
    this.#database = parts.database;
    this.#config = parts.config;
    this.#events = events;
    this.#looks = new Periodic({
      intervalMilliseconds,
      work: () => this.#look(),
      onError: (err) => events.failed({ work: 'watch-space', err }),
    });
  }

  /** Why no runs are accepted; undefined if they are. */
  get refusal(): string | undefined {
    return this.#shortages.stored;
  }

  /** Why this process executes no more subtasks; undefined if it does. */
  get pause(): string | undefined {
    return this.#shortages.stored ?? this.#shortages.scratch;
  }

  /** Whether the embedded database has no space to work with, as of now. Unknown for other servers. */
  get isDatabaseFull(): boolean {
    const { databaseUrl, dataDir } = this.#config;
    if (databaseUrl !== '') return false;
    try {
      const { bavail, bsize } = statfsSync(dataDir);
      return bavail * bsize < logSegmentBytes;
    } catch {
      return false;
    }
  }

  protected override async begin(): Promise<void> {
    await this.#looks.run();
    this.#looks.start();
  }

  protected override async end(): Promise<void> {
    await this.#looks.stop();
  }

  async #look(): Promise<void> {
    const { dataDir, cacheDir, databaseUrl, storage } = this.#config;
    // A bucket and a server of one's own leave the data folder empty.
    const usesData = databaseUrl === '' || storage === 'folder';
    const [data, scratch] = await Promise.all([
      usesData ? this.#diskShortage(dataDir) : undefined,
      this.#diskShortage(cacheDir),
    ]);
    const stored = data ?? (await this.#databaseShortage());
    this.#tell({ stored, scratch });
  }

  async #diskShortage(folder: string): Promise<string | undefined> {
    // Other code reports a folder that is gone.
    const { diskReserve } = this.#config;
    return spaceProblem(folder, diskReserve).catch(() => undefined);
  }

  async #databaseShortage(): Promise<string | undefined> {
    const { databaseLimitBytes: limit } = this.#config;
    if (limit === 0) return undefined;
    const { rows } = await this.#database.pool.query<{ size: number }>(
      'SELECT pg_database_size(current_database()) AS size',
    );
    const size = rows[0]?.size ?? 0;
    if (size < limit) return undefined;
    return `the database has ${size.toLocaleString('en')} bytes, and its limit is ${limit.toLocaleString('en')} (CHELA_DATABASE_LIMIT_BYTES)`;
  }

  #tell(found: Shortages): void {
    const before = this.#shortages;
    this.#shortages = found;
    for (const what of ['stored', 'scratch'] as const) {
      const reason = found[what];
      if (before[what] === undefined && reason !== undefined)
        this.#events.emit('space:short', { what, reason });
      if (before[what] !== undefined && reason === undefined) this.#events.emit('space:recovered', { what });
    }
  }
}
