/**
 * Claims of running subtasks, and the fence that keeps whatever lost its claim from storing anything.
 *
 * A runner that was frozen or cut off may continue after its subtasks were taken from it. So whoever takes a subtask from
 * its runner raises the fence of the run in the same transaction, under the lock of the run's row, and every statement
 * that stores something for a claim requires the fence that it was last known to be current at. Such a statement locks the
 * row that has the fence: it either commits before the subtask is taken, or finds the fence raised and stores nothing.
 * This costs no further statement and no join: the fence is read again only after it was raised.
 *
 * A runner that ends a subtask itself does not raise the fence, because it has stored everything before.
 */
import type { Pool, PoolClient } from 'pg';
import type { Database } from '../database/database.ts';
import { ChelaError } from '../errors.ts';

/** One execution of a subtask by a runner. */
export interface Claim {
  /** Key of the subtask. */
  readonly id: number;
  /** Number of the subtask within its run. */
  readonly number: number;
  /** How often the subtask had been claimed, this time included. */
  readonly attempt: number;
}

/** The subtask was taken from this runner, or has ended. Nothing more is stored for it. */
export class ClaimLostError extends ChelaError {
  override name = 'ClaimLostError';

  constructor() {
    super(
      'RUN_FAILED',
      'this was not stored: the subtask no longer runs here, because its runner was considered lost or the subtask has ended',
    );
  }
}

/** Something to store for a claim. */
export interface ClaimedEntry {
  readonly claim: Claim;
  /** Set if the claim was lost, so that the entry was not stored. */
  isLost: boolean;
}

interface CurrentClaim {
  /** The run's fence at a time when the claim was current. */
  fence: number;
  readonly onLost: () => void;
}

/** The claims of one run on this runner. */
export class RunClaims {
  readonly #database: Database;
  readonly #runId: number;
  readonly #current = new Map<Claim, CurrentClaim>();
  #fence = 0;

  constructor(database: Database, runId: number) {
    this.#database = database;
    this.#runId = runId;
  }

  /**
   * @param claim the same object everywhere
   * @param fence the run's fence at a time when the claim was current
   * @param onLost called once, if the claim turns out to be lost
   */
  add(claim: Claim, fence: number, onLost: () => void): void {
    this.#current.set(claim, { fence, onLost });
    this.#lowerFence();
  }

  /** A fence at which all current claims were current. */
  get fence(): number {
    return this.#fence;
  }

  isCurrent(claim: Claim): boolean {
    return this.#current.has(claim);
  }

  /** Ends a claim of which everything is stored. Whatever comes later is refused. */
  end(claim: Claim): void {
    this.#current.delete(claim);
    this.#lowerFence();
  }

  /**
   * Stores the entries whose claim is current, and marks the others.
   * @param statement stores all of its entries, if the run has this fence; otherwise none of them, and returns false
   */
  async store<Entry extends ClaimedEntry>(
    entries: readonly Entry[],
    statement: (current: Entry[], fence: number) => Promise<boolean>,
  ): Promise<void> {
    for (;;) {
      for (const entry of entries) entry.isLost = !this.#current.has(entry.claim);
      const current = entries.filter(({ isLost }) => !isLost);
      if (current.length === 0 || (await statement(current, this.#fence))) return;
      await this.verify();
    }
  }

  /** Stores a single thing. @param statement as for `store` @throws ClaimLostError */
  async storeOne(claim: Claim, statement: (fence: number) => Promise<boolean>): Promise<void> {
    const entry = { claim, isLost: false };
    await this.store([entry], async (_current, fence) => statement(fence));
    if (entry.isLost) throw new ClaimLostError();
  }

  /**
   * Keeps a claim until the end of a transaction that stores something for it. Call it last, because others that store
   * for the run wait until then. @throws ClaimLostError
   */
  async hold(client: PoolClient, claim: Claim): Promise<void> {
    while (this.#current.has(claim)) {
      const { rowCount } = await client.query({
        name: 'hold-claim',
        text: 'SELECT FROM run WHERE id = $1 AND fence = $2 FOR SHARE',
        values: [this.#runId, this.#fence],
      });
      if (rowCount === 1) return;
      await this.verify(client);
    }
    throw new ClaimLostError();
  }

  /** Finds out which claims are current, and at which fence: one statement sees both as they were at the same time. */
  async verify(connection: Pool | PoolClient = this.#database.pool): Promise<void> {
    const asked = [...this.#current];
    const { rows } = await connection.query<{ fence: number; id: number | null; attempt: number | null }>({
      name: 'verify-claims',
      text: `SELECT run.fence, subtask.id, subtask.attempt
             FROM run LEFT JOIN subtask ON subtask.run_id = run.id AND subtask.status = 'running' AND subtask.id = ANY($2)
             WHERE run.id = $1`,
      values: [this.#runId, asked.map(([{ id }]) => id)],
    });
    const found = new Set(rows.map(({ id, attempt }) => `${id} ${attempt}`));
    for (const [claim, state] of asked) {
      if (found.has(`${claim.id} ${claim.attempt}`)) state.fence = rows[0]?.fence ?? 0;
      else if (this.#current.delete(claim)) state.onLost();
    }
    this.#lowerFence();
  }

  /** The lowest fence is one at which all claims were current; one that is too low only causes a check. */
  #lowerFence(): void {
    this.#fence = Math.min(...Array.from(this.#current.values(), ({ fence }) => fence));
  }
}

/**
 * Call it in the transaction that takes a running subtask from its runner. Statements of the runner that are in progress
 * commit first, and later ones store nothing.
 */
export async function raiseFence(client: PoolClient, runId: number): Promise<void> {
  await client.query({
    name: 'raise-fence',
    text: `WITH raised AS (UPDATE run SET fence = fence + 1 WHERE id = $1 RETURNING id, fence)
           INSERT INTO run_log (run_id, debug_lines, info_lines, warn_lines, error_lines, fence)
           SELECT id, 0, 0, 0, 0, fence FROM raised
           ON CONFLICT (run_id) DO UPDATE SET fence = excluded.fence`,
    values: [runId],
  });
}
