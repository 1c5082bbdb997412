/**
 * Compares the rows of two runs by the value of a column. The database joins the rows by a digest of that value and
 * compares digests of their data, so no row is read except those of the requested page.
 */
import { type Database, isDatabaseError } from '../database/database.ts';
import { invalidArgument } from '../errors.ts';
import { isJsonObject, stringifyJson } from '../json/lossless-json.ts';
import type { RunReference } from '../runs/runs.ts';
import { cutKey, platformKeyPrefix, type ResultRow } from './result-row.ts';
import { rowChanges, type RowChange } from './row-changes.ts';

/** Rows of each run that are compared, from its first one. */
export const comparedRowLimit = 100_000;

/**
 * Maximum time for a comparison. Measured on two cores under load, with rows of 700 bytes: 100,000 against as many take 2.0 s,
 * and 3.4 s if most values repeat.
 */
const comparisonSeconds = 20;
const queryCanceled = '57014';

interface ComparedRun extends RunReference {
  readonly result_count: number;
}

/** One of the two rows, or both if they have the same value in the column. */
interface Pair {
  readonly change: RowChange;
  /** Number of the row in each run, from 0; null if it has none. */
  readonly ours: number | null;
  readonly theirs: number | null;
}

export interface ComparedSide {
  /** Rows that were compared. */
  readonly compared: number;
  /** Rows among them without a value in the column, which belong to no pair. */
  readonly withoutKey: number;
  /** Rows among them whose value an earlier row has too. */
  readonly repeated: number;
}

export interface Comparison {
  readonly counts: Readonly<Record<RowChange, number>>;
  readonly ours: ComparedSide;
  readonly theirs: ComparedSide;
  readonly pairs: readonly Pair[];
}

/** @param run parameters of the statement: day and id of the run */
function sideOf(name: string, run: readonly [string, string]): string {
  return `${name}_read AS MATERIALIZED (
      SELECT number, decode(md5(row_value(data, $5)), 'hex') AS value, decode(md5(data::text), 'hex') AS content
      FROM result_row WHERE day = ${run[0]} AND run_id = ${run[1]} AND number < ${comparedRowLimit}
    ), ${name} AS (
      SELECT number, value, content, row_number() OVER (PARTITION BY value ORDER BY number) AS occurrence
      FROM ${name}_read WHERE value IS NOT NULL
    )`;
}

function figuresOf(name: string): string {
  return `(SELECT json_build_object('compared', count(*), 'withoutKey', count(*) - count(value)) FROM ${name}_read) AS ${name}_read,
    (SELECT count(*) FROM ${name} WHERE occurrence > 1) AS ${name}_repeated`;
}

/** $1, $2 the run, $3, $4 the other one, $5 the column, $6 changes, $7 size and $8 start of the page. */
const statement = `
  WITH ${sideOf('ours', ['$1', '$2'])}, ${sideOf('theirs', ['$3', '$4'])}, pair AS MATERIALIZED (
    SELECT ours.number AS ours, theirs.number AS theirs,
      CASE WHEN theirs.number IS NULL THEN 'added' WHEN ours.number IS NULL THEN 'removed'
        WHEN ours.content = theirs.content THEN 'unchanged' ELSE 'changed' END AS change
    FROM ours FULL JOIN theirs ON ours.value = theirs.value AND ours.occurrence = theirs.occurrence
  )
  SELECT ${figuresOf('ours')}, ${figuresOf('theirs')},
    (SELECT json_object_agg(change, pairs) FROM (SELECT change, count(*) AS pairs FROM pair GROUP BY change) AS counted) AS counts,
    (SELECT json_agg(shown ORDER BY coalesce(ours, theirs), theirs)
     FROM (SELECT change, ours, theirs FROM pair WHERE change = ANY ($6)
           ORDER BY coalesce(ours, theirs), theirs LIMIT $7 OFFSET $8) AS shown) AS pairs`;

/** JSON is text, as everywhere in this database. */
interface ComparisonRow {
  readonly ours_read: string;
  readonly ours_repeated: number;
  readonly theirs_read: string;
  readonly theirs_repeated: number;
  /** Null without pairs. */
  readonly counts: string | null;
  readonly pairs: string | null;
}

function sideRead(read: string, repeated: number): ComparedSide {
  return { ...(JSON.parse(read) as Omit<ComparedSide, 'repeated'>), repeated };
}

/**
 * Pairs the rows of two runs that have the same value in a column. If several rows of a run have it, the first is
 * compared with the first, the second with the second. Rows without a value are only counted.
 * @param page of the pairs with one of these changes
 * @throws ChelaError INVALID_ARGUMENT if it takes too long
 */
export async function comparePairs(
  database: Database,
  [run, other]: readonly [ComparedRun, ComparedRun],
  key: string,
  { changes, number, size }: { changes: readonly RowChange[]; number: number; size: number },
): Promise<Comparison> {
  const values = [run.day, run.id, other.day, other.id, key, changes, size, (number - 1) * size];
  try {
    const row = await database.transaction(async (client) => {
      await client.query(`SET LOCAL statement_timeout = '${comparisonSeconds}s'`);
      await client.query("SET LOCAL work_mem = '64MB'");
      return (await client.query<ComparisonRow>(statement, values)).rows[0];
    });
    if (row === undefined) throw new Error('the comparison has no row');
    const found = JSON.parse(row.counts ?? '{}') as Partial<Record<RowChange, number>>;
    const counts = Object.fromEntries(rowChanges.map((change) => [change, found[change] ?? 0]));
    return {
      counts: counts as Record<RowChange, number>,
      ours: sideRead(row.ours_read, row.ours_repeated),
      theirs: sideRead(row.theirs_read, row.theirs_repeated),
      pairs: JSON.parse(row.pairs ?? '[]') as Pair[],
    };
  } catch (error) {
    if (!isDatabaseError(error) || (error as { code?: string }).code !== queryCanceled) throw error;
    throw invalidArgument(
      `comparing the rows takes longer than ${comparisonSeconds} seconds, the limit: choose another column, or export the rows`,
    );
  }
}

function cutLengths(row: ResultRow): Readonly<Record<string, unknown>> {
  const lengths = row[cutKey];
  return isJsonObject(lengths) ? lengths : {};
}

function textOf(row: ResultRow, key: string): string | undefined {
  return Object.hasOwn(row, key) ? stringifyJson(row[key]) : undefined;
}

/**
 * The columns in which two rows differ. Texts that were cut to the same beginning and have the same length count as
 * different only if nothing else is.
 */
export function changedColumns(row: ResultRow, other: ResultRow): string[] {
  const [cut, otherCut] = [cutLengths(row), cutLengths(other)];
  const keys = [...new Set([...Object.keys(row), ...Object.keys(other)])].filter(
    (key) => !key.startsWith(platformKeyPrefix),
  );
  const differing = keys.filter(
    (key) => textOf(row, key) !== textOf(other, key) || cut[key] !== otherCut[key],
  );
  return differing.length > 0 ? differing : keys.filter((key) => cut[key] !== undefined);
}
