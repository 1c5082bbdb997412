import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { copyAsCafesdkWorker, thirdPartyWorkerFolder } from '../fixtures/third-party-worker.ts';
import { runWorker } from './support/run-worker.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

describe('the third-party worker', () => {
  const folder = temporaryFolder();

  test('reads its input, pushes rows in sequence and in parallel, upserts and logs', async () => {
    const run = await runWorker(thirdPartyWorkerFolder, {
      input: { url: 'https://shop.example/', rows: 2, parallel_rows: 3, upserts: 2, row_bytes: 10 },
      environment: { PROXY_AUTH: 'user:secret', PROXY_DOMAIN: '127.0.0.1:6000' },
    });

    expect(run.exitCode).toBe(0);
    expect(run.stdout).toContain('third-party worker on stdout\nproxy socks5://user:secret@127.0.0.1:6000\n');
    expect(run.stderr).toBe('third-party worker on stderr\n');
    expect(run.rows.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 1, 2]);
    expect(run.rows[0]).toMatchObject({
      item: 'https://shop.example/',
      text: 'row 0 äöü 你好 & <b>',
      filler: 'x'.repeat(10),
    });
    expect(run.rows.at(-1)).toMatchObject({
      __coreclaw_upsert_key__: 'item',
      __coreclaw_upsert_value__: 'summary',
    });
    expect(run.logLines).toEqual([
      'debug: a debug line',
      'info: an info line',
      'warn: a warn line',
      'error: an error line',
    ]);
  });

  test.each([
    { name: 'an exit code', input: { exit_code: 3 }, exitCode: 3 },
    { name: 'a crash', input: { crash: true }, exitCode: 1 },
    {
      name: 'memory',
      input: { allocate_mb: 65 },
      exitCode: 0,
      stdout: 'allocated 64 MB\nallocated 65 MB in all\n',
    },
    { name: 'children', input: { fork_children: 2 }, exitCode: 0, stdout: /child \d+\nchild \d+\n/ },
    {
      name: 'a sleep',
      input: { sleep_seconds: 0.01, ignore_sigterm: true },
      exitCode: 0,
      stdout: 'sleeping 0.01 s\n',
    },
  ])('produces $name on request', async ({ input, exitCode, stdout = '' }) => {
    const run = await runWorker(thirdPartyWorkerFolder, { input });

    expect(run.exitCode).toBe(exitCode);
    expect(run.stdout).toMatch(stdout);
  });

  test('reports on stdout what happened to a raw row', async () => {
    const run = await runWorker(thirdPartyWorkerFolder, {
      input: { rows: 0, raw_rows: ['{"a":1}', '[]'] },
      answer: ({ method, request }) =>
        method === 'PushData' && request.jsonString === '[]' ? { code: 4, message: 'no object' } : undefined,
    });

    expect(run.stdout).toContain('raw row accepted\nraw row refused: no object\n');
  });

  test('has an older variant that speaks cafesdk', async () => {
    await copyAsCafesdkWorker(folder);
    const run = await runWorker(folder, {
      sdkPackage: 'cafesdk',
      input: { rows: 1 },
      environment: { NODE_PATH: path.join(import.meta.dirname, '../../node_modules') },
    });

    expect(run).toMatchObject({ exitCode: 0, rows: [{ index: 0 }] });
  });
});
