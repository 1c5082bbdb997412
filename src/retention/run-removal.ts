/**
 * Deletes runs. The transaction that deletes a run notes its key, so that its rows and log lines, which may be millions,
 * are removed afterwards, also if the process ends meanwhile.
 */
import type { PoolClient } from 'pg';
import type { Accounts, Actor } from '../accounts/accounts.ts';
import type { Database } from '../database/database.ts';
import { removeRunContent } from '../database/partitions.ts';
import { ChelaError } from '../errors.ts';
import type { Events } from '../events/events.ts';
import { isFinished, type RunStatus } from '../runs/statuses.ts';
import { TriggeredWork } from '../services/triggered-work.ts';
import { countEndedRun } from '../statistics/statistics.ts';

const runsAtOnce = 100;

interface RunRemovalOptions {
  readonly database: Database;
  readonly accounts: Accounts;
  /** Removes expired exports, files of removed runs, and what workers no longer use. */
  readonly removeFiles: (now: Date) => Promise<void>;
  readonly events: Events;
}

interface FoundRun {
  readonly id: number;
  readonly status: RunStatus;
}

export class RunRemoval {
  readonly #options: RunRemovalOptions;
  readonly #cleaning: TriggeredWork;

  constructor(options: RunRemovalOptions) {
    this.#options = options;
    this.#cleaning = new TriggeredWork({
      work: () => this.#clean(),
      onError: (err) => options.events.failed({ work: 'remove-run-content', err }),
    });
  }

  /**
   * Deletes an ended run with everything that belongs to it. It is gone at once; what is stored for it is removed in the
   * background. The sums of the statistics keep it.
   * @throws ChelaError NOT_FOUND if the account has no such run, RUN_FAILED if it has not ended
   */
  async delete(accountId: number, slug: string, actor: Actor): Promise<void> {
    const { database, accounts, events } = this.#options;
    await database.transaction(async (client) => {
      const run = await lockRun(client, accountId, slug);
      if (run === undefined) throw new ChelaError('NOT_FOUND', `run ${slug} does not exist`);
      if (!isFinished(run.status)) {
        throw new ChelaError('RUN_FAILED', `run ${slug} is ${run.status}: abort it before you delete it`);
      }
      await countEndedRun(client, run.id);
      await client.query({
        name: 'forget-last-run',
        text: `UPDATE task SET last_run_slug = coalesce(
                 (SELECT slug FROM run WHERE task_id = task.id AND id <> $1 ORDER BY id DESC LIMIT 1), '')
               WHERE last_run_slug = $2 AND id = (SELECT task_id FROM run WHERE id = $1)`,
        values: [run.id, slug],
      });
      await client.query({
        name: 'delete-run',
        text: `WITH deleted AS (DELETE FROM run WHERE id = $1 RETURNING id, day)
               INSERT INTO removed_run (run_id, day) SELECT id, day FROM deleted`,
        values: [run.id],
      });
      await accounts.audit.record(actor, { action: 'run.deleted', subject: slug }, client);
    });
    events.emit('run:deleted', { run: slug });
    this.#cleaning.trigger();
  }

  /** Removes what is still stored for deleted runs. */
  clean(): Promise<void> {
    return this.#cleaning.run();
  }

  /** Waits for the removal in progress. A later start continues it. */
  async stop(): Promise<void> {
    await this.#cleaning.stop();
  }

  async #clean(): Promise<void> {
    await removeContentOfDeletedRuns(this.#options.database);
    await this.#options.removeFiles(new Date());
  }
}

/** A transaction that changes runs of a task locks the task first. */
async function lockRun(client: PoolClient, accountId: number, slug: string): Promise<FoundRun | undefined> {
  await client.query({
    name: 'lock-task-of-run',
    text: `SELECT FROM task WHERE id = (SELECT task_id FROM run WHERE slug = $1 AND account_id = $2) FOR UPDATE`,
    values: [slug, accountId],
  });
  const { rows } = await client.query<FoundRun>({
    name: 'lock-run-to-delete',
    text: 'SELECT id, status FROM run WHERE slug = $1 AND account_id = $2 FOR UPDATE',
    values: [slug, accountId],
  });
  return rows[0];
}

/** Removes the rows and log lines of deleted runs. Safe to call concurrently from any process. */
async function removeContentOfDeletedRuns(database: Database): Promise<void> {
  for (;;) {
    const { rows: removed } = await database.pool.query<{ id: number; day: string }>(
      'SELECT run_id AS id, day FROM removed_run ORDER BY run_id LIMIT $1',
      [runsAtOnce],
    );
    for (const run of removed) {
      await removeRunContent(database, run);
      await database.pool.query('DELETE FROM removed_run WHERE run_id = $1', [run.id]);
    }
    if (removed.length < runsAtOnce) return;
  }
}
