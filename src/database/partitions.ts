/**
 * The daily partitions of rows and log lines. They are created ahead of their day and dropped after the retention
 * period. A default partition holds days whose partition was not created in time.
 */
import type { PoolClient } from 'pg';
import type { Database } from './database.ts';

const partitioned = ['result_row', 'log_line'] as const;
const daysAhead = 3;
const checkViolation = '23514';
const dayMilliseconds = 24 * 3600 * 1000;

/** The UTC day of a point in time, `YYYY-MM-DD`. */
export function dayOf(moment: Date): string {
  return moment.toISOString().slice(0, 10);
}

function daysFrom(moment: Date, days: number): string {
  return dayOf(new Date(moment.getTime() + days * dayMilliseconds));
}

function partitionName(table: string, day: string): string {
  return `${table}_${day.replaceAll('-', '_')}`;
}

/** Locks out other processes: concurrent changes of one partition conflict in the catalog, and one would fail. */
async function holdPartitions(client: PoolClient): Promise<void> {
  await client.query("SELECT pg_advisory_xact_lock(hashtext('chela partitions'))");
}

/** Creates the missing partitions of today and the next days. Safe to call concurrently from any process. */
export async function createPartitions(database: Database, now: Date): Promise<void> {
  for (let ahead = 0; ahead <= daysAhead; ahead += 1) {
    const day = daysFrom(now, ahead);
    for (const table of partitioned) {
      const created = database.transaction(async (client) => {
        await holdPartitions(client);
        const name = partitionName(table, day);
        const found = await client.query('SELECT to_regclass($1) AS found', [name]);
        if (found.rows[0]?.found !== null) return;
        await client.query(
          `CREATE TABLE ${name} PARTITION OF ${table} FOR VALUES FROM ('${day}') TO ('${daysFrom(now, ahead + 1)}')`,
        );
      });
      await created.catch((error: { code?: string }) => {
        // The default partition already has rows of that day, so the day stays there.
        if (error.code !== checkViolation) throw error;
      });
    }
  }
}

/**
 * Drops the partitions of days before `firstKeptDay`, and removes such days from the default partitions. Safe to call
 * concurrently from any process.
 * @returns names of the dropped partitions
 */
export async function dropPartitionsBefore(database: Database, firstKeptDay: string): Promise<string[]> {
  const dropped: string[] = [];
  for (const table of partitioned) {
    const { rows } = await database.pool.query<{ name: string }>(
      // Not inhrelid::regclass, which is a number if another process has just dropped the partition.
      `SELECT relname AS name FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
       WHERE inhparent = $1::regclass ORDER BY 1`,
      [table],
    );
    const firstKept = partitionName(table, firstKeptDay);
    for (const { name } of rows) {
      if (name === `${table}_default` || name >= firstKept) continue;
      await database.transaction(async (client) => {
        await holdPartitions(client);
        await client.query(`DROP TABLE IF EXISTS ${name}`);
      });
      dropped.push(name);
    }
    await database.pool.query(`DELETE FROM ${table}_default WHERE day < $1`, [firstKeptDay]);
  }
  return dropped;
}
