/** Durations of subtasks and runs, and what they cost, while the clock of the database steps. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { publishScriptedWorker } from '../platform/support/scripted-worker.ts';
import { settle, startSubtasks } from '../accounts/support/settling.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';

let platform: TestPlatform;
let worker: string;
beforeAll(async () => {
  platform = await startTestPlatform({ pricePerGigabyteHour: '1' }, { api: true, runner: false });
  worker = await publishScriptedWorker(platform, 'Steady');
});
afterAll(async () => platform.close());

/** Runs a subtask for two minutes, and its worker for one, after which the clock shows that much more. */
async function runWhileClockSteps(step: string): Promise<{ run: number; subtask: number; worked: number }> {
  const slug = await platform.runAsync(worker, { script: '', items: ['one'] });
  const [started] = await startSubtasks(platform, slug);
  if (started === undefined) throw new Error('nothing was started');
  const { pool } = platform.platform.database;
  const earlier = `now() - interval '2 minutes' - $2::interval`;
  await pool.query(
    `UPDATE subtask SET started_at = ${earlier}, worked_from = ${earlier} + interval '1 minute' WHERE id = $1`,
    [started.id, step],
  );
  await pool.query(
    `UPDATE run SET started_at = ${earlier} WHERE id = (SELECT run_id FROM subtask WHERE id = $1)`,
    [started.id, step],
  );
  await settle(platform, started, {
    claimedAtMilliseconds: performance.now() - 120_000,
    workedFromMilliseconds: performance.now() - 60_000,
  });
  const { rows } = await pool.query<{ run: number; subtask: number; worked: number }>(
    `SELECT extract(epoch FROM run.finished_at - run.started_at)::float8 AS run,
       extract(epoch FROM subtask.finished_at - subtask.started_at)::float8 AS subtask,
       extract(epoch FROM subtask.finished_at - worked_from)::float8 AS worked
     FROM subtask JOIN run ON run.id = run_id WHERE subtask.id = $1`,
    [started.id],
  );
  if (rows[0] === undefined) throw new Error('the subtask is gone');
  return rows[0];
}

/** From the true duration on; statements take time as well. */
function about(seconds: number): unknown {
  return expect.toSatisfy((found: number) => found > seconds - 10 && found < seconds + 60);
}

test.each(['1 hour', '-1 hour', '0'])('are right when the clock steps by %s', async (step) => {
  expect(await runWhileClockSteps(step)).toEqual({ run: about(120), subtask: about(120), worked: about(60) });
});
