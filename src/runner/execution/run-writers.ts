/** The ways into the database that all subtasks of a run on this runner share, so that their commits are grouped. */
import type { Logger } from 'pino';
import type { Database } from '../../database/database.ts';
import { LogIngest } from '../../logs/logs.ts';
import { type PushedRun, ResultIngest } from '../../results/results.ts';
import { RunTraffic } from './run-traffic.ts';

export interface RunWriter {
  readonly results: ResultIngest;
  readonly logs: LogIngest;
  readonly traffic: RunTraffic;
}

export class RunWriters {
  readonly #database: Database;
  readonly #logger: Logger;
  readonly #rowLimit: number;
  readonly #open = new Map<number, { writer: RunWriter; users: number }>();

  /** @param options.rowLimit most rows of a run; 0 is no limit */
  constructor(database: Database, logger: Logger, { rowLimit }: { rowLimit: number }) {
    this.#database = database;
    this.#logger = logger;
    this.#rowLimit = rowLimit;
  }

  /**
   * Every `acquire` needs its `release`.
   * @param run.trafficLimitBytes 0 is no limit
   */
  acquire(run: PushedRun & { readonly trafficLimitBytes: number }): RunWriter {
    const open = this.#open.get(run.id);
    if (open !== undefined) {
      open.users += 1;
      return open.writer;
    }
    const writer = {
      results: new ResultIngest(this.#database, run, { rowLimit: this.#rowLimit }),
      logs: new LogIngest(this.#database, run),
      traffic: new RunTraffic({
        database: this.#database,
        runId: run.id,
        limitBytes: run.trafficLimitBytes,
        logger: this.#logger,
      }),
    };
    this.#open.set(run.id, { writer, users: 1 });
    return writer;
  }

  release(runId: number): void {
    const open = this.#open.get(runId);
    if (open === undefined) return;
    open.users -= 1;
    if (open.users > 0) return;
    open.writer.traffic.close();
    this.#open.delete(runId);
  }
}
