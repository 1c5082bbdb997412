import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { publishScriptedWorker, runForever } from './support/scripted-worker.ts';

let platform: TestPlatform;
let worker: string;
beforeAll(async () => {
  platform = await startTestPlatform({
    defaultMemoryMegabytes: 192,
    logLineLimit: 100,
    outputLineLimitBytes: 2000,
    sdkMessageLimitBytes: 16 * 1024 * 1024,
  });
  worker = await publishScriptedWorker(platform, 'Limited');
});
afterAll(async () => platform.close());

const items = ['one'];

describe('a run over its limit', () => {
  test('of time is stopped, says so, and keeps its rows', async () => {
    const script = `process.on('SIGTERM', () => {}); await sdk.result.pushData({ kept: true }); ${runForever}`;
    const answer = await platform.runSync(worker, { script, items }, { execute_limit_time_seconds: '1' });
    const errMsg = 'stopped at the time limit of 1 s (execute_limit_time_seconds)';
    expect(answer).toMatchObject({
      run_status: 'failed',
      error_message: errMsg,
      end_reason: 'limit',
      end_detail: {
        limit: 'time',
        value: 1,
        unit: 'seconds',
        setting: 'execute_limit_time_seconds',
        set_by: 'run',
      },
      results: { count: 1 },
    });
    expect((await platform.log(answer.run_slug)).at(-1)).toMatchObject({
      type: 3,
      content: `SYSTEM: ${errMsg}`,
    });
  });

  test('of memory is stopped, says so, and keeps its rows', async () => {
    const script = `await sdk.result.pushData({ kept: true }); globalThis.held = Buffer.alloc(250e6, 1); ${runForever}`;
    const answer = await platform.runSync(worker, { script, items });
    expect(answer).toMatchObject({
      run_status: 'failed',
      error_message: 'stopped at the memory limit of 192 MB (memory)',
      end_reason: 'limit',
      end_detail: { limit: 'memory', value: 192, unit: 'MB', setting: 'memory', set_by: 'run' },
      results: { count: 1 },
    });
  });

  test('of memory is reached by files in /tmp too', async () => {
    const script = `require('fs').writeFileSync('/tmp/big', Buffer.alloc(250e6, 1)); ${runForever}`;
    const { error_message: errMsg } = await platform.runSync(worker, { script, items });
    expect(errMsg).toBe('stopped at the memory limit of 192 MB (memory)');
  });
});

describe('the log of a run', () => {
  test('ends at its line limit with a line that says so', async () => {
    const script = `for (let n = 1; n <= 300; n += 1) await sdk.log.info('line ' + n);`;
    const { run_slug: slug } = await platform.runSync(worker, { script, items });
    const lines = (await platform.log(slug)).map(({ content }) => content);
    expect(lines.filter((line) => line.startsWith('line '))).toHaveLength(100);
    expect(lines).toContain(
      'SYSTEM: the limit of 100 log lines (CHELA_LOG_LINE_LIMIT) is reached: further lines are dropped',
    );
    expect(lines.at(-1)).toBe('SYSTEM: finished with exit code 0');
  });

  test('cuts an endless line', async () => {
    const script = `await new Promise((written) => process.stdout.write('x'.repeat(1e6) + '\\nnext\\n', written));`;
    const { run_slug: slug } = await platform.runSync(worker, { script, items });
    const lines = (await platform.log(slug)).map(({ content }) => content);
    expect(lines).toContain(`${'x'.repeat(2000)}… (line cut at 2000 characters)`);
    expect(lines).toContain('next');
  });
});

const push = (sizeBytes: number) =>
  `sdk.result.pushData({ size: ${sizeBytes}, filler: 'x'.repeat(${sizeBytes}) })`;

describe('a row', () => {
  test('of 10 MB is stored; one of 20 MB is refused with a reason, and the run continues', async () => {
    const script = `
      await ${push(10_000_000)};
      const refusal = await ${push(20_000_000)}.then(() => 'none', (error) => error.message);
      await sdk.result.pushData({ size: 1, refusal });`;
    const { run_slug: slug, run_status: status } = await platform.runSync(
      worker,
      { script, items },
      { memory: 1024 },
    );
    expect(status).toBe('succeeded');
    const { list } = await platform.results(slug);
    expect(list.map((row) => row['size'])).toEqual([10_000_000, 1]);
    expect(list[0]?.['filler']).toHaveLength(10_000_000);
    const refusal = /a message of Result\/PushData was refused: its \d+ bytes exceed the limit of 16777216/;
    expect(list[1]?.['refusal']).toMatch(refusal);
    expect(await platform.log(slug)).toContainEqual(
      expect.objectContaining({ type: 4, content: expect.stringMatching(refusal) as string }),
    );
  });

  test('of 40 MB fails the call, not the connection', async () => {
    const script = `
      const refusal = await ${push(40_000_000)}.then(() => 'none', (error) => error.message);
      await sdk.result.pushData({ refusal });`;
    const answer = await platform.runSync(worker, { script, items }, { memory: 1024 });
    expect(answer.run_status).toBe('succeeded');
    expect(answer.results.list[0]?.['refusal']).toMatch(
      /its 400\d+ bytes exceed the limit of 16777216 bytes \(CHELA_SDK_MESSAGE_LIMIT_BYTES\)/,
    );
  });
});

test('a run whose rows did not fit on the disk of the database fails, although its worker succeeds', async () => {
  const { pool } = platform.platform.database;
  await pool.query(
    `CREATE FUNCTION refuse_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';
     END $$`,
  );
  await pool.query(
    `CREATE TRIGGER refuse_row BEFORE INSERT ON result_row FOR EACH ROW
     WHEN (NEW.data ->> 'large' IS NOT NULL) EXECUTE FUNCTION refuse_row()`,
  );
  try {
    const script = `await sdk.result.pushData({ small: 1 });
      await sdk.result.pushData({ large: 1 }).catch(() => undefined);
      await sdk.result.pushData({ small: 2 });`;
    expect(await platform.runSync(worker, { script, items })).toMatchObject({
      run_status: 'failed',
      error_message: 'rows could not be stored: could not extend file: No space left on device',
      end_reason: 'internal',
      end_detail: { step: 'storing' },
      results: { count: 2 },
    });
  } finally {
    await pool.query('DROP TRIGGER refuse_row ON result_row');
  }
});

test('a request says that the disk of the database is full', async () => {
  const { pool } = platform.platform.database;
  await pool.query(
    `CREATE OR REPLACE FUNCTION refuse_run() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full';
     END $$`,
  );
  await pool.query(
    'CREATE TRIGGER refuse_run BEFORE INSERT ON run FOR EACH ROW EXECUTE FUNCTION refuse_run()',
  );
  try {
    const body = { input: { parameters: { custom: { script: '', items } } } };
    expect(await platform.call(`/workers/${worker}/runs`, { body })).toMatchObject({
      code: 14000,
      message: expect.stringMatching(/^the disk of the database is full/),
    });
  } finally {
    await pool.query('DROP TRIGGER refuse_run ON run');
  }
});
