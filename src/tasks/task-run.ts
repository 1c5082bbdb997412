/** Starts runs of a task with its stored input and version. */
import type { PoolClient } from 'pg';
import { ChelaError } from '../errors.ts';
import { parseJson } from '../json/lossless-json.ts';
import {
  type Idempotency,
  type PreparedRun,
  type Runs,
  type SubmittedRun,
  startedBefore,
} from '../runs/runs.ts';
import type { WorkerRecord, Workers } from '../workers/workers.ts';
import type { TaskRecord } from './task-record.ts';

interface TaskRunOptions {
  readonly origin: 'task' | 'schedule';
  readonly callbackUrl?: string;
  readonly idempotency?: Idempotency;
  readonly labels?: readonly string[];
}

/** @throws ChelaError TASK_NOT_FOUND if the worker was deleted or the account can no longer see it */
export async function findTaskWorker(workers: Workers, task: TaskRecord): Promise<WorkerRecord> {
  const worker = await workers.find(task.account_id, task.worker_slug);
  if (worker !== undefined) return worker;
  throw new ChelaError(
    'TASK_NOT_FOUND',
    `task ${task.slug} cannot run: its worker ${task.worker_slug} was deleted or is no longer public`,
  );
}

/**
 * Checks that a task can run.
 * @throws ChelaError TASK_NOT_FOUND if its worker is gone, WORKER_VERSION_UNAVAILABLE if the version is
 */
export async function prepareTaskRun(
  { workers, runs }: { workers: Workers; runs: Runs },
  task: TaskRecord,
  options: TaskRunOptions,
): Promise<PreparedRun> {
  const worker = await findTaskWorker(workers, task);
  return runs.prepare({
    accountId: task.account_id,
    workerId: worker.slug,
    version: task.version,
    input: parseJson(task.input),
    ...options,
    callbackUrl: options.callbackUrl ?? task.callback_url ?? undefined,
  });
}

/** Creates a run of a task whose row the transaction has locked. */
export async function storeTaskRun(
  client: PoolClient,
  runs: Runs,
  taskId: number,
  prepared: PreparedRun,
  scheduledFor?: Date,
): Promise<SubmittedRun> {
  if (prepared.idempotency !== undefined) {
    const before = await startedBefore(client, prepared.accountId, prepared.idempotency);
    if (before !== undefined) return before;
  }
  const run = await runs.store({ ...prepared, task: { id: taskId, scheduledFor } }, client);
  await client.query('UPDATE task SET run_count = run_count + 1, last_run_slug = $2 WHERE id = $1', [
    taskId,
    run.slug,
  ]);
  return run;
}
