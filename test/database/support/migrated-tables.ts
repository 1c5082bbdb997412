/** The tables as PostgreSQL has them after all migrations. */
import type { Pool } from 'pg';

export interface MigratedColumn {
  /** PostgreSQL's name of the type, such as int8, text or timestamptz. */
  readonly type: string;
  readonly isNullable: boolean;
  readonly hasDefault: boolean;
  readonly isAlwaysGenerated: boolean;
  /** What a CHECK constraint on this column alone allows, if it is a list or an integer range. */
  readonly values: readonly (string | number)[] | undefined;
}

export type MigratedTables = Map<string, Map<string, MigratedColumn>>;

interface ColumnRow {
  readonly table: string;
  readonly column: string;
  readonly type: string;
  readonly is_nullable: boolean;
  readonly has_default: boolean;
  readonly is_always_generated: boolean;
  readonly checks: string[];
}

/** Partitions are omitted: they have the columns of their table. */
const columnsOfTables = `
  SELECT pg_class.relname AS table, attname AS column, typname AS type, NOT attnotnull AS is_nullable,
    atthasdef AS has_default, attidentity = 'a' AS is_always_generated,
    ARRAY(SELECT pg_get_constraintdef(pg_constraint.oid) FROM pg_constraint
          WHERE conrelid = pg_class.oid AND contype = 'c' AND conkey = ARRAY[attnum]) AS checks
  FROM pg_class
  JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
  JOIN pg_type ON pg_type.oid = atttypid
  WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
  ORDER BY 1, attnum`;

/** `CHECK ((state = ANY (ARRAY['a'::text, 'b'::text])))` and `CHECK (((type >= 1) AND (type <= 4)))`. */
function allowedValues(check: string): (string | number)[] | undefined {
  if (check.includes('= ANY (ARRAY[')) {
    return [...check.matchAll(/'((?:[^']|'')*)'::text/g)].map(([, text = '']) => text.replaceAll("''", "'"));
  }
  const [, first, last] = />= (\d+)\) AND \(\w+ <= (\d+)\)/.exec(check) ?? [];
  if (first === undefined || last === undefined) return undefined;
  return Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => Number(first) + index);
}

export async function readMigratedTables(pool: Pool): Promise<MigratedTables> {
  const { rows } = await pool.query<ColumnRow>(columnsOfTables);
  const tables: MigratedTables = new Map();
  for (const row of rows) {
    const columns = tables.get(row.table) ?? new Map<string, MigratedColumn>();
    tables.set(row.table, columns);
    columns.set(row.column, {
      type: row.type,
      isNullable: row.is_nullable,
      hasDefault: row.has_default,
      isAlwaysGenerated: row.is_always_generated,
      values: row.checks.map(allowedValues).find((values) => values !== undefined),
    });
  }
  return tables;
}
