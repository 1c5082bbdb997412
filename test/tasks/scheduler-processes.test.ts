import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { Client } from 'pg';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { createTask, taskInput } from './task-client.ts';

const helloFolder = path.join(import.meta.dirname, '..', '..', 'workers', 'hello');
const taskCount = 20;
const processCount = 4;

let platform: TestPlatform;
let listener: Client;
const processes: ChildProcess[] = [];

beforeAll(async () => {
  platform = await startTestPlatform({}, { api: true, runner: false });
  const hello = await platform.publish(helloFolder, 'Hello');
  for (let number = 0; number < taskCount; number += 1) {
    await createTask(platform, {
      worker_id: hello,
      title: `Task ${number}`,
      input: taskInput({ names: ['Ada'] }),
      schedule_enabled: 1,
      schedule_type: 1,
      schedule_time: '09:00',
      schedule_overlap: 'allow',
      schedule_timezone: 'Europe/Berlin',
    });
  }
  listener = new Client({ connectionString: platform.databaseUrl });
  await listener.connect();
  await listener.query('LISTEN chela_subtasks_ready');
  processes.push(...(await Promise.all(Array.from({ length: processCount }, startScheduler))));
  // Avoids years of missed ticks. A start sets the next ticks by the real clock, so this comes after it.
  await platform.platform.database.pool.query(`UPDATE task SET next_tick_at = '2040-03-24T08:00:00Z'`);
});

afterAll(async () => {
  for (const child of processes) child.disconnect();
  await Promise.all(processes.map(async (child) => once(child, 'exit')));
  await listener.end();
  await platform.close();
});

async function startScheduler(): Promise<ChildProcess> {
  const child = fork(path.join(import.meta.dirname, 'scheduler-process.ts'), {
    env: {
      ...process.env,
      DATABASE_URL: platform.databaseUrl,
      CHELA_DATA_DIR: platform.platform.config.dataDir,
      CHELA_CACHE_DIR: inject('cacheDir'),
      CHELA_DATABASE_POOL_SIZE: '6',
    },
    execArgv: [],
  });
  await once(child, 'message');
  return child;
}

/** Makes a process check a time. @returns the error there, or an empty text; the process may die first */
async function lookAt(child: ChildProcess, moment: string): Promise<string> {
  const answered = once(child, 'message') as Promise<[string]>;
  const died = once(child, 'exit').then(() => ['']);
  child.send(moment);
  const [answer = ''] = await Promise.race([answered, died]);
  return answer;
}

/** The tasks that a tick started, each as often as it did. */
async function startedAt(moment: string): Promise<number[]> {
  const { rows } = await platform.platform.database.pool.query<{ task_id: number }>(
    'SELECT task_id FROM run WHERE scheduled_for = $1 ORDER BY task_id',
    [moment],
  );
  return rows.map((row) => row.task_id);
}

test.each(['2040-03-24T08:00:00Z', '2040-03-25T07:00:00Z', '2040-03-26T07:00:00Z'])(
  'several schedulers at once start one run for each tick: %s',
  async (moment) => {
    const errors = await Promise.all(processes.map(async (child) => lookAt(child, moment)));
    expect(errors.filter((error) => error !== '')).toEqual([]);
    const tasks = await startedAt(moment);
    expect(tasks).toHaveLength(taskCount);
    expect(new Set(tasks).size).toBe(taskCount);
  },
);

test.each(['2040-03-27T07:00:00Z', '2040-03-28T07:00:00Z'])(
  'several schedulers start one run for each tick even if one is killed in between: %s',
  async (moment) => {
    const firstStarted = once(listener, 'notification');
    const [victim] = processes.splice(0, 1);
    if (victim === undefined) throw new Error('there is no process to kill');
    const looks = [victim, ...processes].map(async (child) => lookAt(child, moment));
    await firstStarted;
    victim.kill('SIGKILL');
    const errors = await Promise.all(looks);
    expect(errors.filter((error) => error !== '')).toEqual([]);
    const tasks = await startedAt(moment);
    expect(tasks).toHaveLength(taskCount);
    expect(new Set(tasks).size).toBe(taskCount);
  },
);

test('a single scheduler that is killed leaves its ticks to the next one', async () => {
  const moment = '2040-03-29T07:00:00Z';
  const firstStarted = once(listener, 'notification');
  const [victim, other] = processes;
  if (victim === undefined || other === undefined) throw new Error('there are no processes left');
  const look = lookAt(victim, moment);
  await firstStarted;
  victim.kill('SIGKILL');
  await look;
  processes.splice(0, 1);
  expect(await lookAt(other, moment)).toBe('');
  const tasks = await startedAt(moment);
  expect(tasks).toHaveLength(taskCount);
  expect(new Set(tasks).size).toBe(taskCount);
});
