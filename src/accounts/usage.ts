/**
 * What runs use and what it costs. Subtasks are metered when they are settled, in the same transaction and under the lock
 * of their run's row; all arithmetic is PostgreSQL's numeric, which is exact. Locks are taken in the order subtask, run,
 * account: the account is charged last, since other transactions lock it before they end.
 */
import type { PoolClient } from 'pg';
import type { Config } from '../configuration/configuration.ts';
import type { Database } from '../database/database.ts';
import type { Plans } from './plans.ts';
import type { UsageKind } from './usage-kinds.ts';

export interface UsageEntry {
  readonly kind: UsageKind;
  /** Decimal string; rows, GB-hours, hours of processor time or GB. */
  readonly quantity: string;
  /** Decimal string. */
  readonly unitPrice: string;
  /** Decimal string: quantity times price, to six places. */
  readonly amount: string;
}

/** What a metering added to the cost of a run, to be paid by its account. */
export interface Charge {
  readonly accountId: number;
  /** Decimal string, above zero. */
  readonly amount: string;
}

type UsageConfig = Pick<
  Config,
  'pricePerResult' | 'pricePerGigabyteHour' | 'pricePerCpuHour' | 'pricePerGigabyteTraffic'
>;

/** What a run has used so far, whether it costs anything or not. */
export interface MeteredUse {
  readonly results: number;
  /** 1 GB being 1024 MB. */
  readonly memoryGigabyteHours: number;
  /** Of the subtasks that have ended. */
  readonly cpuSeconds: number;
  readonly trafficBytes: number;
}

/** Quantities of a kind that have their entry. */
function settled(kind: UsageKind): string {
  return `coalesce((SELECT sum(quantity) FROM usage_entry WHERE run_id = run.id AND kind = '${kind}'), 0)`;
}

/** GB-hours of a subtask: the memory it may use, for as long as its worker has run. */
const gigabyteHours = `round(
  (run.system->>'memory')::numeric
    * greatest(0, extract(epoch FROM coalesce(subtask.finished_at, now()) - subtask.worked_from))
    / 3686400.000000000000, 12)`;

/**
 * What a run ($1) has used beyond its entries, at the prices $2 (result), $3 (memory), $4 (cpu) and $5 (traffic).
 * `run.traffic_bytes` is whatever the proxy has counted by now.
 * @param subtasks condition that picks the subtasks whose memory and processor time are meant
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
  /** Whether nothing costs anything: nothing is entered then. */
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

  /** Records that the worker of a subtask began so long ago: its memory counts from then on. */
  async begin(subtaskId: number, secondsAgo: number): Promise<void> {
    await this.#database.pool.query({
      name: 'begin-usage',
      text: `UPDATE subtask SET worked_from = now() - make_interval(secs => $2) WHERE id = $1 AND status = 'running'`,
      values: [subtaskId, secondsAgo],
    });
  }

  /**
   * Enters what a run has used since it was metered before: rows, traffic, and memory and processor time of one
   * subtask that has ended.
   * @param client of a transaction that holds the lock of the run's row; `charge` has to follow in it
   * @returns undefined where nothing has to be paid
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

  /** Takes a charge from the balance where the account's plan is prepaid. The last statement of its transaction. */
  async charge(client: PoolClient, charge: Charge | undefined): Promise<void> {
    const prepaid = this.#plans.prepaidNames;
    if (charge === undefined || prepaid.length === 0) return;
    await client.query({
      name: 'charge-account',
      text: 'UPDATE account SET balance = balance - $2::numeric WHERE id = $1 AND coalesce(plan, $3) = ANY($4)',
      values: [charge.accountId, charge.amount, this.#plans.defaultName, prepaid],
    });
  }

  /** Whether what a run has cost so far, its running subtasks included, has come to a limit. */
  async reached(runId: number, limit: number): Promise<boolean> {
    const { rows } = await this.#database.pool.query<{ reached: boolean }>({
      name: 'charge-reached',
      text: chargeReachedStatement,
      values: [runId, ...this.#prices, limit],
    });
    return rows[0]?.reached ?? false;
  }

  /** What a run has used so far, of its running subtasks only the memory. */
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

  /** What a run has cost so far, decimal string, and the entries whose amounts add up to it. */
  async ofRun(runId: number): Promise<{ total: string; entries: UsageEntry[] }> {
    // One statement, so that the sum and the entries are of the same moment.
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
