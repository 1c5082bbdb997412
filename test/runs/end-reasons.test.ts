import { Client } from 'pg';
import { describe, expect, test } from 'vitest';
import { runMessage, subtaskMessage } from '../../src/runs/end-messages.ts';
import {
  abortedEnd,
  lostEnd,
  runEnd,
  runEndReasons,
  stoppedEnd,
  subtaskEndReasons,
  succeededEnd,
  type FailedSubtask,
  type SubtaskEnd,
} from '../../src/runs/end-reasons.ts';
import { limitNames, type LimitName } from '../../src/runs/named-limits.ts';
import { readGuide } from '../../src/documentation/guides.ts';
import { runEndFields, subtaskEndFields } from '../../src/answers/ends.ts';
import { createTestDatabase } from '../support/test-database.ts';

/** Every reason with its sentence. */
const ends: readonly (readonly [end: SubtaskEnd, message: string])[] = [
  [succeededEnd, ''],
  [abortedEnd, 'run aborted by user'],
  [lostEnd, 'the runner of the subtask was lost; run it again'],
  [stoppedEnd, 'the runner was stopped while it was executing the subtask'],
  [
    { reason: 'limit', detail: { limit: 'memory', value: 2048 } },
    'stopped at the memory limit of 2048 MB (memory)',
  ],
  [{ reason: 'exit', detail: { exit_code: 3 } }, 'the worker ended with exit code 3'],
  [{ reason: 'signal', detail: { signal: 'SIGSEGV' } }, 'the worker ended with signal SIGSEGV'],
  [
    {
      reason: 'exit',
      detail: {
        exit_code: 1,
        suspected_limits: [
          { limit: 'processes', value: 60, seen: 'kernel' },
          { limit: 'open_files', value: 200, seen: 'output' },
          { limit: 'tmp', value: 1024, seen: 'output' },
        ],
        machine_out_of_memory: true,
        row_error: 'No space left',
      },
    },
    'the worker ended with exit code 1; it reached the limit of 60 processes and threads (CHELA_SANDBOX_PROCESS_LIMIT); its output mentions the limit of 200 open files (CHELA_SANDBOX_OPEN_FILE_LIMIT) and the limit of 1024 bytes in /tmp (CHELA_SANDBOX_TMP_BYTES); the machine ran out of memory; before that a row could not be stored: No space left',
  ],
  [
    { reason: 'preparation', detail: { step: 'sandbox', message: 'bwrap is missing' } },
    'could not be executed: bwrap is missing',
  ],
  [{ reason: 'dependencies', detail: { message: 'npm failed' } }, 'could not be executed: npm failed'],
  [
    { reason: 'internal', detail: { step: 'execution', message: 'it broke' } },
    'could not be executed: it broke',
  ],
  [
    { reason: 'internal', detail: { step: 'storing', message: 'No space left' } },
    'rows could not be stored: No space left',
  ],
  [
    { reason: 'internal', detail: { step: 'settling' } },
    "the outcome could not be stored; see the platform's log",
  ],
  [
    { reason: 'internal', detail: { step: 'cleanup', message: 'EBUSY' } },
    'could not be ended properly: EBUSY',
  ],
];

describe('the message of a subtask', () => {
  test.each(ends)('that ended as %o', (end, message) => {
    expect(subtaskMessage(end)).toBe(message);
  });

  test('exists for every reason', () => {
    expect(new Set(ends.map(([{ reason }]) => reason))).toEqual(new Set(subtaskEndReasons));
  });

  const limits: Readonly<Record<LimitName, string>> = {
    time: 'time limit of 7 s (execute_limit_time_seconds)',
    memory: 'memory limit of 7 MB (memory)',
    charge: 'charge limit of 7 (max_total_charge)',
    traffic: 'traffic limit of 7 bytes (max_total_traffic)',
    rows: 'limit of 7 rows of a run (CHELA_ROW_LIMIT)',
    disk: 'disk limit of 7 bytes (CHELA_SANDBOX_DISK_BYTES)',
    disk_files: 'disk limit of 7 files (CHELA_SANDBOX_DISK_FILE_LIMIT)',
    tmp: 'limit of 7 bytes in /tmp (CHELA_SANDBOX_TMP_BYTES)',
    file_size: 'limit of 7 bytes of a file (CHELA_SANDBOX_FILE_SIZE_BYTES)',
    processes: 'limit of 7 processes and threads (CHELA_SANDBOX_PROCESS_LIMIT)',
    open_files: 'limit of 7 open files (CHELA_SANDBOX_OPEN_FILE_LIMIT)',
  };
  test.each(limitNames)('includes the limit %s with its value and setting', (limit) => {
    expect(subtaskMessage({ reason: 'limit', detail: { limit, value: 7 } })).toBe(
      `stopped at the ${limits[limit]}`,
    );
  });
});

describe('the end of a run', () => {
  const failed: FailedSubtask = {
    number: 2,
    end_reason: 'exit',
    end_detail: { exit_code: 4 },
    error_headline: 'ValueError: 4',
  };
  const second = { number: 2, err_msg: 'the worker ended with exit code 4' };

  test('is the reason of its only subtask', () => {
    const run = { isAborting: false, subtaskCount: 1, failedCount: 1 };
    expect(runEnd(run, failed)).toEqual({
      reason: 'exit',
      detail: { exit_code: 4 },
      errorHeadline: 'ValueError: 4',
    });
    expect(runMessage(run, [second])).toBe('the worker ended with exit code 4');
  });

  test('is the reason of the first failed subtask if all failed', () => {
    const run = { isAborting: false, subtaskCount: 3, failedCount: 3 };
    expect(runEnd(run, { ...failed, number: 1 })).toEqual({
      reason: 'exit',
      detail: { exit_code: 4, subtasks: 3, failed_subtasks: 3, subtask: 1, subtask_reason: 'exit' },
      errorHeadline: 'ValueError: 4',
    });
    expect(runMessage(run, [{ ...second, number: 1 }])).toBe(
      '3 of 3 subtasks failed: #1 the worker ended with exit code 4; …',
    );
  });

  test('is partly_failed if some failed, with the detail of the first', () => {
    const run = { isAborting: false, subtaskCount: 3, failedCount: 1 };
    expect(runEnd(run, failed)).toEqual({
      reason: 'partly_failed',
      detail: { exit_code: 4, subtasks: 3, failed_subtasks: 1, subtask: 2, subtask_reason: 'exit' },
      errorHeadline: 'ValueError: 4',
    });
    expect(runMessage(run, [second])).toBe('1 of 3 subtasks failed: #2 the worker ended with exit code 4');
  });

  test('is aborted if it was being aborted, however its subtasks ended', () => {
    const run = { isAborting: true, subtaskCount: 3, failedCount: 3 };
    expect(runEnd(run, failed)).toEqual({ reason: 'aborted', detail: {}, errorHeadline: '' });
    expect(runMessage(run, [second])).toBe('run aborted by user');
  });

  test('is succeeded if none failed', () => {
    const run = { isAborting: false, subtaskCount: 3, failedCount: 0 };
    expect(runEnd(run, undefined)).toEqual({ reason: 'succeeded', detail: {}, errorHeadline: '' });
    expect(runMessage(run, [])).toBe('');
  });
});

test.each([
  ['subtask', subtaskEndReasons],
  ['run', runEndReasons],
] as const)('the database allows exactly the reasons of a %s', async (table, reasons) => {
  const database = await createTestDatabase();
  const client = new Client({ connectionString: database.url });
  await client.connect();
  try {
    const { rows } = await client.query<{ text: string }>(
      `SELECT pg_get_constraintdef(oid) AS text FROM pg_constraint WHERE conname = $1 AND convalidated`,
      [`${table}_end_reason`],
    );
    const known = Array.from((rows[0]?.text ?? '').matchAll(/'([a-z_]+)'::text/g), ([, name]) => name);
    expect(new Set(known)).toEqual(new Set(reasons));
  } finally {
    await client.end();
    await database.drop();
  }
});

test.each(['en', 'zh'])('the guide explains exactly the existing reasons: %s', async (language) => {
  const page = (await readGuide('run-lifecycle', { language })) ?? '';
  const [, section = ''] = page.split(/^## (?:Why it ended|结束原因)$/m);
  const [table = ''] = section.slice(section.indexOf('|---')).split(/^## /m);
  const rows = Array.from(table.matchAll(/^\| `(\w+)` \|(.*)\|$/gm), ([, reason, rest = '']) => {
    const [meaning, , message, advice] = rest.split(' | ');
    return {
      reason,
      isExplained: /\S/.test(meaning ?? '') && (reason === 'succeeded' || /\S/.test(`${message}${advice}`)),
    };
  });
  expect(rows.map(({ reason }) => reason)).toEqual(expect.arrayContaining([...runEndReasons]));
  expect(rows).toHaveLength(runEndReasons.length);
  expect(rows.filter(({ isExplained }) => !isExplained)).toEqual([]);
});

test('the OpenAPI document lists exactly the existing reasons', () => {
  expect(runEndFields.end_reason).toMatchObject({ enum: ['', ...runEndReasons] });
  expect(subtaskEndFields.end_reason).toMatchObject({ enum: ['', ...subtaskEndReasons] });
  expect(runEndFields.end_detail.properties.limit).toMatchObject({ enum: limitNames });
});
