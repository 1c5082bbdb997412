import type { Database } from '../database/database.ts';
import { splitWorkerPath } from './worker-id.ts';

/**
 * Key of a worker, whether it is deleted or not, and whoever may see it.
 * @param workerId slug or `owner~name`
 */
export async function findWorkerKey({ sql }: Database, workerId: string): Promise<number | undefined> {
  const path = splitWorkerPath(workerId);
  const worker = await sql
    .selectFrom('worker')
    .innerJoin('account', 'account.id', 'worker.account_id')
    .select('worker.id')
    .where((expression) =>
      path === undefined
        ? expression('worker.slug', '=', workerId)
        : expression.and([
            expression('account.name', '=', path.owner),
            expression('worker.name', '=', path.name),
          ]),
    )
    .executeTakeFirst();
  return worker?.id;
}
