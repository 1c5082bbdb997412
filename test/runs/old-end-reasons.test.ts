/** Subtasks and runs that ended before reasons were stored get theirs from their texts. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { Client } from 'pg';
import { beforeAll, afterAll, describe, expect, test } from 'vitest';
import { migrate } from '../../src/database/migrations.ts';
import { createTestDatabase } from '../support/test-database.ts';

const folder = path.join(import.meta.dirname, '..', '..', 'src', 'database', 'migrations');
const firstOfReasons =
  (await readdir(folder)).toSorted().find((name) => name.endsWith('_end_reasons.sql')) ?? '';

let client: Client;
let drop: () => Promise<void>;
let runs = 0;

async function migrateUpTo(url: string, end: string): Promise<void> {
  client = new Client({ connectionString: url });
  await client.connect();
  await client.query(
    'CREATE TABLE migration (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())',
  );
  for (const name of (await readdir(folder)).toSorted().filter((name) => name < end)) {
    await client.query(await readFile(path.join(folder, name), 'utf8'));
    await client.query('INSERT INTO migration (name) VALUES ($1)', [name]);
  }
  await client.query(`
    INSERT INTO account (name) VALUES ('old');
    INSERT INTO worker (slug, account_id, name, title, description)
      SELECT '01KKDXTQ8S5W1C9J4Y6M3B7A0E', id, 'old', 'Old', '' FROM account;
    INSERT INTO worker_version (worker_id, version, package_hash, language, entry, input_schema)
      SELECT id, 'v1.0.1', repeat('0', 64), 'node', 'main.js', '{}' FROM worker`);
}

/** A run as an older version left it. @param texts err_msg of its subtasks; null for an unfinished one */
async function oldRun(status: string, errMsg: string, texts: readonly (string | null)[]): Promise<number> {
  runs += 1;
  const hasEnded = status === 'succeeded' || status === 'failed';
  const failed = texts.filter((text) => text !== null && text !== '').length;
  const { rows } = await client.query<{ id: string }>(
    `INSERT INTO run (slug, account_id, worker_id, worker_version_id, status, origin, input, system, day, subtask_count,
       subtasks_finished, subtasks_failed, err_msg, finished_at)
     SELECT $1, worker.account_id, worker.id, worker_version.id, $2, 'api_v2', '{}', '{}', now(), $3, $4, $5, $6,
       CASE WHEN $7 THEN now() END
     FROM worker, worker_version RETURNING id`,
    [
      `01KKDXV2G26BT7NH4ZQR${String(runs).padStart(6, '0')}`,
      status,
      texts.length,
      texts.filter((text) => text !== null).length,
      failed,
      errMsg,
      hasEnded,
    ],
  );
  const id = Number(rows[0]?.id);
  for (const [index, text] of texts.entries()) {
    await client.query(
      `INSERT INTO subtask (run_id, account_id, number, status, input, err_msg, turn, finished_at)
       SELECT $1, account_id, $2, $3, '{}', $4, 1, CASE WHEN $5 THEN now() END FROM worker`,
      [
        id,
        index + 1,
        text === null ? 'ready' : text === '' ? 'succeeded' : 'failed',
        text ?? '',
        text !== null,
      ],
    );
  }
  return id;
}

async function ended(table: 'run' | 'subtask', runId: number): Promise<unknown[]> {
  const order = table === 'run' ? 'id' : 'number';
  const { rows } = await client.query<{ end_reason: string | null; end_detail: unknown }>(
    `SELECT end_reason, end_detail FROM ${table} WHERE ${table === 'run' ? 'id' : 'run_id'} = $1 ORDER BY ${order}`,
    [runId],
  );
  return rows.map(({ end_reason: reason, end_detail: detail }) => [reason, detail]);
}

const npmFailure = 'npm install failed with exit code 1:\nnpm error code E404\nnpm error 404 Not Found';
/** As they were written. */
const texts: readonly (readonly [text: string, reason: string | null, detail: unknown])[] = [
  ['run aborted by user', 'aborted', {}],
  [
    'stopped at the time limit of 1800 s (execute_limit_time_seconds)',
    'limit',
    { limit: 'time', value: 1800 },
  ],
  ['stopped at the memory limit of 2048 MB (memory)', 'limit', { limit: 'memory', value: 2048 }],
  ['stopped at the charge limit of 0.75 (max_total_charge)', 'limit', { limit: 'charge', value: 0.75 }],
  [
    'stopped at the traffic limit of 20000000 bytes (max_total_traffic)',
    'limit',
    { limit: 'traffic', value: 20000000 },
  ],
  [
    'stopped at the limit of 10000000 rows of a run (CHELA_ROW_LIMIT)',
    'limit',
    { limit: 'rows', value: 10000000 },
  ],
  [
    'stopped at the disk limit of 4294967296 bytes (CHELA_SANDBOX_DISK_BYTES)',
    'limit',
    { limit: 'disk', value: 4294967296 },
  ],
  [
    'stopped at the disk limit of 200000 files (CHELA_SANDBOX_DISK_FILE_LIMIT)',
    'limit',
    { limit: 'disk_files', value: 200000 },
  ],
  ['the worker ended with exit code 3', 'exit', { exit_code: 3 }],
  [
    'the worker ended with exit code 1; it came to the limit of 60 processes and threads (CHELA_SANDBOX_PROCESS_LIMIT); what it printed speaks of a limit: 200 open files (CHELA_SANDBOX_OPEN_FILE_LIMIT), 1024 bytes in /tmp (CHELA_SANDBOX_TMP_BYTES)',
    'exit',
    {
      exit_code: 1,
      suspected_limits: [
        { limit: 'processes', value: 60, seen: 'kernel' },
        { limit: 'open_files', value: 200, seen: 'output' },
        { limit: 'tmp', value: 1024, seen: 'output' },
      ],
    },
  ],
  [
    'the worker ended with exit code 1; what it printed speaks of a limit: 8 bytes of a file (CHELA_SANDBOX_FILE_SIZE_BYTES), 60 processes and threads (CHELA_SANDBOX_PROCESS_LIMIT)',
    'exit',
    {
      exit_code: 1,
      suspected_limits: [
        { limit: 'processes', value: 60, seen: 'output' },
        { limit: 'file_size', value: 8, seen: 'output' },
      ],
    },
  ],
  [
    'the worker ended with exit code 1; before that a row could not be stored: could not extend file: No space left',
    'exit',
    { exit_code: 1, row_error: 'could not extend file: No space left' },
  ],
  ['the worker ended with signal SIGSEGV', 'signal', { signal: 'SIGSEGV' }],
  [
    'the worker ended with signal SIGKILL; the machine had no memory left',
    'signal',
    { signal: 'SIGKILL', machine_out_of_memory: true },
  ],
  [
    'the worker ended with signal SIGXFSZ; that is the limit of 1073741824 bytes of a file (CHELA_SANDBOX_FILE_SIZE_BYTES)',
    'limit',
    { limit: 'file_size', value: 1073741824 },
  ],
  ['the runner that executed it died; start it again by a rerun', 'lost', {}],
  ['the runner was stopped while it executed the subtask', 'stopped', {}],
  [`could not be executed: ${npmFailure}`, 'dependencies', { message: npmFailure }],
  [
    'could not be executed: pip failed with exit code 1:\nERROR: No matching distribution',
    'dependencies',
    { message: 'pip failed with exit code 1:\nERROR: No matching distribution' },
  ],
  [
    'could not be executed: it did not start within 30 seconds',
    'preparation',
    { message: 'it did not start within 30 seconds' },
  ],
  ["its outcome could not be stored: the platform's log says why", 'internal', { step: 'settling' }],
  ['could not be ended properly: EBUSY', 'internal', { step: 'cleanup', message: 'EBUSY' }],
  ['a text that is not of this platform', null, {}],
  ['the worker ended with exit code 1x', null, {}],
];

const single = new Map<string, number>();
let succeeded: number;
let partlyFailed: number;
let allFailed: number;
let abortedSplit: number;
let unfinished: number;

beforeAll(async () => {
  const database = await createTestDatabase('template0');
  drop = database.drop;
  await migrateUpTo(database.url, firstOfReasons);
  for (const [text] of texts) single.set(text, await oldRun('failed', text, [text]));
  succeeded = await oldRun('succeeded', '', ['']);
  const exit = 'the worker ended with exit code 4';
  partlyFailed = await oldRun('succeeded', `1 of 3 subtasks failed: #2 ${exit}`, ['', exit, '']);
  allFailed = await oldRun('failed', `2 of 2 subtasks failed: #1 ${exit}; #2 run aborted by user`, [
    exit,
    'run aborted by user',
  ]);
  abortedSplit = await oldRun('failed', 'run aborted by user', [exit, 'run aborted by user']);
  unfinished = await oldRun('running', '', [exit, '', null]);
  await migrate(database.url);
});
afterAll(async () => {
  await client.end();
  await drop();
});

test.each(texts)('%s', async (text, reason, detail) => {
  expect(await ended('subtask', single.get(text) ?? 0)).toEqual([[reason, detail]]);
  expect(await ended('run', single.get(text) ?? 0)).toEqual([[reason, detail]]);
});

describe('an old run', () => {
  test('that succeeded', async () => {
    expect(await ended('run', succeeded)).toEqual([['succeeded', {}]]);
    expect(await ended('subtask', succeeded)).toEqual([['succeeded', {}]]);
  });

  test('with some failed subtasks', async () => {
    expect(await ended('run', partlyFailed)).toEqual([
      [
        'partly_failed',
        { exit_code: 4, subtasks: 3, failed_subtasks: 1, subtask: 2, subtask_reason: 'exit' },
      ],
    ]);
    expect(await ended('subtask', partlyFailed)).toEqual([
      ['succeeded', {}],
      ['exit', { exit_code: 4 }],
      ['succeeded', {}],
    ]);
  });

  test('with only failed subtasks has the reason of the first', async () => {
    expect(await ended('run', allFailed)).toEqual([
      ['exit', { exit_code: 4, subtasks: 2, failed_subtasks: 2, subtask: 1, subtask_reason: 'exit' }],
    ]);
  });

  test('that was aborted, however its first subtask ended', async () => {
    expect(await ended('run', abortedSplit)).toEqual([['aborted', {}]]);
    expect(await ended('subtask', abortedSplit)).toEqual([
      ['exit', { exit_code: 4 }],
      ['aborted', {}],
    ]);
  });

  test('that has not ended has no reason, but its ended subtasks have one', async () => {
    expect(await ended('run', unfinished)).toEqual([[null, null]]);
    expect(await ended('subtask', unfinished)).toEqual([
      ['exit', { exit_code: 4 }],
      ['succeeded', {}],
      [null, null],
    ]);
  });
});

test('an unknown reason, or one for an unfinished run, is refused', async () => {
  await expect(
    client.query(`UPDATE run SET end_reason = 'bored' WHERE id = $1`, [succeeded]),
  ).rejects.toThrow(/run_end_reason/);
  await expect(
    client.query(`UPDATE subtask SET end_reason = 'partly_failed' WHERE run_id = $1`, [succeeded]),
  ).rejects.toThrow(/subtask_end_reason/);
  await expect(
    client.query(`UPDATE run SET end_reason = 'exit', end_detail = '{}' WHERE id = $1`, [unfinished]),
  ).rejects.toThrow(/run_end/);
});
