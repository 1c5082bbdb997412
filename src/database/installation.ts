import { randomBytes } from 'node:crypto';
import type { Database } from './database.ts';

/** The secret with which all processes of this installation sign links; created on first use. */
export async function signingSecret(database: Database): Promise<Buffer> {
  await database.sql
    .insertInto('installation')
    .values({ signing_secret: randomBytes(32) })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
  const row = await database.sql
    .selectFrom('installation')
    .select('signing_secret')
    .executeTakeFirstOrThrow();
  return row.signing_secret;
}
