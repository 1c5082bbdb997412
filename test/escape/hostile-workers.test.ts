/** Hostile workers on a whole platform: none may harm the runner or other runs, or leave anything behind. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../platform/support/eventually.ts';
import { publishScriptedWorker, runForever } from '../platform/support/scripted-worker.ts';
import { makeMark, processesMarked } from '../runner/worker-package.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';

const mebibyte = 1024 * 1024;
const items = ['one'];

let platform: TestPlatform;
let worker: string;
beforeAll(async () => {
  platform = await startTestPlatform({
    defaultMemoryMegabytes: 256,
    logLinesPerSecond: 50,
    outputLineLimitBytes: 2000,
    sandboxTmpBytes: 64 * mebibyte,
    sandboxFileSizeBytes: 16 * mebibyte,
    sandboxDiskBytes: 48 * mebibyte,
    sandboxDiskFileLimit: 2000,
    runnerSlots: 4,
    // Their sockets would be counted among the descriptors.
    warmSandboxes: 0,
  });
  worker = await publishScriptedWorker(platform, 'Hostile');
});
afterAll(async () => platform.close());

async function expectHealthy(): Promise<void> {
  const script = `await sdk.result.pushData({ healthy: true })`;
  expect(await platform.runSync(worker, { script, items })).toMatchObject({
    run_status: 'succeeded',
    results: { count: 1 },
  });
}

/** Maximum growth of the runner's memory, which runs in this process, during the run, in bytes. */
async function growthDuring(run: () => Promise<unknown>): Promise<number> {
  const before = process.memoryUsage().rss;
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss);
  }, 20);
  await run().finally(() => clearInterval(timer));
  return most - before;
}

describe('output', () => {
  test('of 200 MB in one line is cut, and never kept in memory', async () => {
    const script = `const part = 'x'.repeat(1e6);
      for (let n = 0; n < 200; n += 1) await new Promise((written) => process.stdout.write(part, written));
      await new Promise((written) => process.stdout.write('\\nnext\\n', written));`;
    let slug = '';
    const grown = await growthDuring(async () => {
      const answer = await platform.runSync(worker, { script, items });
      expect(answer.run_status).toBe('succeeded');
      slug = answer.run_slug;
    });
    // What has been read and is not yet collected takes up to 160 MB, however long the line is.
    expect(grown).toBeLessThan(220 * mebibyte);
    const lines = (await platform.log(slug)).map(({ content }) => content);
    expect(lines).toContain('next');
    expect(lines.find((line) => line.startsWith('xxx'))).toMatch(/line cut at 2000 characters/);
  });

  test('of ten million lines is stored only in part, and the rest is counted', async () => {
    const script = `const part = 'x\\n'.repeat(1e5);
      for (let n = 0; n < 100; n += 1) await new Promise((written) => process.stdout.write(part, written));`;
    let slug = '';
    const grown = await growthDuring(async () => {
      const answer = await platform.runSync(worker, { script, items });
      expect(answer.run_status).toBe('succeeded');
      slug = answer.run_slug;
    });
    expect(grown).toBeLessThan(200 * mebibyte);
    const { rows } = await platform.platform.database.pool.query<{ kept: number; dropped: number }>(
      `SELECT count(*) FILTER (WHERE content = 'x') AS kept,
         sum(substring(content FROM '^SYSTEM: ([0-9]+) log lines were dropped: the limit is 50 lines per second')::int) AS dropped
       FROM log_line JOIN run ON run.id = run_id WHERE run.slug = $1`,
      [slug],
    );
    expect(rows[0]?.kept).toBeGreaterThanOrEqual(50);
    expect((rows[0]?.kept ?? 0) + (rows[0]?.dropped ?? 0)).toBe(10_000_000);
  });

  test('without end, printed and by the SDK, does not delay the output of other runs', async () => {
    const script = `await sdk.log.info('flooding');
      const log = async () => { for (;;) await sdk.log.info('x') };
      const print = async () => { for (;;) await new Promise((written) => process.stdout.write('x\\n'.repeat(1e4), written)) };
      await Promise.race([print(), ...Array.from({ length: 50 }, log)]);`;
    const slug = await platform.runAsync(worker, { script, items });
    await platform.logged(slug, 'flooding');
    await expectHealthy();
    await expectHealthy();
    expect((await platform.run(slug)).status).toBe('running');
    await platform.call(`/worker-runs/${slug}/abort`, { method: 'POST' });
    expect(await platform.finished(slug)).toMatchObject({ err_msg: 'run aborted by user' });
  });
});

describe('the end of a run', () => {
  test('kills a worker that ignores SIGTERM', async () => {
    const mark = makeMark();
    const script = `process.on('SIGTERM', () => {});
      require('node:child_process').spawn(process.execPath, ['-e',
        "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)", '${mark}'], { stdio: 'ignore' });
      await sdk.log.info('ready'); ${runForever}`;
    const slug = await platform.runAsync(worker, { script, items });
    await platform.logged(slug, 'ready');
    const began = performance.now();
    await platform.call(`/worker-runs/${slug}/abort`, { method: 'POST' });
    expect(await platform.finished(slug)).toMatchObject({ status: 'failed', err_msg: 'run aborted by user' });
    expect(performance.now() - began).toBeLessThan(5000);
    expect(await processesMarked(mark)).toEqual([]);
  });

  test('kills a process that forked twice into its own session', async () => {
    const mark = makeMark();
    const script = `const { spawn } = require('node:child_process');
      const inner = "process.on('SIGHUP', () => {}); process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)";
      const outer = \`require('node:child_process').spawn(process.execPath, ['-e', \${JSON.stringify(inner)}, '${mark}'],
        { detached: true, stdio: 'ignore' }).once('spawn', () => process.exit())\`;
      const child = spawn(process.execPath, ['-e', outer], { detached: true, stdio: 'ignore' });
      await new Promise((ended) => child.once('exit', ended));`;
    const { run_status: status } = await platform.runSync(worker, { script, items });
    expect(status).toBe('succeeded');
    expect(await processesMarked(mark)).toEqual([]);
  });
});

describe('the SDK’s port', () => {
  const noise: Record<string, string> = {
    'garbage bytes': `require('node:crypto').randomBytes(1e6)`,
    'garbage after the preface of HTTP/2': `Buffer.concat([Buffer.from('PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n'),
      require('node:crypto').randomBytes(1e6)])`,
    'frames that are shorter than they declare': `Buffer.concat([
      Buffer.from('PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n'), Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
      Buffer.from([255, 255, 255, 1, 4, 0, 0, 0, 1]), Buffer.alloc(1e6, 1)])`,
  };
  test.each(Object.entries(noise))('survives %s', async (_, bytes) => {
    const script = `const net = require('node:net');
      await Promise.all(Array.from({ length: 40 }, () => new Promise((ended) => {
        const socket = net.connect(20086, '127.0.0.1');
        socket.on('error', ended).on('close', ended).on('data', () => {});
        socket.end(${bytes});
        setTimeout(() => socket.destroy(), 2000).unref();
      })));
      await sdk.result.pushData({ after: true });`;
    const grown = await growthDuring(async () => {
      expect(await platform.runSync(worker, { script, items })).toMatchObject({
        run_status: 'succeeded',
        results: { count: 1 },
      });
    });
    expect(grown).toBeLessThan(200 * mebibyte);
  });

  test('survives a worker that closes its connections in the middle of a row', async () => {
    const script = `for (const handle of process._getActiveHandles()) if (handle.remotePort === 20086) {
        sdk.result.pushData({ lost: 'x'.repeat(1e6) }).catch(() => {}); handle.destroy(); }
      process.exit(0);`;
    expect((await platform.runSync(worker, { script, items })).run_status).toBe('succeeded');
    await expectHealthy();
  });
});

test('thousands of connections to the SDK and the proxy end with their run, and so do their descriptors', async () => {
  await expectHealthy();
  const before = readdirSync('/proc/self/fd').length;
  const script = `const net = require('node:net');
    const open = (port) => new Promise((settled) => {
      const socket = net.connect(port, '127.0.0.1');
      socket.on('error', settled).on('close', settled).on('connect', settled);
    });
    for (let round = 0; round < 20; round += 1) {
      await Promise.all(Array.from({ length: 150 }, (_, n) => open(n % 2 ? 20086 : 20087)));
    }
    await sdk.log.info('opened'); ${runForever}`;
  const slug = await platform.runAsync(worker, { script, items });
  await platform.logged(slug, 'opened');
  expect(readdirSync('/proc/self/fd').length - before).toBeLessThan(700);
  await expectHealthy();
  await platform.call(`/worker-runs/${slug}/abort`, { method: 'POST' });
  await platform.finished(slug);
  await eventually(async () => (readdirSync('/proc/self/fd').length <= before + 5 ? true : undefined));
});

test('a fork bomb ends with its run and leaves nothing', async () => {
  const mark = makeMark();
  const script = `require('node:child_process').spawn('/bin/sh', ['-c', 'f() { f | f & f; }; f', '${mark}'], { stdio: 'ignore' });
    ${runForever}`;
  const { error_message: errMsg } = await platform.runSync(
    worker,
    { script, items },
    { execute_limit_time_seconds: 2 },
  );
  expect(errMsg).toBe('stopped at the time limit of 2 s (execute_limit_time_seconds)');
  expect(await processesMarked(mark)).toEqual([]);
  await expectHealthy();
});

describe('memory', () => {
  const bombs: Record<string, string> = {
    'of the heap': `const held = []; for (;;) { held.push(Buffer.alloc(8e6, 1)); await new Promise(setImmediate); }`,
    'of many processes': `const { spawn } = require('node:child_process');
      for (let n = 0; n < 4; n += 1) spawn(process.execPath,
        ['-e', 'global.held = Buffer.alloc(100e6, 1); setInterval(() => {}, 1000)'], { stdio: 'ignore' }); ${runForever}`,
  };
  test.each(Object.entries(bombs))('%s ends at its limit', async (_, script) => {
    const { error_message: errMsg } = await platform.runSync(worker, { script, items });
    expect(errMsg).toBe('stopped at the memory limit of 256 MB (memory)');
  });

  test('of /tmp ends at its size', async () => {
    const script = `const fs = require('node:fs');
      try { for (let n = 0; ; n += 1) fs.writeFileSync('/tmp/' + n, Buffer.alloc(8 * 1024 * 1024)) }
      catch (error) { await sdk.result.pushData({ code: error.code }) }`;
    const { run_slug: slug } = await platform.runSync(worker, { script, items });
    expect((await platform.results(slug)).list).toEqual([{ code: 'ENOSPC' }]);
  });
});

const fill = (folder: string): string => `for (let n = 0; n < 10; n += 1)
    require('node:fs').writeFileSync('${folder}/' + n, Buffer.alloc(8 * 1024 * 1024, 1)); ${runForever}`;

describe('disk', () => {
  const byBytes = ['disk', `disk limit of ${48 * mebibyte} bytes (CHELA_SANDBOX_DISK_BYTES)`] as const;
  const byFiles = ['disk_files', 'disk limit of 2000 files (CHELA_SANDBOX_DISK_FILE_LIMIT)'] as const;
  const fills: [string, string, readonly [name: string, words: string]][] = [
    ['of the work folder', fill('/work'), byBytes],
    ['of the home', fill('/home/worker'), byBytes],
    [
      'in many small files',
      `for (let n = 0; n < 3000; n += 1) require('node:fs').writeFileSync('file' + n, ''); ${runForever}`,
      byFiles,
    ],
    [
      'in folders nested deeper than the maximum length of a path',
      `const fs = require('node:fs');
        for (let n = 0; n < 60; n += 1) { fs.mkdirSync('d'.repeat(200)); process.chdir('d'.repeat(200)); } ${runForever}`,
      byFiles,
    ],
  ];
  test.each(fills)('%s ends at its limit', async (_, script, [limit, words]) => {
    const answer = await platform.runSync(worker, { script, items });
    expect(answer.error_message).toBe(`stopped at the ${words}`);
    expect(answer).toMatchObject({ end_reason: 'limit', end_detail: { limit, set_by: 'operator' } });
  });

  test('is free again after the run, however deep the folders are', async () => {
    await expectHealthy();
    const scratch = path.join(platform.platform.config.cacheDir, 'scratch');
    expect(readdirSync(scratch, { recursive: true }).filter((name) => String(name).includes('dddd'))).toEqual(
      [],
    );
  });
});
