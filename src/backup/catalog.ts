/** What PostgreSQL's catalog knows of the tables of Chela and pg-boss. */
import type { ClientBase } from 'pg';
import type { DatabaseShape, SequenceState, TableShape } from './entries.ts';

/** pg-boss has its tables in a schema of its own; Chela's are in the one that the connection uses. */
export const jobSchema = 'pgboss';
const ownSchema = '';

const inOurSchemas = `pg_namespace.nspname IN (current_schema(), '${jobSchema}')`;
const schemaColumn = `CASE pg_namespace.nspname WHEN current_schema() THEN '${ownSchema}' ELSE pg_namespace.nspname END AS schema`;

export interface Named {
  readonly schema: string;
  readonly name: string;
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A table or sequence as statements name it. */
export function qualified({ schema, name }: Named): string {
  return schema === ownSchema ? quoted(name) : `${quoted(schema)}.${quoted(name)}`;
}

/**
 * Every table, without partitions, whose rows are those of the table that they belong to. Columns that PostgreSQL
 * computes are left out.
 */
export async function readTables(client: ClientBase): Promise<TableShape[]> {
  const { rows } = await client.query<TableShape>(
    `SELECT ${schemaColumn}, relname AS name,
       ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = pg_class.oid AND attnum > 0
             AND NOT attisdropped AND attgenerated = '' ORDER BY attnum) AS columns
     FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
     WHERE ${inOurSchemas} AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY 1, 2`,
  );
  return rows;
}

export async function readPartitions(client: ClientBase): Promise<DatabaseShape['partitions'][number][]> {
  const { rows } = await client.query<DatabaseShape['partitions'][number]>(
    `SELECT child.relname AS name, parent.relname AS of, pg_get_expr(child.relpartbound, child.oid) AS bounds
     FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid JOIN pg_class parent ON parent.oid = inhparent
     JOIN pg_namespace ON pg_namespace.oid = parent.relnamespace
     WHERE pg_namespace.nspname = current_schema() AND child.relispartition AND child.relkind IN ('r', 'p')
     ORDER BY 1`,
  );
  return rows;
}

/** Sequences as they are now, which is not before the snapshot: numbers that a row of it has are never given again. */
export async function readSequences(client: ClientBase): Promise<SequenceState[]> {
  const { rows } = await client.query<Named>(
    `SELECT ${schemaColumn}, relname AS name FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
     WHERE ${inOurSchemas} AND relkind = 'S' ORDER BY 1, 2`,
  );
  const states: SequenceState[] = [];
  for (const named of rows) {
    const { rows: found } = await client.query<{ value: string; isCalled: boolean }>(
      `SELECT last_value::text AS value, is_called AS "isCalled" FROM ${qualified(named)}`,
    );
    states.push(...found.map((state) => ({ ...named, ...state })));
  }
  return states;
}

/** @returns the version of pg-boss's tables; undefined if there are none */
export async function jobTablesVersion(client: ClientBase): Promise<number | undefined> {
  const { rows } = await client.query<{ found: boolean }>(
    `SELECT to_regclass('${jobSchema}.version') IS NOT NULL AS found`,
  );
  if (rows[0]?.found !== true) return undefined;
  const { rows: versions } = await client.query<{ version: number }>(
    `SELECT version FROM ${jobSchema}.version`,
  );
  return versions[0]?.version;
}

export interface ForeignKey extends Named {
  readonly constraint: string;
  readonly definition: string;
}

export async function readForeignKeys(client: ClientBase): Promise<ForeignKey[]> {
  const { rows } = await client.query<ForeignKey>(
    `SELECT ${schemaColumn}, relname AS name, conname AS constraint, pg_get_constraintdef(pg_constraint.oid) AS definition
     FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid JOIN pg_namespace ON pg_namespace.oid = relnamespace
     WHERE ${inOurSchemas} AND contype = 'f' AND conparentid = 0 ORDER BY 1, 2, 3`,
  );
  return rows;
}

export async function readTablesWithTriggers(client: ClientBase): Promise<Named[]> {
  const { rows } = await client.query<Named>(
    `SELECT ${schemaColumn}, relname AS name FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
     WHERE ${inOurSchemas} AND EXISTS (SELECT FROM pg_trigger WHERE tgrelid = pg_class.oid AND NOT tgisinternal)
     ORDER BY 1, 2`,
  );
  return rows;
}

/** Makes texts of values the same on every server, as pg_dump does. */
export async function unifyTexts(client: ClientBase): Promise<void> {
  await client.query(
    `SET client_encoding = 'UTF8'; SET datestyle = ISO; SET intervalstyle = postgres; SET extra_float_digits = 1;
     SET timezone = 'UTC'; SET bytea_output = hex; SET statement_timeout = 0; SET lock_timeout = 0;
     SET idle_in_transaction_session_timeout = 0`,
  );
}
