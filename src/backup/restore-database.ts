/**
 * Puts the rows of a backup into a database: creates the tables as they were, copies the rows, and checks the references
 * between them. All of it is one transaction, so the database has everything or what it had before.
 */
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import {
  appliedMigrations,
  applyToEmptyTables,
  createMigrationTable,
  migrationNames,
} from '../database/database.ts';
import { BackupError } from './backup-error.ts';
import {
  jobSchema,
  qualified,
  quoted,
  readForeignKeys,
  readPartitions,
  readTables,
  readTablesWithTriggers,
  type ForeignKey,
  type Named,
} from './catalog.ts';
import type { DatabaseShape, SequenceState, TableShape } from './entries.ts';

/** Application name of the connection of a restore. */
export const restoreSession = 'chela restore';

/** What a database that is not empty contains. */
async function contentOf(client: Client): Promise<string | undefined> {
  const tables = await readTables(client);
  if (tables.length === 0) return undefined;
  if ((await appliedMigrations(client)).length === 0) return 'tables that are not of Chela';
  const { rows } = await client.query<{ accounts: string; workers: string; runs: string }>(
    `SELECT (SELECT count(*) FROM account) AS accounts, (SELECT count(*) FROM worker) AS workers,
       (SELECT count(*) FROM run) AS runs`,
  );
  const [{ accounts, workers, runs } = { accounts: 0, workers: 0, runs: 0 }] = rows;
  return `${accounts} accounts, ${workers} workers and ${runs} runs`;
}

/** How long the session of a restore that was interrupted may take to end. */
const interruptedSeconds = 20;
const pollMilliseconds = 100;

/** Application names of other processes of Chela that use the database. */
async function otherSessions(client: Client): Promise<string[]> {
  // Otherwise the transaction goes on seeing the sessions that it saw first.
  await client.query('SELECT pg_stat_clear_snapshot()');
  const { rows } = await client.query<{ name: string }>(
    `SELECT application_name AS name FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'chela%'`,
  );
  return rows.map(({ name }) => name);
}

/**
 * A restore that was killed keeps its session until the server notices, so one that is repeated waits for it.
 * @throws BackupError if another process of Chela uses the database
 */
async function refuseIfInUse(client: Client): Promise<void> {
  const limit = performance.now() + interruptedSeconds * 1000;
  for (;;) {
    const names = await otherSessions(client);
    if (names.length === 0) return;
    if (names.some((name) => name !== restoreSession))
      throw new BackupError('Chela uses this database: stop the platform before you restore');
    if (performance.now() > limit) throw new BackupError('another restore uses this database');
    await delay(pollMilliseconds);
  }
}

/** Statements that drop what is in the schema. In this order: sequences of columns are dropped with their tables. */
const dropping = [
  `SELECT format('DROP %s %s CASCADE', CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, pg_class.oid::regclass) AS statement
   FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
   WHERE nspname = current_schema() AND relkind IN ('r', 'p', 'v') AND NOT relispartition ORDER BY relkind`,
  `SELECT format('DROP SEQUENCE %s CASCADE', pg_class.oid::regclass) AS statement
   FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
   WHERE nspname = current_schema() AND relkind = 'S'`,
  `SELECT format('DROP FUNCTION IF EXISTS %s CASCADE', pg_proc.oid::regprocedure) AS statement
   FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pronamespace
   WHERE nspname = current_schema() AND prokind = 'f'
     AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')`,
];

/** Drops every table, sequence and function of Chela and pg-boss. */
async function empty(client: Client): Promise<void> {
  await client.query(`DROP SCHEMA IF EXISTS ${jobSchema} CASCADE`);
  for (const query of dropping) {
    const { rows } = await client.query<{ statement: string }>(query);
    for (const { statement } of rows) await client.query(statement);
  }
}

export class DatabaseRestore {
  readonly #client: Client;
  #foreignKeys: readonly ForeignKey[] = [];
  #withTriggers: readonly Named[] = [];
  #tables = new Map<string, TableShape>();

  /** @param client in a transaction, which the caller commits once everything was restored */
  constructor(client: Client) {
    this.#client = client;
  }

  /**
   * Makes the database one without any table.
   * @throws BackupError if it is used, or has content and `replace` is not set
   */
  async prepare(replace: boolean): Promise<void> {
    await refuseIfInUse(this.#client);
    const content = await contentOf(this.#client);
    if (content === undefined) return;
    if (!replace)
      throw new BackupError(
        `the database is not empty, it has ${content}: restore into an empty one, or add --replace to delete them`,
      );
    await empty(this.#client);
  }

  /** Creates the tables as they were at the time of the backup. @throws BackupError if a newer Chela made it */
  async create({ migrations, jobTables, partitions }: DatabaseShape): Promise<void> {
    const client = this.#client;
    const known = await migrationNames();
    const unknown = migrations.find((name) => !known.includes(name));
    if (unknown !== undefined)
      throw new BackupError(
        `the backup has migration ${unknown} of a newer Chela: install that version or a newer one`,
      );
    await createMigrationTable(client);
    for (const name of migrations) await applyToEmptyTables(client, name);
    if (jobTables !== null) await client.query(jobTables);
    const present = new Set((await readPartitions(client)).map(({ name }) => name));
    for (const { name, of, bounds } of partitions) {
      if (present.has(name)) continue;
      if (!/^(?:DEFAULT|FOR VALUES [^;]*)$/.test(bounds))
        throw new BackupError(`the bounds of the partition ${name} are not valid`);
      await client.query(`CREATE TABLE ${quoted(name)} PARTITION OF ${quoted(of)} ${bounds}`);
    }
    this.#foreignKeys = await readForeignKeys(client);
    // They are checked once all rows are there: tables name each other in circles.
    for (const key of this.#foreignKeys)
      await client.query(`ALTER TABLE ${qualified(key)} DROP CONSTRAINT ${quoted(key.constraint)}`);
    this.#withTriggers = await readTablesWithTriggers(client);
    // What triggers store is in the backup too.
    for (const table of this.#withTriggers)
      await client.query(`ALTER TABLE ${qualified(table)} DISABLE TRIGGER USER`);
    const tables = await readTables(client);
    this.#tables = new Map(tables.map((table) => [qualified(table), table]));
    // Migrations and pg-boss store rows too.
    if (tables.length > 0) await client.query(`TRUNCATE ${tables.map(qualified).join(', ')}`);
  }

  /** @returns the number of rows @throws BackupError if there is no such table */
  async copy(table: TableShape, content: AsyncIterable<Buffer>): Promise<number> {
    const columns = this.#tables.get(qualified(table))?.columns ?? [];
    const unknown = table.columns.find((column) => !columns.includes(column));
    if (columns.length === 0 || unknown !== undefined)
      throw new BackupError(
        `the backup has the table ${table.name} with columns that this Chela does not know`,
      );
    const list = table.columns.map(quoted).join(', ');
    const rows = this.#client.query(copyFrom(`COPY ${qualified(table)} (${list}) FROM STDIN`));
    await pipeline(content, rows);
    return rows.rowCount;
  }

  async setSequences(sequences: readonly SequenceState[]): Promise<void> {
    for (const sequence of sequences)
      await this.#client.query('SELECT setval($1::regclass, $2::bigint, $3)', [
        qualified(sequence),
        sequence.value,
        sequence.isCalled,
      ]);
  }

  /** Adds the references between tables, which checks them. */
  async finish(): Promise<void> {
    for (const table of this.#withTriggers)
      await this.#client.query(`ALTER TABLE ${qualified(table)} ENABLE TRIGGER USER`);
    for (const key of this.#foreignKeys)
      await this.#client.query(
        `ALTER TABLE ${qualified(key)} ADD CONSTRAINT ${quoted(key.constraint)} ${key.definition}`,
      );
  }
}
