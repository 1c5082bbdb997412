import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { makeMark, processesMarked } from '../runner/worker-package.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { publishScriptedWorker, runForever } from './support/scripted-worker.ts';

const abortedMessage = 'run aborted by user';

let platform: TestPlatform;
let worker: string;
beforeAll(async () => {
  platform = await startTestPlatform({ runnerSlots: 2 });
  worker = await publishScriptedWorker(platform, 'Scripted');
});
afterAll(async () => platform.close());

async function abort(slug: string) {
  return platform.call(`/worker-runs/${slug}/abort`, { method: 'POST' });
}

/** A worker, its child in a separate session and a daemon that left both; all ignore SIGTERM. */
function processesIgnoringSigterm(mark: string): string {
  return `
    const { spawn } = require('child_process');
    const ignore = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);";
    const daemon = ['-e', ignore, '${mark}'];
    const parent = "require('child_process').spawn(process.execPath, " + JSON.stringify(daemon) +
      ", { detached: true, stdio: 'ignore' }).unref();";
    process.on('SIGTERM', () => {});
    spawn(process.execPath, ['-e', ignore, '${mark}'], { detached: true, stdio: 'ignore' }).unref();
    await new Promise((ended) => spawn(process.execPath, ['-e', parent], { detached: true }).on('exit', ended));
    await sdk.result.pushData({ kept: true });
    await sdk.log.info('family is there');
    ${runForever}`;
}

test('aborting a running run ends all its processes within five seconds and keeps its rows', async () => {
  const mark = makeMark();
  const slug = await platform.runAsync(worker, { script: processesIgnoringSigterm(mark), items: ['one'] });
  await platform.logged(slug, 'family is there');
  // The worker itself has the marker in its input, not on its command line.
  expect(await processesMarked(mark)).toHaveLength(2);
  const start = performance.now();
  expect(await abort(slug)).toMatchObject({ status: 200, code: 0 });
  const run = await platform.finished(slug);
  expect(performance.now() - start).toBeLessThan(5000);
  expect(await processesMarked(mark)).toEqual([]);
  expect(run).toMatchObject({ status: 'failed', err_msg: abortedMessage, end_reason: 'aborted', results: 1 });
  expect((await platform.log(slug)).at(-1)).toMatchObject({ content: `SYSTEM: ${abortedMessage}` });
});

test('a worker that handles SIGTERM has time to clean up', async () => {
  const script = `
    process.on('SIGTERM', async () => { await sdk.result.pushData({ last: 'words' }); process.exit(0); });
    await sdk.log.info('ready'); ${runForever}`;
  const slug = await platform.runAsync(worker, { script, items: ['one'] });
  await platform.logged(slug, 'ready');
  await abort(slug);
  expect(await platform.finished(slug)).toMatchObject({ status: 'failed', err_msg: abortedMessage });
  expect((await platform.results(slug)).list).toEqual([{ last: 'words' }]);
});

test('a run waiting for a runner is aborted before it starts', async () => {
  const holding = await platform.runAsync(worker, {
    script: `await sdk.log.info('holds slot ' + input.items[0]); ${runForever}`,
    items: ['1', '2'],
  });
  onTestFinished(async () => {
    await abort(holding);
    await platform.finished(holding);
  });
  await platform.logged(holding, 'holds slot 1');
  await platform.logged(holding, 'holds slot 2');
  const waiting = await platform.runAsync(worker, {
    script: 'await sdk.result.pushData({})',
    items: ['one'],
  });
  expect((await platform.run(waiting)).status).toBe('ready');
  await abort(waiting);
  expect(await platform.run(waiting)).toMatchObject({
    status: 'failed',
    err_msg: abortedMessage,
    end_reason: 'aborted',
    end_detail: {},
    results: 0,
  });
  expect((await platform.run(holding)).status).toBe('running');
});

test('aborting ends running and queued subtasks', async () => {
  const slug = await platform.runAsync(worker, {
    script: `await sdk.log.info('subtask ' + input.items[0]); ${runForever}`,
    items: ['1', '2', '3', '4', '5'],
  });
  await platform.logged(slug, 'subtask 1');
  await platform.logged(slug, 'subtask 2');
  await abort(slug);
  expect((await platform.run(slug)).status).toMatch(/aborting|failed/);
  expect(await platform.finished(slug)).toMatchObject({ status: 'failed', err_msg: abortedMessage });
  const { rows } = await platform.platform.database.pool.query(
    `SELECT subtask.status, subtask.end_reason, count(*)
     FROM subtask JOIN run ON run.id = run_id WHERE slug = $1 GROUP BY 1, 2`,
    [slug],
  );
  expect(rows).toEqual([{ status: 'failed', end_reason: 'aborted', count: 5 }]);
});

test('aborting twice at once succeeds; aborting a finished run is an error', async () => {
  const slug = await platform.runAsync(worker, {
    script: `await sdk.log.info('ready'); ${runForever}`,
    items: ['1'],
  });
  await platform.logged(slug, 'ready');
  expect((await Promise.all([abort(slug), abort(slug)])).map(({ code }) => code)).toEqual([0, 0]);
  await platform.finished(slug);
  expect(await abort(slug)).toMatchObject({
    status: 400,
    code: 70002,
    message: `run ${slug} has already finished: it failed`,
  });
});
