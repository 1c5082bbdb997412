/** Charging while PostgreSQL is away, or refuses a statement. */
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { eventually } from '../platform/support/eventually.ts';
import { publishScriptedWorker, runForever } from '../platform/support/scripted-worker.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';

const limits = { max_total_charge: 0.75, memory: 512 };
const chargeStop = 'stopped at the charge limit of 0.75 (max_total_charge)';
/** PostgreSQL's code for a server that is starting up. */
const away = `RAISE EXCEPTION 'planted' USING ERRCODE = '57P03'`;

let platform: TestPlatform;
let worker: string;
beforeAll(async () => {
  platform = await startTestPlatform({ pricePerResult: '0.25', pricePerGigabyteHour: '360', runnerSlots: 2 });
  worker = await publishScriptedWorker(platform, 'Scripted');
  await platform.platform.database.pool.query('CREATE SEQUENCE attempts');
});
afterAll(async () => platform.close());

async function sql<Row extends object>(text: string, values?: unknown[]): Promise<Row[]> {
  return (await platform.platform.database.pool.query<Row>(text, values)).rows;
}

/** Counts attempts to use what is unavailable. A sequence keeps its value when the transaction is rolled back. */
async function untilTriedTwice(): Promise<void> {
  const [before] = await sql<{ value: number }>('SELECT last_value AS value FROM attempts');
  await eventually(async () => {
    const [now] = await sql<{ value: number }>('SELECT last_value AS value FROM attempts');
    return (now?.value ?? 0) >= (before?.value ?? 0) + 2 ? true : undefined;
  });
}

async function start(script: string): Promise<string> {
  return platform.runAsync(worker, { script, items: ['one'] }, limits);
}

async function ended(slug: string): Promise<{ err_msg: string; results: number }> {
  return eventually(async () => {
    const run = await platform.run(slug);
    return run.finished_at > 0 ? run : undefined;
  });
}

test('a failed charge check is reported and repeated', async () => {
  const { events } = platform.platform;
  const failures: unknown[] = [];
  onTestFinished(
    events.subscribe('internal:failed', (failure) => {
      // The statistics need the table too, from time to time.
      if (failure.work === 'check-charge') failures.push(failure);
    }),
  );
  await sql('ALTER TABLE usage_entry RENAME TO hidden_usage_entry');
  const slug = await start(`for (let n = 0; n < 3; n += 1) await sdk.result.pushData({ n }); ${runForever}`);
  await eventually(async () => ((await platform.run(slug)).results === 3 ? true : undefined));
  const told = failures.length;
  await eventually(async () => (failures.length > told ? true : undefined));
  await sql('ALTER TABLE hidden_usage_entry RENAME TO usage_entry');
  expect(await ended(slug)).toMatchObject({ err_msg: chargeStop, results: 3 });
  for (const failure of failures) {
    const err = expect.objectContaining({ message: expect.stringContaining('does not exist') });
    expect(failure).toEqual({ work: 'check-charge', err, run: slug, subtask: 1 });
  }
});

test('a worker starts only after PostgreSQL has confirmed that its run is below the charge limit', async () => {
  await sql(`
    ALTER TABLE usage_entry RENAME TO hidden_usage_entry;
    CREATE FUNCTION no_entries() RETURNS SETOF hidden_usage_entry LANGUAGE plpgsql AS $$
      BEGIN PERFORM nextval('attempts'); ${away}; END $$;
    CREATE VIEW usage_entry AS SELECT * FROM no_entries()`);
  const slug = await start(`await sdk.result.pushData({ n: 1 }); ${runForever}`);
  await untilTriedTwice();
  expect((await platform.log(slug)).map(({ content }) => content)).not.toContain('SYSTEM: running');
  await sql(
    'DROP VIEW usage_entry; DROP FUNCTION no_entries; ALTER TABLE hidden_usage_entry RENAME TO usage_entry',
  );
  expect(await ended(slug)).toMatchObject({ err_msg: chargeStop, results: 1 });
});

test('memory is charged from the start of the worker, even if that start was stored late', async () => {
  await sql(`
    CREATE FUNCTION refuse_begin() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN PERFORM nextval('attempts'); ${away}; END $$;
    CREATE TRIGGER refuse_begin BEFORE UPDATE OF worked_from ON subtask FOR EACH ROW
      WHEN (OLD.worked_from IS NULL AND NEW.worked_from IS NOT NULL) EXECUTE FUNCTION refuse_begin()`);
  const slug = await start(`await sdk.result.pushData({ n: 1 }); ${runForever}`);
  await eventually(async () => ((await platform.run(slug)).results === 1 ? true : undefined));
  await untilTriedTwice();
  await sql('DROP FUNCTION refuse_begin CASCADE');
  expect(await ended(slug)).toMatchObject({ err_msg: chargeStop });
  const lines = await platform.log(slug);
  const running = lines.find(({ content }) => content === 'SYSTEM: running');
  const [subtask] = await sql<{ began: number }>(
    `SELECT extract(epoch FROM worked_from)::float8 AS began FROM subtask
     WHERE run_id = (SELECT id FROM run WHERE slug = $1)`,
    [slug],
  );
  expect(subtask?.began).toBeCloseTo((running?.timestamp ?? 0) / 1000, 0);
});
