/** Requirements on the PostgreSQL server. `npm run test:postgres` tests these majors. */
import type { Client } from 'pg';
import { UnfitDatabaseError } from './unfit-database-error.ts';

/** Major versions that the database part of the tests runs against, oldest first. */
export const testedMajors = [15, 16, 17, 18] as const;

export interface ServerTraits {
  /** As the server reports it: `16.14 (Debian 16.14-1)`. */
  readonly version: string;
  /** `server_version_num`, such as 160014. */
  readonly versionNumber: number;
  /** Encoding of the database. */
  readonly encoding: string;
}

/** @throws UnfitDatabaseError that says what is wrong with the server and what to do */
export function checkServer({ version, versionNumber, encoding }: ServerTraits): void {
  const [oldest] = testedMajors;
  if (versionNumber < oldest * 10_000)
    throw new UnfitDatabaseError(
      `the database server is PostgreSQL ${version}, but Chela needs ${oldest} or newer: upgrade it, or set DATABASE_URL to another server`,
    );
  if (encoding !== 'UTF8')
    throw new UnfitDatabaseError(
      `the encoding of the database is ${encoding}, but Chela needs UTF8: create the database with ENCODING 'UTF8' TEMPLATE template0`,
    );
}

export async function readServerTraits(client: Client): Promise<ServerTraits> {
  const { rows } = await client.query<ServerTraits>(
    `SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS "versionNumber",
       current_setting('server_encoding') AS encoding`,
  );
  const [traits] = rows;
  if (traits === undefined) throw new Error('the database did not report its version and encoding');
  return traits;
}
