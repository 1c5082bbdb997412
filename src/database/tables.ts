/**
 * The tables, typed for Kysely. This file has the tables of the database room and the types that columns share. Other
 * rooms add theirs to `Tables` in their own `tables.ts`, so that this room imports none of them. bigint columns are
 * numbers below 2^53; numeric columns are strings.
 */
import type { ColumnType, Generated } from 'kysely';

/** JSON that is stored verbatim, written and read as text. */
export type JsonText = ColumnType<string, string, string>;

interface InstallationTable {
  id: Generated<boolean>;
  signing_secret: Buffer;
  created_at: Generated<Date>;
}

export interface Tables {
  installation: InstallationTable;
}
