/** What a start of this Chela would change in a database. Changes nothing. */
import type { Pool } from 'pg';
import { appliedMigrations, migrationNames, readMigration } from './migrations.ts';
import { migrationRisks, type MigrationRisk } from './migration-risks.ts';
import { UnfitDatabaseError } from './unfit-database-error.ts';

/** Rules whose statements write a table anew. */
const rewriting = new Set(['rewrite-for-default', 'rewrite-for-type', 'index', 'unique', 'all-rows']);

export interface PlannedMigration {
  readonly name: string;
  readonly risks: readonly PlannedRisk[];
}

export interface PlannedRisk extends MigrationRisk {
  /** Size of the table with its indexes. */
  readonly tableBytes: number;
  /** As PostgreSQL estimates it. */
  readonly rows: number;
}

export interface UpgradePlan {
  readonly migrations: readonly PlannedMigration[];
  /** What the database may need in addition, at most. */
  readonly neededBytes: number;
}

interface TableSize {
  readonly tableBytes: number;
  readonly rows: number;
}

/** @throws UnfitDatabaseError if a newer Chela has migrated the database */
export async function planUpgrade(pool: Pool): Promise<UpgradePlan> {
  const client = await pool.connect();
  try {
    const [known, applied] = [await migrationNames(), new Set(await appliedMigrations(client))];
    const unknown = [...applied].find((name) => !known.includes(name));
    if (unknown !== undefined)
      throw new UnfitDatabaseError(
        `the database has migration ${unknown} of a newer Chela: install a newer version`,
      );
    const migrations: PlannedMigration[] = [];
    for (const name of known.filter((candidate) => !applied.has(candidate))) {
      const found = migrationRisks(await readMigration(name));
      const risks: PlannedRisk[] = [];
      for (const risk of found) risks.push({ ...risk, ...(await sizeOf(pool, risk.table)) });
      migrations.push({ name, risks });
    }
    const written = migrations.flatMap(({ risks }) => risks.filter(({ rule }) => rewriting.has(rule)));
    return { migrations, neededBytes: written.reduce((sum, { tableBytes }) => sum + tableBytes, 0) };
  } finally {
    client.release();
  }
}

/** Of a table with its partitions. */
async function sizeOf(pool: Pool, table: string): Promise<TableSize> {
  const { rows } = await pool.query<TableSize>(
    `SELECT coalesce(sum(pg_total_relation_size(relid)), 0)::bigint AS "tableBytes",
       coalesce(sum(greatest(reltuples, 0)), 0)::bigint AS rows
     FROM pg_partition_tree(to_regclass($1)) JOIN pg_class ON pg_class.oid = relid WHERE isleaf`,
    [table],
  );
  return rows[0] ?? { tableBytes: 0, rows: 0 };
}
