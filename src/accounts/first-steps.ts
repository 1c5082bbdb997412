/** The first steps of an account: which of them are done is found from its data. */
import type { Database } from '../database/database.ts';

/** The worker that shows what Chela does. */
const demoWorker = { owner: 'chela', name: 'hello' };

/** Runs older than these are not looked at, which bounds the work for accounts with many. */
const readRuns = 1000;

export interface FirstSteps {
  /** The account has started a run, in addition to the one with which an installation begins. */
  readonly hasRun: boolean;
  readonly hasWorker: boolean;
  readonly hasSchedule: boolean;
  readonly isDismissed: boolean;
  /** `owner~name` of the demo worker; empty if there is none. */
  readonly demoWorker: string;
}

interface Row {
  readonly has_run: boolean;
  readonly has_worker: boolean;
  readonly has_schedule: boolean;
  readonly is_dismissed: boolean;
  readonly has_demo: boolean;
}

export async function firstSteps({ pool }: Database, accountId: number): Promise<FirstSteps> {
  const { rows } = await pool.query<Row>({
    name: 'first-steps',
    text: `SELECT account.first_steps_dismissed_at IS NOT NULL AS is_dismissed,
             (SELECT count(*) > 1 OR coalesce(bool_or(origin <> 'cli'), false)
              FROM (SELECT origin FROM run WHERE account_id = $1 ORDER BY id DESC LIMIT ${readRuns}) AS newest) AS has_run,
             EXISTS (SELECT FROM worker WHERE account_id = $1 AND deleted_at IS NULL) AS has_worker,
             EXISTS (SELECT FROM task WHERE account_id = $1 AND schedule_enabled) AS has_schedule,
             EXISTS (SELECT FROM worker JOIN account AS owner ON owner.id = worker.account_id
                     WHERE owner.name = $2 AND worker.name = $3 AND worker.deleted_at IS NULL AND worker.is_public) AS has_demo
           FROM account WHERE account.id = $1`,
    values: [accountId, demoWorker.owner, demoWorker.name],
  });
  const [row] = rows;
  return {
    hasRun: row?.has_run ?? false,
    hasWorker: row?.has_worker ?? false,
    hasSchedule: row?.has_schedule ?? false,
    isDismissed: row?.is_dismissed ?? true,
    demoWorker: row?.has_demo ? `${demoWorker.owner}~${demoWorker.name}` : '',
  };
}

/** Doing it again changes nothing. */
export async function dismissFirstSteps({ pool }: Database, accountId: number): Promise<void> {
  await pool.query(
    'UPDATE account SET first_steps_dismissed_at = coalesce(first_steps_dismissed_at, now()) WHERE id = $1',
    [accountId],
  );
}
