/** Compares the database with the workers' tally: rows, upserts and log lines. */
import type { Cluster } from '../cluster/cluster.ts';
import type { Tally, WorkerTally } from '../tally/tally.ts';
import type { Finding } from './finding.ts';

interface StoredRow {
  readonly run: string;
  readonly number: string;
  readonly token: string;
  readonly n: number;
  readonly key: string | null;
}

interface StoredLine {
  readonly content: string;
  readonly run: string;
}

export interface StoredData {
  readonly rows: readonly StoredRow[];
  readonly lines: readonly StoredLine[];
  /** What each run says its number of rows is. */
  readonly counts: readonly { readonly run: string; readonly count: string }[];
}

export async function readStoredData({ postgres }: Cluster): Promise<StoredData> {
  const rows = await postgres.query<StoredRow>(
    `SELECT run.slug AS run, number, data ->> 'token' AS token, (data ->> 'n')::int AS n, data ->> 'key' AS key
     FROM result_row JOIN run ON run.id = run_id ORDER BY run.id, number`,
  );
  const lines = await postgres.query<StoredLine>(
    `SELECT content, run.slug AS run FROM log_line JOIN run ON run.id = run_id WHERE subtask > 0`,
  );
  const counts = await postgres.query<{ run: string; count: string }>(
    `SELECT slug AS run, result_count AS count FROM run`,
  );
  return { rows, lines, counts };
}

/** Runs by the token of their workers. */
export function runsByToken({ rows }: StoredData): Map<string, string> {
  return new Map(rows.map(({ token, run }) => [token, run]));
}

export function checkStoredData(tally: Tally, stored: StoredData): Finding[] {
  return [...checkRows(tally, stored), ...checkLines(tally, stored), ...checkCounts(stored)];
}

function checkRows(tally: Tally, { rows }: StoredData): Finding[] {
  const byToken = Map.groupBy(rows, ({ token }) => token);
  return Array.from(tally.workers, ([token, worker]) => {
    const own = byToken.get(token) ?? [];
    const plain = own.filter(({ key }) => key === null).map(({ n }) => n);
    return [
      ...missing(worker.rows, plain).map((n): Finding => ({
        kind: 'lost',
        sentence: `row ${n} of the worker ${token} was acknowledged and is not stored`,
      })),
      ...repeated(plain).map((n): Finding => ({
        kind: 'doubled',
        sentence: `row ${n} of the worker ${token} is stored twice, in the run ${own[0]?.run}`,
      })),
    ];
  })
    .flat()
    .concat(checkUpserts(tally, rows));
}

/** The row of an upsert key has to be the last one acknowledged, or one that was pushed later. */
function checkUpserts({ workers }: Tally, rows: readonly StoredRow[]): Finding[] {
  const runOf = new Map(rows.map(({ token, run }) => [token, run]));
  const current = new Map(
    rows.filter(({ key }) => key !== null).map((row) => [`${row.run} ${row.key}`, row]),
  );
  const isOlder = (row: StoredRow, token: string, worker: WorkerTally, n: number): boolean =>
    row.token === token ? row.n < n : (workers.get(row.token)?.order ?? Infinity) < worker.order;
  return Array.from(workers, ([token, worker]) =>
    [...worker.upserts].flatMap(([key, n]): Finding[] => {
      const run = runOf.get(token);
      // Without any row of this worker its run is unknown: later workers of the same subtask overwrote them all.
      if (run === undefined) return [];
      const row = current.get(`${run} ${key}`);
      if (row !== undefined && !isOlder(row, token, worker, n)) return [];
      return [
        {
          kind: 'lost',
          sentence: `upsert ${n} of "${key}" in the run ${run} was acknowledged and is not stored`,
        },
      ];
    }),
  ).flat();
}

function checkLines({ workers }: Tally, { lines }: StoredData): Finding[] {
  const own = lines.map(({ content }) => content.split(' ')).filter(({ length }) => length === 2);
  const byToken = Map.groupBy(own, ([token = '']) => token);
  return Array.from(workers, ([token, worker]) => {
    const numbers = (byToken.get(token) ?? []).map(([, n]) => Number(n));
    return [
      ...missing(worker.lines, numbers).map((n): Finding => ({
        kind: 'lost',
        sentence: `line ${n} of the worker ${token} was acknowledged and is not in the log`,
      })),
      ...repeated(numbers).map((n): Finding => ({
        kind: 'doubled',
        sentence: `line ${n} of the worker ${token} is twice in the log`,
      })),
    ];
  }).flat();
}

/** Rows are numbered without gaps, and the run knows how many it has. */
function checkCounts({ rows, counts }: StoredData): Finding[] {
  const byRun = Map.groupBy(rows, ({ run }) => run);
  return counts.flatMap(({ run, count }): Finding[] => {
    const numbers = (byRun.get(run) ?? []).map(({ number }) => Number(number));
    if (Number(count) !== numbers.length) {
      return [
        {
          kind: 'broken rules',
          sentence: `the run ${run} says it has ${count} rows, and has ${numbers.length}`,
        },
      ];
    }
    const gap = numbers.findIndex((number, place) => number !== place);
    return gap === -1
      ? []
      : [{ kind: 'broken rules', sentence: `row ${gap} of the run ${run} has the number ${numbers[gap]}` }];
  });
}

function missing(wanted: ReadonlySet<number>, found: readonly number[]): number[] {
  const present = new Set(found);
  return [...wanted].filter((n) => !present.has(n));
}

function repeated(numbers: readonly number[]): number[] {
  const seen = new Set<number>();
  return numbers.filter((n) => seen.has(n) || !seen.add(n));
}
