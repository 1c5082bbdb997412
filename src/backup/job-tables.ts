/** The tables of pg-boss, as this Chela creates them. */
import { getConstructionPlans } from 'pg-boss';
import { jobSchema } from './catalog.ts';

/** The statements, without the transaction that pg-boss wraps them in. */
export function jobTableStatements(): string {
  const plans = getConstructionPlans(jobSchema).trim();
  const [begin, commit] = ['BEGIN;', 'COMMIT;'];
  if (!plans.startsWith(begin) || !plans.endsWith(commit))
    throw new Error('pg-boss creates its tables in another way than Chela knows');
  return plans.slice(begin.length, -commit.length);
}

/** The version of these tables, which their statements store. */
export function jobTableVersion(): number {
  const [, version] =
    /INSERT INTO pgboss\.version\(version\) VALUES \('(\d+)'\)/.exec(jobTableStatements()) ?? [];
  return Number(version);
}
