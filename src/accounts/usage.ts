/**
 * Meters the usage of runs and charges for it. A subtask is metered when it settles, in the same transaction and under
 * the lock of its run's row. All arithmetic uses PostgreSQL's numeric type, which is exact. Locks are taken in the
 * order subtask, run, account. The account is charged last, because other transactions lock it last too.
 */
import type { PoolClient } from 'pg';
import type { Config } from '../configuration/configuration.ts';
import type { Database } from '../database/database.ts';
import type { Plans } from './plans.ts';
import type { UsageKind } from './usage-kinds.ts';

export interface UsageEntry {
  readonly kind: UsageKind;
  /** Decimal string: rows, GB-hours, CPU hours or GB. */
  readonly quantity: string;
  /** Decimal string. */
  readonly unitPrice: string;
  /** Decimal string: quantity times price, rounded to six places. */
  readonly amount: string;
}

/** The amount that a metering added to the cost of a run, to be paid by its account. */
export interface Charge {
  readonly accountId: number;
  /** Decimal string, above zero. */
  readonly amount: string;
}

type UsageConfig = Pick<
  Config,
  'pricePerResult' | 'pricePerGigabyteHour' | 'pricePerCpuHour' | 'pricePerGigabyteTraffic'
>;

/** What a run has used so far, even if it costs nothing. */
export interface MeteredUse {
  readonly results: number;
  /** 1 GB is 1024 MB. */
  readonly memoryGigabyteHours: number;
  /** Of ended subtasks only. */
  readonly cpuSeconds: number;
  readonly trafficBytes: number;
}

/** SQL: the quantity of a kind that the run's entries already contain. */
function settled(kind: UsageKind): string {
  return `coalesce((SELECT sum(quantity) FROM usage_entry WHERE run_id = run.id AND kind = '${kind}'), 0)`;
}

/** SQL: GB-hours of a subtask, which are its memory limit times the running time of its worker. */
const gigabyteHours = `round(
  (run.system->>'memory')::numeric
    * greatest(0, extract(epoch FROM coalesce(subtask.finished_at, now()) - subtask.worked_from))
    / 3686400.000000000000, 12)`;

/**
 * SQL: what a run ($1) has used beyond its entries, at the prices $2 (result), $3 (memory), $4 (cpu) and $5 (traffic).
 * `run.traffic_bytes` is what the proxy has counted so far.
 * @param subtasks condition that selects the subtasks whose memory and CPU time count
 */
function unsettled(subtasks: string): string {
  return `
    SELECT used.kind, used.quantity, used.unit_price
    FROM run, LATERAL (VALUES
      ('result', run.result_count - ${settled('result')}, $2::numeric),
      ('memory', (SELECT coalesce(sum(${gigabyteHours}), 0) FROM subtask WHERE ${subtasks}), $3::numeric),
      ('cpu', (SELECT coalesce(sum(cpu_seconds), 0) / 3600.000000000000 FROM subtask WHERE ${subtasks}), $4::numeric),
      ('traffic', run.traffic_bytes * 0.000000001 - ${settled('traffic')}, $5::numeric)
    ) AS used (kind, quantity, unit_price)
    WHERE run.id = $1 AND used.quantity > 0`;
}

const meterStatement = `
  WITH used AS (${unsettled('subtask.id = $6')}
  ), entered AS (
    INSERT INTO usage_entry AS entry (run_id, kind, unit_price, quantity, amount)
    SELECT $1, kind, unit_price, round(quantity, 12), round(round(quantity, 12) * unit_price, 6) FROM used
    ON CONFLICT (run_id, kind, unit_price) DO UPDATE SET quantity = entry.quantity + excluded.quantity,
      amount = round((entry.quantity + excluded.quantity) * entry.unit_price, 6)
    RETURNING kind, unit_price, amount
  ), added AS (
    SELECT sum(entered.amount - coalesce(earlier.amount, 0)) AS amount
    FROM entered LEFT JOIN usage_entry AS earlier
      ON earlier.run_id = $1 AND earlier.kind = entered.kind AND earlier.unit_price = entered.unit_price
  )
  UPDATE run SET usage = usage + added.amount FROM added WHERE run.id = $1 AND added.amount > 0
  RETURNING run.account_id AS "accountId", added.amount`;

const chargeReachedStatement = `
  SELECT run.usage + (
    SELECT coalesce(sum(quantity * unit_price), 0)
    FROM (${unsettled("subtask.run_id = run.id AND subtask.status = 'running'")}) AS used
  ) >= $6::numeric AS reached
  FROM run WHERE run.id = $1`;

export class Usage {
  readonly #database: Database;
  readonly #plans: Plans;
  readonly #prices: readonly string[];
  /** Whether all prices are zero, so that nothing is recorded. */
  readonly isFree: boolean;

  constructor(database: Database, plans: Plans, config: UsageConfig) {
    this.#database = database;
    this.#plans = plans;
    this.#prices = [
      config.pricePerResult,
      config.pricePerGigabyteHour,
      config.pricePerCpuHour,
      config.pricePerGigabyteTraffic,
    ];
    this.isFree = this.#prices.every((price) => Number(price) === 0);
  }

  /** Records when the worker of a claimed subtask started. Its memory counts from then on. */
  async begin(claim: { readonly id: number; readonly attempt: number }, secondsAgo: number): Promise<void> {
    await this.#database.pool.query({
      name: 'begin-usage',
      text: `UPDATE subtask SET worked_from = now() - make_interval(secs => $2)
             WHERE id = $1 AND attempt = $3 AND status = 'running'`,
      values: [claim.id, secondsAgo, claim.attempt],
    });
  }

  /**
   * Records what a run has used since it was last metered: rows, traffic, and the memory and CPU time of one ended
   * subtask.
   * @param client of a transaction that holds the lock of the run's row, and that has to call `charge` afterwards
   * @returns undefined if there is nothing to pay
   */
  async meter(client: PoolClient, runId: number, subtaskId?: number): Promise<Charge | undefined> {
    if (this.isFree) return undefined;
    const { rows } = await client.query<Charge>({
      name: 'meter-usage',
      text: meterStatement,
      values: [runId, ...this.#prices, subtaskId ?? null],
    });
    return rows[0];
  }

  /**
   * Takes a charge from the balance of an account with a prepaid plan. Must be the last statement of its transaction.
   */
  async charge(client: PoolClient, charge: Charge | undefined): Promise<void> {
    const prepaid = this.#plans.prepaidNames;
    if (charge === undefined || prepaid.length === 0) return;
    await client.query({
      name: 'charge-account',
      text: 'UPDATE account SET balance = balance - $2::numeric WHERE id = $1 AND coalesce(plan, $3) = ANY($4)',
      values: [charge.accountId, charge.amount, this.#plans.defaultName, prepaid],
    });
  }

  /** Whether the cost of a run so far, including its running subtasks, has reached a limit. */
  async reached(runId: number, limit: number): Promise<boolean> {
    const { rows } = await this.#database.pool.query<{ reached: boolean }>({
      name: 'charge-reached',
      text: chargeReachedStatement,
      values: [runId, ...this.#prices, limit],
    });
    return rows[0]?.reached ?? false;
  }

  /** What a run has used so far. Running subtasks count with their memory only. */
  async meteredOf(runId: number): Promise<MeteredUse> {
    const { rows } = await this.#database.pool.query<MeteredUse>({
      name: 'metered-use',
      text: `SELECT run.result_count AS results, run.traffic_bytes AS "trafficBytes",
               coalesce(sum(cpu_seconds), 0)::float8 AS "cpuSeconds",
               coalesce(sum(${gigabyteHours}), 0)::float8 AS "memoryGigabyteHours"
             FROM run LEFT JOIN subtask ON subtask.run_id = run.id WHERE run.id = $1 GROUP BY run.id`,
      values: [runId],
    });
    return rows[0] ?? { results: 0, memoryGigabyteHours: 0, cpuSeconds: 0, trafficBytes: 0 };
  }

  /** The cost of a run so far as a decimal string, and the entries that add up to it. */
  async ofRun(runId: number): Promise<{ total: string; entries: UsageEntry[] }> {
    // One statement, so that the sum and the entries are consistent.
    const rows = await this.#database.sql
      .selectFrom('run')
      .leftJoin('usage_entry', 'usage_entry.run_id', 'run.id')
      .select(['run.usage', 'kind', 'quantity', 'unit_price', 'amount'])
      .where('run.id', '=', runId)
      .orderBy('kind')
      .orderBy('unit_price')
      .execute();
    const entries = rows.flatMap(({ kind, quantity, unit_price: unitPrice, amount }) =>
      kind === null || quantity === null || unitPrice === null || amount === null
        ? []
        : [{ kind, quantity, unitPrice, amount }],
    );
    return { total: rows[0]?.usage ?? '0', entries };
  }
}
