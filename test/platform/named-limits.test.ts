/** Limits that apply inside a worker or its run, by the names under which they are reported. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { pino } from 'pino';
import { Events } from '../../src/events/events.ts';
import { Cgroups } from '../../src/runner/cgroups/cgroups.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { publishScriptedWorker, runForever } from './support/scripted-worker.ts';

const mebibyte = 1024 * 1024;
const rowLimit = 5;
const limits = {
  rowLimit,
  logLinesPerSecond: 60,
  defaultMemoryMegabytes: 256,
  sandboxOpenFileLimit: 200,
  sandboxProcessLimit: 60,
  // npm caches documents of some 10 MB when it installs the SDK's dependencies.
  sandboxFileSizeBytes: 32 * mebibyte,
  sandboxTmpBytes: 16 * mebibyte,
  runnerSlots: 2,
};
const items = ['one'];
const burnHalfSecond = `for (let used = 0; used < 500_000;) {
  for (let n = 0; n < 1e6; n += 1);
  const { user, system } = process.cpuUsage();
  used = user + system;
}`;

let platform: TestPlatform;
let worker: string;
beforeAll(async () => {
  platform = await startTestPlatform(limits);
  worker = await publishScriptedWorker(platform, 'Limited');
});
afterAll(async () => platform.close());

const probe = new Cgroups({ isEnabled: true, events: new Events(pino({ level: 'silent' })) });
await probe.start();
const hasCgroups = probe.limitsCpu;
await probe.stop();

describe('rows', () => {
  const errMsg = `stopped at the limit of ${rowLimit} rows of a run (CHELA_ROW_LIMIT)`;

  test("over the run's limit are refused and stop it; earlier rows stay", async () => {
    const script = `process.on('SIGTERM', () => {});
      const push = (n) => sdk.result.pushData({ n }).then(() => 0, (error) => error.message);
      console.log(JSON.stringify(await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(push))));`;
    const answer = await platform.runSync(worker, { script, items });
    expect(answer).toMatchObject({
      run_status: 'failed',
      error_message: errMsg,
      end_reason: 'limit',
      end_detail: {
        limit: 'rows',
        value: rowLimit,
        unit: 'rows',
        setting: 'CHELA_ROW_LIMIT',
        set_by: 'operator',
      },
      results: { count: rowLimit },
    });
    const lines = (await platform.log(answer.run_slug)).map(({ content }) => content);
    const answers = JSON.parse(lines.find((line) => line.startsWith('[')) ?? '[]') as (0 | string)[];
    expect(answers.filter((each) => each === 0)).toHaveLength(rowLimit);
    const refusals = new Set(answers.filter((each) => each !== 0));
    expect([...refusals].join()).toMatch(/the limit of 5 rows \(CHELA_ROW_LIMIT\)/);
  });

  test('at the limit can still be merged into existing ones', async () => {
    const script = `process.on('SIGTERM', () => {});
      const upsert = (id, n) => sdk.result.pushData({ id, n, __coreclaw_upsert_key__: 'id', __coreclaw_upsert_value__: id })
        .then(() => 0, () => 1);
      for (const id of ['a', 'b', 'c']) await upsert(id, 1);
      await Promise.all(['d', 'e', 'a', 'b'].map((id) => upsert(id, 2)));
      console.log('refused', await upsert('f', 2), await upsert('c', 2));`;
    const answer = await platform.runSync(worker, { script, items });
    expect(answer.error_message).toBe(errMsg);
    expect((await platform.log(answer.run_slug)).map(({ content }) => content)).toContain('refused 1 0');
    const { list } = await platform.results(answer.run_slug);
    expect(list.map(({ id, n }) => [id, n])).toEqual([
      ['a', 2],
      ['b', 2],
      ['c', 2],
      ['d', 2],
      ['e', 2],
    ]);
  });

  test('count for all subtasks of a run together', async () => {
    const script = `for (let n = 0; n < 4; n += 1) await sdk.result.pushData({ n }); ${runForever}`;
    const answer = await platform.runSync(worker, { script, items: ['one', 'two'] });
    expect(answer).toMatchObject({
      run_status: 'failed',
      error_message: `2 of 2 subtasks failed: #1 ${errMsg}; #2 ${errMsg}`,
      results: { count: rowLimit },
    });
  });
});

test('log lines over the limit per second are dropped and counted, printed and logged ones together', async () => {
  const script = `const lines = Array.from({ length: 300 }, (_, n) => 'line ' + n);
    await Promise.all([...lines.map((line) => sdk.log.info(line)),
      new Promise((written) => process.stdout.write(lines.join('\\n') + '\\n', written))]);`;
  const { run_slug: slug } = await platform.runSync(worker, { script, items });
  const contents = (await platform.log(slug)).map(({ content }) => content);
  const kept = contents.filter((content) => content.startsWith('line ')).length;
  const dropped = contents.map((content) =>
    Number(
      /^SYSTEM: (\d+) log lines were dropped: the limit is 60 lines per second \(CHELA_LOG_LINES_PER_SECOND\)/.exec(
        content,
      )?.[1] ?? 0,
    ),
  );
  expect(kept).toBeGreaterThanOrEqual(60);
  expect(kept + dropped.reduce((sum, count) => sum + count, 0)).toBe(600);
});

test('printed lines that the database could not store are counted in the log', async () => {
  const { pool } = platform.platform.database;
  await pool.query(
    `CREATE FUNCTION refuse_line() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       RAISE EXCEPTION 'the database system is starting up' USING ERRCODE = 'cannot_connect_now';
     END $$`,
  );
  await pool.query(
    `CREATE TRIGGER refuse_line BEFORE INSERT ON log_line FOR EACH ROW
     WHEN (NEW.content LIKE 'lose %') EXECUTE FUNCTION refuse_line()`,
  );
  onTestFinished(async () => void (await pool.query('DROP TRIGGER refuse_line ON log_line')));
  const script = `for (let n = 0; n < 20; n += 1) console.log((n % 2 ? 'keep ' : 'lose ') + n);`;
  const { run_slug: slug, run_status: status } = await platform.runSync(worker, { script, items });
  const contents = (await platform.log(slug)).map(({ content }) => content);
  const lost = contents.map((content) =>
    Number(/^SYSTEM: (\d+) log lines? (?:was|were) lost here, because the database/.exec(content)?.[1] ?? 0),
  );
  const others = contents.filter((content) => !/^SYSTEM: \d+ log line/.test(content)).length;
  // Lines of the platform in the same batch are lost and counted too.
  const all = 20 + ['preparing', 'running', 'finished'].length;
  expect(others + lost.reduce((sum, count) => sum + count, 0)).toBe(all);
  expect(Math.max(...lost)).toBeGreaterThan(0);
  expect(status).toBe('succeeded');
});

test('the answer to a dropped line says so, and is no error', async () => {
  const script = `const answers = [];
    await Promise.all(Array.from({ length: 200 }, (_, n) => sdk.log.info('line ' + n).then((answer) => answers.push(answer))));
    await sdk.result.pushData({ answers: answers.map((answer) => answer.getMessage()) });`;
  const { run_slug: slug, results } = await platform.runSync(worker, { script, items });
  expect(slug).not.toBe('');
  const answers = results.list[0]?.['answers'] as string[];
  expect(new Set(answers)).toEqual(
    new Set(['success', 'dropped: the limit is 60 lines per second (CHELA_LOG_LINES_PER_SECOND)']),
  );
});

const writeBig = (file: string, megabytes: number) =>
  `require('fs').writeFileSync('${file}', Buffer.alloc(${megabytes} * 1024 * 1024, 1));`;

describe('a worker that fails at a limit', () => {
  const openAll = `const fs = require('fs'); for (;;) fs.openSync('/dev/null');`;
  const fork = `const { spawn } = require('child_process');
    for (;;) await new Promise((settled, failed) => spawn('/bin/sh', ['-c', 'read x'],
      { stdio: ['pipe', 'ignore', 'ignore'] }).on('error', failed).on('spawn', settled));`;
  test.each([
    ['of open files', openAll, 'open_files', '200 open files (CHELA_SANDBOX_OPEN_FILE_LIMIT)'],
    [
      'of the size of a file',
      writeBig('big', 33),
      'file_size',
      `${32 * mebibyte} bytes of a file (CHELA_SANDBOX_FILE_SIZE_BYTES)`,
    ],
    [
      'of /tmp',
      `${writeBig('/tmp/one', 7)} ${writeBig('/tmp/two', 7)} ${writeBig('/tmp/three', 7)}`,
      'tmp',
      `${16 * mebibyte} bytes in /tmp (CHELA_SANDBOX_TMP_BYTES)`,
    ],
    ['of processes', fork, 'processes', '60 processes and threads (CHELA_SANDBOX_PROCESS_LIMIT)'],
  ])('%s has its name in err_msg and end_detail', async (_, script, limit, words) => {
    const answer = await platform.runSync(worker, { script, items });
    expect(answer.error_message).toMatch(/^the worker ended with exit code 1; /);
    expect(answer.error_message).toContain(words);
    expect(answer).toMatchObject({
      end_reason: 'exit',
      end_detail: { exit_code: 1, suspected_limits: [{ limit, set_by: 'operator' }] },
    });
  });

  test('killed by the kernel at the file size limit has that as its reason', async () => {
    // Node ignores the signal unless something listens for it.
    const script = `process.once('SIGXFSZ', () => {}).removeAllListeners('SIGXFSZ');
      process.kill(process.pid, 'SIGXFSZ'); ${runForever}`;
    expect(await platform.runSync(worker, { script, items })).toMatchObject({
      error_message: `stopped at the limit of ${32 * mebibyte} bytes of a file (CHELA_SANDBOX_FILE_SIZE_BYTES)`,
      end_reason: 'limit',
      end_detail: { limit: 'file_size', value: 32 * mebibyte },
    });
  });
});

interface Metered {
  results: number;
  cpu_seconds: number;
  memory_gb_hours: number;
}

async function metered(slug: string, client = platform): Promise<Metered> {
  return (await client.call<{ metered: Metered }>(`/worker-runs/${slug}/usage`)).data.metered;
}

describe('the usage of a run', () => {
  const burn = `await sdk.result.pushData({ n: 1 });
    ${burnHalfSecond} await sdk.log.info('burnt'); await new Promise((done) => setTimeout(done, 600));`;

  test.each([
    ['finished', burn, {}],
    ['failed', `${burn} process.exit(3)`, {}],
    ['reached a limit', `${burn} ${runForever}`, { execute_limit_time_seconds: 4 }],
  ])('is metered if the run %s', async (_, script, system) => {
    const { run_slug: slug } = await platform.runSync(worker, { script, items }, system);
    const used = await metered(slug);
    expect(used.results).toBe(1);
    expect(used.cpu_seconds).toBeGreaterThan(0.4);
    // At least half a second of a quarter of a GB.
    expect(used.memory_gb_hours).toBeGreaterThan((0.5 / 3600) * 0.25);
  });

  test('is metered if the run was aborted', async () => {
    const slug = await platform.runAsync(worker, { script: `${burn} ${runForever}`, items });
    await platform.logged(slug, 'burnt');
    await platform.call(`/worker-runs/${slug}/abort`, { method: 'POST' });
    await platform.finished(slug);
    expect(await metered(slug)).toMatchObject({ results: 1 });
    expect((await metered(slug)).cpu_seconds).toBeGreaterThan(0.4);
  });
});

const share = `const began = performance.now(), before = process.cpuUsage();
  while (performance.now() - began < 1000);
  const { user, system } = process.cpuUsage(before);
  await sdk.result.pushData({ share: (user + system) / 1000 / (performance.now() - began) });`;

test.skipIf(!hasCgroups)('cpus limits the processor time', async () => {
  const answer = await platform.runSync(worker, { script: share, items }, { cpus: '0.25' });
  expect(answer.error_message).toBe('');
  expect(Number(answer.results.list[0]?.['share'])).toBeLessThan(0.45);
});

test('without cgroups, memory and processor time are measured, and a run is told that cpus is not enforced', async () => {
  const plain = await startTestPlatform({ ...limits, cgroups: 'off' });
  onTestFinished(async () => plain.close());
  const plainWorker = await publishScriptedWorker(plain, 'Watched');
  const script = `${burnHalfSecond}
    globalThis.held = Buffer.alloc(300e6, 1); ${runForever}`;
  const answer = await plain.runSync(plainWorker, { script, items }, { cpus: '0.25' });
  expect(answer.error_message).toBe('stopped at the memory limit of 256 MB (memory)');
  expect((await plain.log(answer.run_slug)).map(({ content }) => content)).toContain(
    'SYSTEM: the limit of 0.25 cpus is not enforced: this runner cannot limit processor time',
  );
  expect((await metered(answer.run_slug, plain)).cpu_seconds).toBeGreaterThan(0.3);
});
