/**
 * The daily partitions of rows and log lines. They are made ahead of their day and dropped when retention has passed; a
 * default partition catches a day that was not made in time.
 */
import type { PoolClient } from 'pg';
import type { Database } from './database.ts';

const partitioned = ['result_row', 'log_line'] as const;
const daysAhead = 3;
const checkViolation = '23514';
const dayMilliseconds = 24 * 3600 * 1000;

/** The day (UTC) of a moment, `YYYY-MM-DD`. */
export function dayOf(moment: Date): string {
  return moment.toISOString().slice(0, 10);
}

function daysFrom(moment: Date, days: number): string {
  return dayOf(new Date(moment.getTime() + days * dayMilliseconds));
}

function partitionName(table: string, day: string): string {
  return `${table}_${day.replaceAll('-', '_')}`;
}

/** Two processes that change the same partition at once would meet in the catalogue and one would fail. */
async function holdPartitions(client: PoolClient): Promise<void> {
  await client.query("SELECT pg_advisory_xact_lock(hashtext('chela partitions'))");
}

/** Makes the partitions of today and the next days where they are missing. Safe to call at the same time anywhere. */
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
        // The default partition has rows of that day already, so it keeps the day.
        if (error.code !== checkViolation) throw error;
      });
    }
  }
}

/**
 * Drops the partitions of days before `firstKeptDay` and removes such days from the default partitions. Safe to call at
 * the same time anywhere.
 * @returns names of the dropped partitions
 */
export async function dropPartitionsBefore(database: Database, firstKeptDay: string): Promise<string[]> {
  const dropped: string[] = [];
  for (const table of partitioned) {
    const { rows } = await database.pool.query<{ name: string }>(
      'SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = $1::regclass ORDER BY 1',
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
