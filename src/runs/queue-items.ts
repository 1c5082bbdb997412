/**
 * Held runs: they are checked like any run, but start only when they are activated. A held run keeps the version that
 * it was checked with.
 */
import type { Config } from '../configuration/configuration.ts';
import type { Database } from '../database/database.ts';
import { ChelaError, invalidArgument } from '../errors.ts';
import { parseJson } from '../json/lossless-json.ts';
import type { QueueItemStatus, QueueState } from './queue-states.ts';
import type { Page, Runs, Submission } from './runs.ts';
import type { Origin } from './statuses.ts';

export interface QueueItem {
  readonly id: number;
  readonly status: QueueItemStatus;
  readonly worker_slug: string;
  readonly version: string;
  readonly reason: string;
  /** Empty if it was not activated. */
  readonly run_slug: string;
  readonly created_at: Date;
  /** Owner of the worker; null if it was deleted or the account can no longer see it. */
  readonly worker_owner: string | null;
  readonly worker_name: string | null;
  readonly worker_title: string | null;
}

/** The outcome for one of the items in a request. */
export interface QueueItemOutcome {
  readonly ref: string;
  /** Slug of the run that was started. */
  readonly runSlug?: string;
  /** Why nothing was done. */
  readonly error?: string;
}

const notFound = 'item does not exist';
const notWaiting = 'item is not in waiting state';

interface QueueItemsOptions {
  readonly database: Database;
  readonly runs: Runs;
  readonly config: Pick<Config, 'queuedRunLimit'>;
}

export class QueueItems {
  readonly #database: Database;
  readonly #runs: Runs;
  readonly #limit: number;

  constructor({ database, runs, config }: QueueItemsOptions) {
    this.#database = database;
    this.#runs = runs;
    this.#limit = config.queuedRunLimit;
  }

  /**
   * Holds a run. This does not require a balance.
   * @returns the reference of the item
   * @throws ChelaError for an invalid worker, version, input or callback URL
   */
  async hold(submission: Submission): Promise<string> {
    const { accountId } = submission;
    const prepared = await this.#runs.prepare(submission);
    const { rows } = await this.#database.pool.query<{ id: number }>(
      `INSERT INTO queue_item (account_id, worker_id, worker_slug, version, input, callback_url, labels)
       SELECT $1, worker.id, worker.slug, $3, $4, $5, $7 FROM worker
       WHERE worker.id = $2 AND worker.deleted_at IS NULL
         AND (SELECT count(*) FROM queue_item WHERE account_id = $1 AND status = 'waiting') < $6
       RETURNING id`,
      [
        accountId,
        prepared.workerKey,
        prepared.version,
        prepared.inputText,
        prepared.callbackUrl ?? null,
        this.#limit,
        JSON.stringify(prepared.labels),
      ],
    );
    const [item] = rows;
    if (item === undefined) {
      throw invalidArgument(
        `the run queue is full: an account can hold up to ${this.#limit} runs; activate or release some first`,
      );
    }
    return String(item.id);
  }

  /** Waiting items, or activated and released ones; newest first. */
  async list(
    accountId: number,
    state: QueueState,
    page: Page,
  ): Promise<{ count: number; list: QueueItem[] }> {
    const items = this.#database.sql
      .selectFrom('queue_item')
      .where('queue_item.account_id', '=', accountId)
      .where('queue_item.status', state === 'waiting' ? '=' : '<>', 'waiting');
    const { count } = await items
      .select((expression) => expression.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    const list = await items
      .leftJoin('worker', (join) =>
        join
          .onRef('worker.id', '=', 'queue_item.worker_id')
          .on((expression) =>
            expression.or([
              expression('worker.is_public', '=', true),
              expression('worker.account_id', '=', expression.ref('queue_item.account_id')),
            ]),
          ),
      )
      .leftJoin('account as owner', 'owner.id', 'worker.account_id')
      .select([
        'queue_item.id',
        'queue_item.status',
        'queue_item.worker_slug',
        'queue_item.version',
        'queue_item.reason',
        'queue_item.run_slug',
        'queue_item.created_at',
        'owner.name as worker_owner',
        'worker.name as worker_name',
        'worker.title as worker_title',
      ])
      .orderBy('queue_item.id', 'desc')
      .limit(page.size)
      .offset((page.number - 1) * page.size)
      .execute();
    return { count, list };
  }

  /** The input of an item, as JSON, and its version. @returns undefined if there is no such item */
  async input(
    accountId: number,
    ref: string,
  ): Promise<{ readonly input: string; readonly version: string } | undefined> {
    return this.#find(accountId, ref);
  }

  /** Starts the runs of waiting items, independently of each other. Items that cannot start keep waiting. */
  async activate(accountId: number, refs: readonly string[], origin: Origin): Promise<QueueItemOutcome[]> {
    const outcomes: QueueItemOutcome[] = [];
    for (const ref of refs) outcomes.push(await this.#activateOne(accountId, ref, origin));
    return outcomes;
  }

  /** Discards waiting items permanently. */
  async release(accountId: number, refs: readonly string[], reason: string): Promise<QueueItemOutcome[]> {
    const outcomes: QueueItemOutcome[] = [];
    for (const ref of refs) {
      const released = await this.#release(accountId, ref, reason);
      if (released) outcomes.push({ ref });
      else outcomes.push({ ref, error: (await this.exists(accountId, ref)) ? notWaiting : notFound });
    }
    return outcomes;
  }

  async exists(accountId: number, ref: string): Promise<boolean> {
    return (await this.#find(accountId, ref)) !== undefined;
  }

  async #activateOne(accountId: number, ref: string, origin: Origin): Promise<QueueItemOutcome> {
    const item = await this.#find(accountId, ref);
    if (item === undefined) return { ref, error: notFound };
    if (item.status !== 'waiting') return { ref, error: notWaiting };
    try {
      const prepared = await this.#runs.prepare({
        accountId,
        workerId: item.worker_slug,
        version: item.version,
        input: parseJson(item.input),
        origin,
        callbackUrl: item.callback_url ?? undefined,
        labels: item.labels,
      });
      return await this.#database.transaction(async (client) => {
        const { rowCount } = await client.query(
          `SELECT FROM queue_item WHERE id = $1 AND status = 'waiting' FOR UPDATE`,
          [item.id],
        );
        if (rowCount !== 1) return { ref, error: notWaiting };
        const run = await this.#runs.store(prepared, client);
        await client.query(
          `UPDATE queue_item SET status = 'activated', run_slug = $2, ended_at = now() WHERE id = $1`,
          [item.id, run.slug],
        );
        return { ref, runSlug: run.slug };
      });
    } catch (error) {
      if (error instanceof ChelaError) return { ref, error: error.message };
      throw error;
    }
  }

  async #release(accountId: number, ref: string, reason: string): Promise<boolean> {
    const id = keyOf(ref);
    if (id === undefined) return false;
    const { rowCount } = await this.#database.pool.query(
      `UPDATE queue_item SET status = 'released', reason = $3, ended_at = now()
       WHERE id = $1 AND account_id = $2 AND status = 'waiting'`,
      [id, accountId, reason],
    );
    return rowCount === 1;
  }

  async #find(accountId: number, ref: string) {
    const id = keyOf(ref);
    if (id === undefined) return undefined;
    return this.#database.sql
      .selectFrom('queue_item')
      .select(['id', 'status', 'worker_slug', 'version', 'input', 'callback_url', 'labels'])
      .where('id', '=', id)
      .where('account_id', '=', accountId)
      .executeTakeFirst();
  }
}

/** @returns undefined if the text is not a reference */
function keyOf(ref: string): number | undefined {
  return /^[1-9]\d{0,14}$/.test(ref) ? Number(ref) : undefined;
}
