/** Bounds the rows of a run in the ledger: beyond the limits, subtasks and then hosts are summed in one row. */
import type { Database } from '../database/database.ts';

export interface LedgerLimits {
  /** Distinct host, port and outcome. */
  readonly hostsPerSubtask: number;
  /** Distinct host and port. */
  readonly hostsPerRun: number;
  /** Rows of single subtasks. */
  readonly rowsPerRun: number;
}

/** Where sums are stored. */
export interface RowKey {
  /** 0 for the subtasks beyond the limit. */
  readonly subtask: number;
  /** Empty for the hosts beyond the limit. */
  readonly host: string;
  readonly port: number;
}

/** Anything that counts as one host, with the same identity each time. */
interface PlacedHost {
  readonly host: string;
  readonly port: number;
}

export class RunRows {
  readonly #limits: LedgerLimits;
  /** Hosts of the run, `port host`. */
  readonly #hosts = new Set<string>();
  readonly #places = new WeakMap<PlacedHost, RowKey>();
  #count = 0;

  constructor(limits: LedgerLimits) {
    this.#limits = limits;
  }

  /** Adds rows that are stored already. */
  addStored({ host, port }: PlacedHost, rows: number): void {
    this.#hosts.add(`${port} ${host}`);
    this.#count += rows;
  }

  /** The row of a subtask's host, the same each time. */
  place(subtask: number, counted: PlacedHost): RowKey {
    const known = this.#places.get(counted);
    if (known !== undefined) return known;
    const isKept = this.#isKept(counted);
    const isSingle = this.#count < this.#limits.rowsPerRun;
    if (isSingle) this.#count += 1;
    const place = {
      subtask: isSingle ? subtask : 0,
      host: isKept ? counted.host : '',
      port: isKept ? counted.port : 0,
    };
    this.#places.set(counted, place);
    return place;
  }

  #isKept({ host, port }: PlacedHost): boolean {
    const key = `${port} ${host}`;
    if (this.#hosts.has(key)) return true;
    if (host === '' || this.#hosts.size >= this.#limits.hostsPerRun) return false;
    this.#hosts.add(key);
    return true;
  }
}

/** Reads what is stored of runs, which other runners may have stored. @returns by key of the run */
export async function readRunRows(
  database: Database,
  runIds: readonly number[],
  limits: LedgerLimits,
): Promise<Map<number, RunRows>> {
  const found = new Map(runIds.map((id) => [id, new RunRows(limits)]));
  const { rows } = await database.pool.query<{ run_id: number; host: string; port: number; rows: number }>({
    name: 'read-run-hosts',
    text: 'SELECT run_id, host, port, count(*) AS rows FROM run_host WHERE run_id = ANY($1) GROUP BY run_id, host, port',
    values: [runIds],
  });
  for (const row of rows) found.get(row.run_id)?.addStored(row, row.rows);
  return found;
}
