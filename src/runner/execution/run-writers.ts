/** The writers that all subtasks of a run on this runner share, so that their commits are grouped. */
import type { Database } from '../../database/database.ts';
import { LogIngest } from '../../logs/logs.ts';
import type { Files, RunFileWriter } from '../../files/files.ts';
import { type PushedRun, ResultIngest } from '../../results/results.ts';
import type { Events } from '../../events/events.ts';
import { RunClaims } from '../../runs/runs.ts';
import { RunTraffic } from './run-traffic.ts';

export interface RunWriter {
  /** Whatever is stored through this writer names one of these. */
  readonly claims: RunClaims;
  readonly results: ResultIngest;
  readonly logs: LogIngest;
  readonly traffic: RunTraffic;
  readonly files: RunFileWriter;
}

export class RunWriters {
  readonly #database: Database;
  readonly #events: Events;
  readonly #rowLimit: number;
  readonly #files: Files;
  readonly #open = new Map<number, { writer: RunWriter; users: number }>();

  /** @param options.rowLimit maximum rows of a run; 0 for no limit */
  constructor(
    { database, events, files }: { database: Database; events: Events; files: Files },
    { rowLimit }: { rowLimit: number },
  ) {
    this.#database = database;
    this.#events = events;
    this.#files = files;
    this.#rowLimit = rowLimit;
  }

  /**
   * Every `acquire` needs a `release`.
   * @param run.trafficLimitBytes 0 for no limit
   */
  acquire(run: PushedRun & { readonly trafficLimitBytes: number }): RunWriter {
    const open = this.#open.get(run.id);
    if (open !== undefined) {
      open.users += 1;
      return open.writer;
    }
    const claims = new RunClaims(this.#database, run.id);
    const writer = {
      claims,
      results: new ResultIngest(this.#database, run, {
        claims,
        rowLimit: this.#rowLimit,
        events: this.#events,
      }),
      logs: new LogIngest(this.#database, run, { claims, events: this.#events }),
      traffic: new RunTraffic({
        database: this.#database,
        claims,
        runId: run.id,
        runSlug: run.slug,
        limitBytes: run.trafficLimitBytes,
        events: this.#events,
      }),
      files: this.#files.writer(run, claims),
    };
    this.#open.set(run.id, { writer, users: 1 });
    return writer;
  }

  async release(runId: number): Promise<void> {
    const open = this.#open.get(runId);
    if (open === undefined) return;
    open.users -= 1;
    if (open.users > 0) return;
    this.#open.delete(runId);
    await open.writer.traffic.close();
  }
}
