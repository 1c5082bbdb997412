import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { runWorker } from './support/run-worker.ts';

const hello = path.join(import.meta.dirname, '../../workers/hello');

describe('the hello worker', () => {
  test('greets everyone, writes every log level and overwrites its progress row', async () => {
    const run = await runWorker(hello, {
      input: {
        names: ['Ada', { string: 'Grace' }, ' '],
        language: 'de',
        tone: 'cheerful',
        signature: 'Chela',
        date: '2026-01-31',
        remarks: 'a remark',
        further_columns: { team: 7 },
        show_progress: true,
      },
    });

    expect(run).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
    const progress = {
      id: 'progress',
      date: '2026-01-31',
      __coreclaw_upsert_key__: 'id',
      __coreclaw_upsert_value__: 'progress',
    };
    expect(run.rows).toEqual([
      { ...progress, greeting: 'greeting', length: 0 },
      { team: 7, id: 'Ada', greeting: 'Hallo, Ada! Chela', length: 17, date: '2026-01-31' },
      { team: 7, id: 'Grace', greeting: 'Hallo, Grace! Chela', length: 19, date: '2026-01-31' },
      { ...progress, greeting: 'done', length: 2 },
    ]);
    expect(run.calls.find(({ method }) => method === 'SetTableHeader')?.request.headers).toEqual([
      { key: 'id', label: 'Row', format: 'text' },
      { key: 'greeting', label: 'Greeting', format: 'text' },
      { key: 'length', label: 'Characters', format: 'integer' },
      { key: 'date', label: 'Date', format: 'text' },
    ]);
    expect(run.logLines).toEqual([
      'info: a remark',
      expect.stringMatching(/^debug: /),
      expect.stringMatching(/^info: /),
      expect.stringMatching(/^warn: /),
      expect.stringMatching(/^error: /),
      'warn: 1 blank names left out',
      'info: 2 greetings written',
    ]);
  });

  test('writes as many rows as there are names, unless it shows its progress', async () => {
    const run = await runWorker(hello, { input: { names: ['Ada', 'Grace', 'Edsger', 'Barbara'] } });
    expect(run.rows.map(({ id }) => id)).toEqual(['Ada', 'Grace', 'Edsger', 'Barbara']);
  });

  test('fills in defaults for omitted input', async () => {
    const run = await runWorker(hello, { input: { names: ['Ada'], show_log_levels: false, rounds: '200' } });

    expect(run.exitCode).toBe(0);
    expect(run.rows).toHaveLength(200);
    expect(run.rows[199]).toMatchObject({
      id: 'Ada 200',
      greeting: 'Hello, Ada.',
      date: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
    });
    expect(run.logLines).toEqual(['info: 200 greetings written']);
  });

  test('fails, with the reason in the log, when a row is refused', async () => {
    const run = await runWorker(hello, {
      input: { names: ['Ada'] },
      answer: ({ method }) => (method === 'PushData' ? { code: 7, message: 'no room' } : undefined),
    });

    expect(run.exitCode).toBe(1);
    expect(run.logLines.at(-1)).toContain('error: SdkError: /coresdk.Result/PushData was refused: no room');
  });
});
