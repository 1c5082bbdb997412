/** Everything that a database contains, as text to compare. Reads the catalog by itself, not as the backup does. */
import { Client } from 'pg';

/** @returns texts by what they describe: rows of each table, columns, indexes, constraints, partitions, sequences, functions */
export async function databaseContent(url: string): Promise<Record<string, string[]>> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const lines = async (sql: string): Promise<string[]> =>
    (await client.query<{ line: string }>(sql)).rows.map(({ line }) => line);
  const ours = `nspname IN ('public', 'pgboss')`;
  try {
    const content: Record<string, string[]> = {
      relations: await lines(
        `SELECT nspname || '.' || relname || ' ' || relkind::text || ' ' || coalesce(pg_get_expr(relpartbound, c.oid), '') || coalesce(reloptions::text, '')
           || coalesce(obj_description(c.oid), '') AS line
         FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE ${ours} AND relkind <> 't' ORDER BY 1`,
      ),
      columns: await lines(
        `SELECT nspname || '.' || relname || '.' || attname || ' ' || format_type(atttypid, atttypmod) || attnotnull || attidentity::text
           || coalesce(pg_get_expr(adbin, adrelid), '') || coalesce(col_description(c.oid, attnum), '') AS line
         FROM pg_attribute JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace
         LEFT JOIN pg_attrdef ON adrelid = c.oid AND adnum = attnum
         WHERE ${ours} AND attnum > 0 AND NOT attisdropped AND relkind IN ('r', 'p') ORDER BY 1`,
      ),
      indexes: await lines(
        `SELECT indexdef AS line FROM pg_indexes WHERE schemaname IN ('public', 'pgboss') ORDER BY 1`,
      ),
      constraints: await lines(
        `SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(pg_constraint.oid) || convalidated AS line
         FROM pg_constraint JOIN pg_namespace ON pg_namespace.oid = connamespace WHERE ${ours} ORDER BY 1`,
      ),
      functions: await lines(
        `SELECT pg_get_functiondef(pg_proc.oid) AS line FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pronamespace
         WHERE ${ours} ORDER BY 1`,
      ),
    };
    const named = `SELECT quote_ident(nspname) || '.' || quote_ident(relname) AS line FROM pg_class
      JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE ${ours}`;
    for (const sequence of await lines(`${named} AND relkind = 'S' ORDER BY 1`))
      content[sequence] = await lines(`SELECT last_value || ' ' || is_called AS line FROM ${sequence}`);
    for (const table of await lines(`${named} AND relkind = 'r' ORDER BY 1`))
      content[table] = await lines(`SELECT t::text AS line FROM ${table} t ORDER BY 1`);
    return content;
  } finally {
    await client.end();
  }
}
