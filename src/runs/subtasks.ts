/** Reads the subtasks of a run: pages of them, and the input of one. */
import type { Database } from '../database/database.ts';
import type { Page } from './run-filter.ts';
import type { SubtaskEndReason } from './end-reasons.ts';
import type { EndColumns } from './run-figures.ts';
import type { SubtaskStatus } from './statuses.ts';

export interface SubtaskRecord extends EndColumns<SubtaskEndReason> {
  /** Number within the run, from 1. */
  readonly number: number;
  readonly status: SubtaskStatus;
  /** How often a runner has claimed it. */
  readonly attempt: number;
  /** null if there is none: it has not ended, was ended by a signal, or never started. */
  readonly exit_code: number | null;
  readonly err_msg: string;
  readonly started_at: Date | null;
  readonly finished_at: Date | null;
  /** Number of rows it added. */
  readonly row_count: number;
}

export interface SubtaskPage {
  /** Number of subtasks with the requested status. */
  readonly count: number;
  /** Number of subtasks by status, over the whole run. */
  readonly counts: Readonly<Record<SubtaskStatus, number>>;
  readonly list: readonly SubtaskRecord[];
}

export class SubtaskReader {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Ordered by number. @param status all if undefined */
  async page(runId: number, status: SubtaskStatus | undefined, page: Page): Promise<SubtaskPage> {
    let subtasks = this.#select().where('subtask.run_id', '=', runId);
    if (status !== undefined) subtasks = subtasks.where('subtask.status', '=', status);
    const [counts, list] = await Promise.all([
      this.#counts(runId),
      subtasks
        .orderBy('subtask.number')
        .limit(page.size)
        .offset((page.number - 1) * page.size)
        .execute(),
    ]);
    const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
    return { count: status === undefined ? all : counts[status], counts, list };
  }

  /** One subtask with its input as JSON text. @returns undefined if the run has no such subtask */
  async one(runId: number, number: number): Promise<(SubtaskRecord & { input: string }) | undefined> {
    return this.#select()
      .select('subtask.input')
      .where('subtask.run_id', '=', runId)
      .where('subtask.number', '=', number)
      .executeTakeFirst();
  }

  #select() {
    return this.#database.sql
      .selectFrom('subtask')
      .innerJoin('run', 'run.id', 'subtask.run_id')
      .leftJoin('subtask_result', (join) =>
        join
          .onRef('subtask_result.run_id', '=', 'subtask.run_id')
          .onRef('subtask_result.subtask', '=', 'subtask.number'),
      )
      .select((expression) => [
        'subtask.number',
        'subtask.status',
        'subtask.attempt',
        'subtask.exit_code',
        'subtask.err_msg',
        'subtask.end_reason',
        'subtask.end_detail',
        'subtask.error_headline',
        'subtask.started_at',
        'subtask.finished_at',
        // Rows of a single subtask are not counted separately: it has all rows of its run.
        expression
          .case()
          .when('run.subtask_count', '=', 1)
          .then(expression.ref('run.result_count'))
          .else(expression.fn.coalesce('subtask_result.row_count', expression.val(0)))
          .end()
          .as('row_count'),
      ]);
  }

  async #counts(runId: number): Promise<Record<SubtaskStatus, number>> {
    const rows = await this.#database.sql
      .selectFrom('subtask')
      .select((expression) => ['status', expression.fn.countAll<number>().as('count')])
      .where('run_id', '=', runId)
      .groupBy('status')
      .execute();
    const counts = { ready: 0, running: 0, succeeded: 0, failed: 0 };
    for (const { status, count } of rows) counts[status] = count;
    return counts;
  }
}
