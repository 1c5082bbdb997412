/**
 * The tables as Kysely sees them. This file has the tables of the database room and the types that columns share. Every
 * other room adds its own to `Tables` in its `tables.ts`, so that this room imports none of them. bigint columns are numbers
 * below 2^53, numeric are strings.
 */
import type { ColumnType, Generated } from 'kysely';

/** JSON kept verbatim: written and read as text. */
export type JsonText = ColumnType<string, string, string>;

interface InstallationTable {
  id: Generated<boolean>;
  signing_secret: Buffer;
  created_at: Generated<Date>;
}

export interface Tables {
  installation: InstallationTable;
}
