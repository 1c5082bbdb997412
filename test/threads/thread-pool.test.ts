import { expect, test } from 'vitest';
import { ChelaError } from '../../src/errors.ts';
import { ThreadLimitError, ThreadPool } from '../../src/threads/thread-pool.ts';
import type { Task } from './tasks-process.ts';

function newPool(
  limits: { size?: number; timeLimitSeconds?: number; memoryLimitMegabytes?: number } = {},
): ThreadPool<Task, unknown> {
  const { size = 2, timeLimitSeconds = 60, memoryLimitMegabytes = 256 } = limits;
  return new ThreadPool({
    file: new URL('tasks-process.ts', import.meta.url),
    name: 'test',
    size,
    timeLimitSeconds,
    memoryLimitBytes: memoryLimitMegabytes * 1024 * 1024,
  });
}

test('consecutive tasks reuse a thread', async () => {
  const pool = newPool();
  const first = await pool.run('identity');
  expect(first).toBeGreaterThan(0);
  expect(await pool.run('identity')).toBe(first);
});

test.each(['spin', 'backtrack'] as const)(
  'a task that would %s forever is ended at the time limit, without affecting the event loop or other tasks',
  async (task) => {
    const pool = newPool({ timeLimitSeconds: 2 });
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 10);
    const ended = pool.run(task).catch((error: unknown) => error);
    expect(await pool.run('identity')).toBeGreaterThan(0);
    expect(await ended).toEqual(new ThreadLimitError('time'));
    clearInterval(timer);
    expect(turns).toBeGreaterThan(10);
    expect(await pool.run('identity')).toBeGreaterThan(0);
  },
);

test('a task that uses too much memory is ended, and the process continues', async () => {
  const pool = newPool({ memoryLimitMegabytes: 64 });
  await expect(pool.run('grow')).rejects.toEqual(new ThreadLimitError('memory'));
  expect(await pool.run('identity')).toBeGreaterThan(0);
});

test('a refusal is returned with its details', async () => {
  const error = await newPool()
    .run('refuse')
    .catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ChelaError);
  expect(error).toMatchObject({
    key: 'INVALID_ARGUMENT',
    message: 'this is refused',
    details: ['for one reason', 'and another'],
  });
});

test('a system error keeps its code', async () => {
  await expect(newPool().run('absent file')).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a thread that exits fails only its own task', async () => {
  const pool = newPool({ size: 1 });
  const tasks = [pool.run('exit'), pool.run('identity')];
  const [exit, next] = await Promise.allSettled(tasks);
  expect(exit).toMatchObject({ status: 'rejected', reason: { message: 'the thread test ended early' } });
  expect(next).toMatchObject({ status: 'fulfilled' });
});

test('tasks over the number of threads wait', async () => {
  const pool = newPool({ size: 1 });
  const threads = await Promise.all(
    ['identity', 'identity', 'identity'].map(async () => pool.run('identity')),
  );
  expect(new Set(threads).size).toBe(1);
});

test('an abort ends a running task and a waiting one', async () => {
  const pool = newPool({ size: 1 });
  const abort = new AbortController();
  const running = pool.run('spin', abort.signal).catch((error: unknown) => error);
  const waiting = pool.run('identity', abort.signal).catch((error: unknown) => error);
  const next = pool.run('identity');
  const reason = new Error('not wanted any more');
  abort.abort(reason);
  expect(await running).toBe(reason);
  expect(await waiting).toBe(reason);
  expect(await next).toBeGreaterThan(0);
});
