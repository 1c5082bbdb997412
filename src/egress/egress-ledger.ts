/**
 * Records which hosts the subtasks on this runner connect to. Sums are stored about once a second, all runs together,
 * and completely when a subtask ends.
 */
import { type Database, waitOut } from '../database/database.ts';
import type { Events } from '../events/events.ts';
import type { Claim, RunClaims } from '../runs/runs.ts';
import { OneAtATime } from '../services/one-at-a-time.ts';
import { type HostCount, type TakenSums, SubtaskHosts } from './host-counts.ts';
import { RunRows, readRunRows, type LedgerLimits, type RowKey } from './run-rows.ts';

const flushMilliseconds = 1000;
/** Maximum number of sums in one statement. */
const sumsAtOnce = 5000;

/** Enough for a crawler of many sites, and little enough to show and to keep. */
const defaultLimits: LedgerLimits = { hostsPerSubtask: 500, hostsPerRun: 1000, rowsPerRun: 10_000 };

interface EgressLedgerOptions {
  readonly database: Database;
  readonly events: Events;
  readonly limits?: LedgerLimits;
}

interface LedgerSubtask {
  readonly runId: number;
  readonly runSlug: string;
  readonly claim: Claim;
  readonly claims: RunClaims;
  /** Masks the subtask's secrets. */
  readonly mask: (text: string) => string;
}

interface ChangedCount {
  readonly subtask: LedgerSubtask;
  readonly count: HostCount;
}

interface StoredSums extends ChangedCount {
  readonly row: RowKey;
  readonly sums: TakenSums;
}

export class EgressLedger {
  readonly #database: Database;
  readonly #events: Events;
  readonly #limits: LedgerLimits;
  /** Rows of the runs with open subtasks, by key of the run. */
  readonly #runs = new Map<number, { subtasks: number; rows: RunRows | undefined }>();
  #changed: ChangedCount[] = [];
  #timer: NodeJS.Timeout | undefined;
  readonly #flush = new OneAtATime(() => this.#store());

  constructor({ database, events, limits = defaultLimits }: EgressLedgerOptions) {
    this.#database = database;
    this.#events = events;
    this.#limits = limits;
  }

  /** Counts the connections of a subtask until `close()`. */
  open(subtask: LedgerSubtask): OpenSubtask {
    const { runId } = subtask;
    const run = this.#runs.get(runId) ?? { subtasks: 0, rows: undefined };
    run.subtasks += 1;
    this.#runs.set(runId, run);
    let isOpen = true;
    const hosts = new SubtaskHosts({
      limit: this.#limits.hostsPerSubtask,
      mask: subtask.mask,
      onChange: (count) => {
        if (!isOpen) return;
        this.#changed.push({ subtask, count });
        this.#schedule();
      },
    });
    const close = async (): Promise<void> => {
      await this.#storeAll(subtask, hosts);
      isOpen = false;
      this.#release(subtask.runId);
    };
    return { hosts, close };
  }

  /** Stores the subtask's sums. Retries while PostgreSQL is unavailable. After other errors they are discarded. */
  async #storeAll(subtask: LedgerSubtask, hosts: SubtaskHosts): Promise<void> {
    try {
      while (hosts.isChanged || this.#flush.isUnderWay) await waitOut(() => this.#flush.run());
    } catch {
      // The failure has been reported.
      this.#changed = this.#changed.filter((changed) => changed.subtask !== subtask);
    }
  }

  #release(runId: number): void {
    const run = this.#runs.get(runId);
    if (run === undefined) return;
    run.subtasks -= 1;
    if (run.subtasks === 0) this.#runs.delete(runId);
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#flush.run().catch(() => {
        // The failure has been reported, and the next attempt is scheduled.
      });
    }, flushMilliseconds);
  }

  /** Stores what has changed so far. What changes meanwhile is stored a second later. */
  async #store(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (let left = this.#changed.length; left > 0; left -= sumsAtOnce) {
      const batch = this.#changed.splice(0, Math.min(left, sumsAtOnce));
      try {
        await this.#readRows(batch);
        await this.#storeBatch(batch);
      } catch (err) {
        // Those whose sums were taken have added themselves again.
        const waiting = new Set(this.#changed.map(({ count }) => count));
        this.#changed.push(...batch.filter(({ count }) => count.isChanged && !waiting.has(count)));
        this.#schedule();
        this.#events.failed({ work: 'store-hosts', err, run: batch[0]?.subtask.runSlug });
        throw err;
      }
    }
  }

  /** Reads which rows the runs have already, once for each. */
  async #readRows(batch: readonly ChangedCount[]): Promise<void> {
    const ids = new Set(batch.map(({ subtask }) => subtask.runId));
    const unread = [...ids].filter((id) => this.#runs.get(id)?.rows === undefined);
    if (unread.length === 0) return;
    for (const [id, rows] of await readRunRows(this.#database, unread, this.#limits)) {
      const run = this.#runs.get(id);
      if (run !== undefined) run.rows = rows;
    }
  }

  async #storeBatch(batch: readonly ChangedCount[]): Promise<void> {
    const stored = batch.map(({ subtask, count }): StoredSums => {
      const rows = this.#runs.get(subtask.runId)?.rows ?? new RunRows(this.#limits);
      return { row: rows.place(subtask.claim.number, count), subtask, count, sums: count.take() };
    });
    // Sums of lost claims are dropped.
    let left = stored;
    try {
      for (;;) {
        left = left.filter(({ subtask: { claim, claims } }) => claims.isCurrent(claim));
        if (left.length === 0) return;
        const fenced = await addSums(this.#database, left);
        left = left.filter(({ subtask }) => !fenced.has(subtask.runId));
        for (const claims of new Set(left.map(({ subtask }) => subtask.claims))) await claims.verify();
      }
    } catch (error) {
      for (const { count, sums } of left) count.giveBack(sums);
      throw error;
    }
  }
}

export interface OpenSubtask {
  readonly hosts: SubtaskHosts;
  /** Resolves once everything counted so far is stored. Later counts are not stored. Never rejects. */
  close(): Promise<void>;
}

/**
 * Several sums may belong to one row. Runs that have another fence, or were removed, are left out.
 * @returns keys of the other runs
 */
async function addSums(database: Database, stored: readonly StoredSums[]): Promise<Set<number>> {
  const fences = new Map(stored.map(({ subtask }) => [subtask.runId, subtask.claims.fence]));
  const { rows } = await database.pool.query<{ id: number }>({
    name: 'add-host-sums',
    // In the order of the keys, so that runners do not deadlock.
    text: `WITH fenced AS (
             SELECT run.id FROM run JOIN unnest($11::bigint[], $12::integer[]) AS known (id, fence) USING (id, fence)
             ORDER BY run.id FOR SHARE OF run
           ), added AS (
           INSERT INTO run_host AS stored (run_id, subtask, host, port, outcome, connections, sent_bytes, received_bytes,
                                           first_at, last_at)
           SELECT fenced.id, sums.subtask, sums.host, sums.port, sums.outcome, sum(sums.connections), sum(sums.sent_bytes),
                  sum(sums.received_bytes), min(sums.first_at), max(sums.last_at)
           FROM unnest($1::bigint[], $2::integer[], $3::text[], $4::integer[], $5::text[], $6::bigint[], $7::bigint[],
                       $8::bigint[], $9::timestamptz[], $10::timestamptz[])
             AS sums (run_id, subtask, host, port, outcome, connections, sent_bytes, received_bytes, first_at, last_at)
           JOIN fenced ON fenced.id = sums.run_id
           GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
           ON CONFLICT (run_id, subtask, host, port, outcome) DO UPDATE SET
             connections = stored.connections + excluded.connections,
             sent_bytes = stored.sent_bytes + excluded.sent_bytes,
             received_bytes = stored.received_bytes + excluded.received_bytes,
             first_at = least(stored.first_at, excluded.first_at),
             last_at = greatest(stored.last_at, excluded.last_at)
           ) SELECT id FROM fenced`,
    values: [
      stored.map(({ subtask }) => subtask.runId),
      stored.map(({ row }) => row.subtask),
      stored.map(({ row }) => row.host),
      stored.map(({ row }) => row.port),
      stored.map(({ count }) => count.outcome),
      stored.map(({ sums }) => sums.connections),
      stored.map(({ sums }) => sums.sentBytes),
      stored.map(({ sums }) => sums.receivedBytes),
      stored.map(({ sums }) => sums.firstAt),
      stored.map(({ sums }) => sums.lastAt),
      [...fences.keys()],
      [...fences.values()],
    ],
  });
  return new Set(rows.map(({ id }) => id));
}
