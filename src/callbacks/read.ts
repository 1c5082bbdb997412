import type { Database } from '../database/database.ts';
import type { CallbackState, ReportedStatus } from './callback-states.ts';

export interface CallbackAttempt {
  readonly number: number;
  readonly startedAt: Date;
  /** Undefined while the attempt is in progress. */
  readonly milliseconds: number | undefined;
  readonly statusCode: number | undefined;
  /** `''` if the receiver accepted. */
  readonly error: string;
  /** The start of the answer's body. */
  readonly answer: string;
}

/** One status change, reported to a callback URL. */
export interface CallbackRecord {
  /** Numbered from 1 within its run, in the order of the changes. */
  readonly number: number;
  readonly runStatus: ReportedStatus;
  readonly state: CallbackState;
  /** JSON text, as sent. */
  readonly body: string;
  readonly createdAt: Date;
  readonly nextAttemptAt: Date;
  readonly attempts: readonly CallbackAttempt[];
}

export interface RunCallbacks {
  /** `''` if the run has none. */
  readonly callbackUrl: string;
  readonly list: readonly CallbackRecord[];
}

export class CallbackReader {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * The callbacks of a run with all attempts, oldest first. A run has few callbacks, with about a dozen attempts each.
   */
  async ofRun(runId: number): Promise<RunCallbacks> {
    const { sql } = this.#database;
    const run = await sql.selectFrom('run').select('callback_url').where('id', '=', runId).executeTakeFirst();
    const callbacks = await sql
      .selectFrom('callback')
      .selectAll()
      .where('run_id', '=', runId)
      .orderBy('number')
      .execute();
    const attempts = await sql
      .selectFrom('callback_attempt')
      .innerJoin('callback', 'callback.id', 'callback_attempt.callback_id')
      .selectAll('callback_attempt')
      .where('callback.run_id', '=', runId)
      .orderBy('callback_attempt.callback_id')
      .orderBy('callback_attempt.number')
      .execute();
    const attemptsOf = Map.groupBy(attempts, (attempt) => attempt.callback_id);
    return {
      callbackUrl: run?.callback_url ?? '',
      list: callbacks.map((callback) => ({
        number: callback.number,
        runStatus: callback.run_status,
        state: callback.state,
        body: callback.body,
        createdAt: callback.created_at,
        nextAttemptAt: callback.next_attempt_at,
        attempts: (attemptsOf.get(callback.id) ?? []).map((attempt) => ({
          number: attempt.number,
          startedAt: attempt.started_at,
          milliseconds: attempt.milliseconds ?? undefined,
          statusCode: attempt.status_code ?? undefined,
          error: attempt.error,
          answer: attempt.answer,
        })),
      })),
    };
  }
}
