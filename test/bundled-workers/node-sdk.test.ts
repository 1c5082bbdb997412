import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { runWorker } from './support/run-worker.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const sdkFile = path.join(import.meta.dirname, '../../sdk/node/sdk.js');

const folder = temporaryFolder();

/** Runs the body of an async function with the SDK as `sdk`. */
async function runScript(body: string, options?: Parameters<typeof runWorker>[1]) {
  const script = `const sdk = require(${JSON.stringify(sdkFile)});\n(async () => {\n${body}\n})();\n`;
  await writeFile(path.join(folder, 'main.js'), script);
  return runWorker(folder, options);
}

describe('the Node SDK', () => {
  test('reads input of any size', async () => {
    const input = { text: 'ä你'.repeat(2_000_000), list: [1, null, { deep: true }] };
    const run = await runScript(
      'const input = await sdk.getInput(); await sdk.pushData({ length: input.text.length, list: input.list });',
      { input },
    );

    expect(run).toMatchObject({ exitCode: 0, rows: [{ length: 4_000_000, list: input.list }] });
  });

  test('declares columns; the label defaults to the key and the format to text', async () => {
    const run = await runScript(
      `await sdk.setTableHeader([{ key: 'a' }, { key: 'b', label: 'Bé', format: 'integer' }]);`,
    );

    expect(run.calls[0]?.request.headers).toEqual([
      { key: 'a', label: 'a', format: 'text' },
      { key: 'b', label: 'Bé', format: 'integer' },
    ]);
  });

  test('pushes a row as it was at the time of the call', async () => {
    const run = await runScript(`
      const row = { step: 1, missing: undefined, nothing: null, number: NaN };
      const push = sdk.pushData(row);
      row.step = 2;
      await push;
      await sdk.pushData(row, { upsertKey: 'step' });
    `);

    expect(run.rows).toEqual([
      { step: 1, nothing: null, number: null },
      {
        step: 2,
        nothing: null,
        number: null,
        __coreclaw_upsert_key__: 'step',
        __coreclaw_upsert_value__: '2',
      },
    ]);
  });

  test.each([
    { row: '[1]', message: 'a row must be an object of columns, got an array' },
    { row: 'null', message: 'a row must be an object of columns, got null' },
    { row: '"text"', message: 'a row must be an object of columns, got string' },
    { row: '{ a: 1 }, { upsertKey: "b" }', message: 'the row has no value in its upsert column "b"' },
    { row: '{ a: 1n }', message: 'Do not know how to serialize a BigInt' },
  ])('rejects pushData($row)', async ({ row, message }) => {
    const run = await runScript(`await sdk.pushData(${row}).catch((error) => console.log(error.message));`);

    expect(run).toMatchObject({ exitCode: 0, stdout: `${message}\n`, calls: [] });
  });

  test('rejects a push that the platform refuses, with its code and message', async () => {
    const run = await runScript(
      'await sdk.pushData({ a: 1 }).catch((error) => console.log(error instanceof sdk.SdkError, error.code, error.message));',
      { answer: () => ({ code: 9, message: 'row is too large' }) },
    );

    expect(run.stdout).toBe('true 9 /coresdk.Result/PushData was refused: row is too large\n');
  });

  test('exits with code 1 when a refused push is neither awaited nor caught', async () => {
    const run = await runScript('sdk.pushData({ a: 1 });', {
      answer: () => ({ code: -1, message: 'no room' }),
    });

    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain('SdkError: /coresdk.Result/PushData was refused: no room');
  });

  test('keeps the order of pushes that are not awaited, and sends them all before the process exits', async () => {
    const run = await runScript('for (let n = 0; n < 500; n += 1) void sdk.pushData({ n });');

    expect(run.exitCode).toBe(0);
    expect(run.rows.map(({ n }) => n)).toEqual(Array.from({ length: 500 }, (_, n) => n));
  });

  test.each([
    {
      way: 'pushData',
      body: 'await Promise.all(Array.from({ length: 200 }, (_, n) => sdk.pushData({ n })));',
    },
    {
      way: 'pushRows',
      body: `async function* rows() { for (let n = 0; n < 200; n += 1) yield { n }; }
        console.log(await sdk.pushRows(rows()));`,
    },
  ])('keeps at most 64 calls of $way in flight', async ({ body }) => {
    const unanswered: (() => void)[] = [];
    let arrived = 0;
    let maxUnanswered = 0;
    const run = await runScript(body, {
      // Sends no response until the window is full or the last rows have arrived.
      answer: () =>
        new Promise((resolve) => {
          unanswered.push(() => resolve(undefined));
          arrived += 1;
          maxUnanswered = Math.max(maxUnanswered, unanswered.length);
          if (unanswered.length < 64 && arrived < 200) return;
          for (const release of unanswered.splice(0)) release();
        }),
    });

    expect(run.exitCode).toBe(0);
    expect(maxUnanswered).toBe(64);
    expect(run.rows.map(({ n }) => n)).toEqual(Array.from({ length: 200 }, (_, n) => n));
  });

  test('stops pushRows at the first refused row and rejects with its reason', async () => {
    const run = await runScript(
      `let taken = 0;
      function* rows() { for (; taken < 10_000; taken += 1) yield { n: taken }; }
      await sdk.pushRows(rows()).catch((error) => console.log(error.message));
      console.log(taken < 200);`,
      {
        answer: ({ request }) =>
          request.jsonString === '{"n":5}' ? { code: 1, message: 'bad row' } : undefined,
      },
    );

    expect(run.stdout).toBe('/coresdk.Result/PushData was refused: bad row\ntrue\n');
  });

  test('writes log lines of every level like console.log', async () => {
    const run = await runScript(`
      await sdk.log.debug('%d rows', 3);
      await sdk.log.info('input', { a: [1] });
      await sdk.log.warn('');
      await sdk.log.error('ä你');
    `);

    expect(run.logLines).toEqual(['debug: 3 rows', 'info: input { a: [ 1 ] }', 'warn: ', 'error: ä你']);
  });

  test('writes a log line to stderr if the platform refuses it', async () => {
    const run = await runScript(`sdk.log.info('hello');`, { answer: () => ({ code: 1, message: 'full' }) });

    expect(run).toMatchObject({
      exitCode: 0,
      stderr: 'hello\n(written to stderr: /coresdk.Log/Info was refused: full)\n',
    });
  });

  test('close() waits for calls in flight and refuses later ones', async () => {
    const run = await runScript(`
      for (let n = 0; n < 100; n += 1) void sdk.pushData({ n });
      await Promise.all([sdk.close(), sdk.close()]);
      await sdk.pushData({ n: 'late' }).catch((error) => console.log(error.message));
    `);

    expect(run.rows).toHaveLength(100);
    expect(run.stdout).toBe('/coresdk.Result/PushData was called after close()\n');
  });

  test('ignores proxy settings in the environment', async () => {
    const run = await runScript('await sdk.pushData({ a: 1 });', {
      environment: { http_proxy: 'http://127.0.0.1:9', grpc_proxy: 'http://127.0.0.1:9' },
    });

    expect(run).toMatchObject({ exitCode: 0, rows: [{ a: 1 }] });
  });
});
