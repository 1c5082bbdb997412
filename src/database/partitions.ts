/**
 * The daily partitions of rows and log lines. They are created ahead of their day and dropped after the retention
 * period; while pinned runs belong to the day, a partition with only their rows and lines stays. A default partition
 * holds days whose partition was not created in time.
 */
import type { PoolClient } from 'pg';
import type { Database } from './database.ts';
import { isFree } from './holds.ts';

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

/**
 * Locks out other processes: concurrent changes of one partition conflict in the catalog, and one would fail.
 * @returns false if partitions may not change now, because a backup reads them
 */
async function mayChangePartitions(client: PoolClient): Promise<boolean> {
  if (!(await isFree(client, 'partitions'))) return false;
  await client.query("SELECT pg_advisory_xact_lock(hashtext('chela partitions'))");
  return true;
}

/** Creates the missing partitions of today and the next days, if partitions may change now. Safe to call concurrently from any process. */
export async function createPartitions(database: Database, now: Date): Promise<void> {
  for (let ahead = 0; ahead <= daysAhead; ahead += 1) {
    const day = daysFrom(now, ahead);
    for (const table of partitioned) {
      const created = database.transaction(async (client) => {
        if (!(await mayChangePartitions(client))) return;
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
 * Drops the partitions of days before `firstKeptDay` that no run belongs to, and removes such days from the default
 * partitions. Safe to call concurrently from any process.
 * @returns names of the dropped partitions
 */
export async function dropPartitionsBefore(database: Database, firstKeptDay: string): Promise<string[]> {
  const dropped: string[] = [];
  for (const table of partitioned) {
    for (const day of await partitionDays(database, table)) {
      if (day >= firstKeptDay) continue;
      const name = partitionName(table, day);
      const isDropped = await database.transaction(async (client) => {
        if (!(await mayChangePartitions(client))) return false;
        const { rowCount } = await client.query('SELECT FROM run WHERE day = $1 LIMIT 1', [day]);
        if (rowCount !== 0) return false;
        await client.query(`DROP TABLE IF EXISTS ${name}`);
        return true;
      });
      if (isDropped) dropped.push(name);
    }
    await database.pool.query(
      `DELETE FROM ${table}_default WHERE day < $1 AND NOT EXISTS (SELECT FROM run WHERE run.day = ${table}_default.day)`,
      [firstKeptDay],
    );
  }
  return dropped;
}

/** The days that have a partition, oldest first. */
async function partitionDays(database: Database, table: string): Promise<string[]> {
  const { rows } = await database.pool.query<{ name: string }>(
    // Not inhrelid::regclass, which is a number if another process has just dropped the partition.
    `SELECT relname AS name FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
     WHERE inhparent = $1::regclass ORDER BY 1`,
    [table],
  );
  return rows
    .filter(({ name }) => name !== `${table}_default`)
    .map(({ name }) => name.slice(table.length + 1).replaceAll('_', '-'));
}

/**
 * Whether a day has partitions of its own, rather than a place in the default ones, and they may change now. Nobody else
 * changes partitions until the end of the transaction.
 */
export async function hasPartitions(client: PoolClient, day: string): Promise<boolean> {
  if (!(await mayChangePartitions(client))) return false;
  const names = partitioned.map((table) => partitionName(table, day));
  const { rows } = await client.query<{ found: boolean }>(
    'SELECT to_regclass(name) IS NOT NULL AS found FROM unnest($1::text[]) AS name',
    [names],
  );
  return rows.every(({ found }) => found);
}

/**
 * Replaces the partitions of a day by ones with only the rows and lines of the runs that exist. Nobody may write rows or
 * lines of that day.
 * @param client of a transaction that has asked `hasPartitions`
 */
export async function rewritePartitions(client: PoolClient, day: string): Promise<void> {
  const dayAfter = daysFrom(new Date(day), 1);
  for (const table of partitioned) {
    const name = partitionName(table, day);
    // With this check, the partition is attached without reading it again.
    await client.query(`CREATE TABLE ${name}_kept (LIKE ${name} INCLUDING ALL,
      CONSTRAINT kept_day CHECK (day >= '${day}' AND day < '${dayAfter}'))`);
    await client.query(
      `INSERT INTO ${name}_kept SELECT * FROM ${name} WHERE run_id IN (SELECT id FROM run WHERE day = $1)`,
      [day],
    );
    await client.query(`DROP TABLE ${name}`);
    await client.query(`ALTER TABLE ${name}_kept RENAME TO ${name}`);
    await client.query(
      `ALTER TABLE ${table} ATTACH PARTITION ${name} FOR VALUES FROM ('${day}') TO ('${dayAfter}')`,
    );
    await client.query(`ALTER TABLE ${name} DROP CONSTRAINT kept_day`);
  }
}

/** @returns bytes of the partitions of a day, including their indexes; 0 for a day without partitions of its own */
export async function partitionBytes(
  database: Database,
  day: string,
): Promise<Record<(typeof partitioned)[number], number>> {
  const { rows } = await database.pool.query<Record<(typeof partitioned)[number], number>>(
    `SELECT coalesce(pg_total_relation_size(to_regclass($1)), 0) AS result_row,
       coalesce(pg_total_relation_size(to_regclass($2)), 0) AS log_line`,
    partitioned.map((table) => partitionName(table, day)),
  );
  return rows[0] ?? { result_row: 0, log_line: 0 };
}

const keyColumns = { result_row: 'number', log_line: 'id' } as const satisfies Record<
  (typeof partitioned)[number],
  string
>;
const rowsAtOnce = 10_000;

/** Removes the rows and log lines of a run that no longer exists. Safe to call concurrently from any process. */
export async function removeRunContent(database: Database, run: { id: number; day: string }): Promise<void> {
  for (const table of partitioned) {
    const key = keyColumns[table];
    for (;;) {
      const { rowCount } = await database.pool.query(
        // Locks the rows in the order of their key, so that two processes wait for each other instead of deadlocking.
        `DELETE FROM ${table} WHERE day = $1 AND run_id = $2 AND ${key} = ANY (ARRAY(
           SELECT ${key} FROM ${table} WHERE day = $1 AND run_id = $2 ORDER BY ${key} LIMIT ${rowsAtOnce} FOR UPDATE
         ))`,
        [run.day, run.id],
      );
      if (rowCount === 0) break;
    }
  }
}
