import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Database } from '../../src/database/database.ts';
import { Events } from '../../src/events/events.ts';
import { Jobs, type JobKind } from '../../src/jobs/jobs.ts';
import { createTestDatabase } from '../support/test-database.ts';

const logger = pino({ level: 'silent' });
const events = new Events(logger);
const echo: JobKind<{ n: number }> = { name: 'echo', queue: { retryLimit: 2, retryDelay: 0 } };

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let jobs: Jobs;
beforeEach(async () => {
  database = await createTestDatabase();
  jobs = new Jobs(database.url, events);
});
afterEach(async () => {
  await jobs.stop();
  await database.drop();
});

/** Resolves after a number of calls. */
function countdown(count: number): { tick: () => void; done: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  let left = count;
  return {
    tick: () => {
      left -= 1;
      if (left === 0) resolve();
    },
    done: promise,
  };
}

test('a backlog is processed without a pause, each job once', async () => {
  const seen: number[] = [];
  const { tick, done } = countdown(200);
  jobs.work(echo, 3, async ({ data }) => {
    seen.push(data.n);
    tick();
  });
  await jobs.start();
  await Promise.all(Array.from({ length: 200 }, async (_, n) => jobs.send(echo, { n })));
  await done;
  expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, n) => n));
});

test('jobs of slow groups delay no others, however many groups there are', async () => {
  const hold = Promise.withResolvers<void>();
  const healthy = Promise.withResolvers<void>();
  let held = 0;
  jobs.work(
    echo,
    2,
    async ({ data }) => {
      if (data.n === 0) return healthy.resolve();
      held += 1;
      await hold.promise;
    },
    { groupConcurrency: 2, slowConcurrency: 6 },
  );
  await jobs.start();
  for (const group of ['a', 'b', 'c'])
    for (let n = 1; n <= 5; n += 1) await jobs.send(echo, { n }, { group });
  await jobs.send(echo, { n: 0 }, { group: 'healthy' });
  await healthy.promise;
  expect(held).toBeLessThanOrEqual(6);
  hold.resolve();
});

test('a slow job delays no other', async () => {
  const hold = Promise.withResolvers<void>();
  const ended: number[] = [];
  const { tick, done } = countdown(50);
  jobs.work(echo, 2, async ({ data }) => {
    if (data.n === 0) await hold.promise;
    ended.push(data.n);
    tick();
  });
  await jobs.start();
  for (let n = 0; n <= 50; n += 1) await jobs.send(echo, { n });
  await done;
  expect(ended).not.toContain(0);
  hold.resolve();
});

test('jobs of one group leave slots for others', async () => {
  const hold = Promise.withResolvers<void>();
  const held = countdown(2);
  const others = countdown(5);
  let holding = 0;
  jobs.work(
    echo,
    4,
    async ({ data }) => {
      if (data.n < 10) {
        holding += 1;
        held.tick();
        await hold.promise;
      } else others.tick();
    },
    { groupConcurrency: 2 },
  );
  await jobs.start();
  for (let n = 0; n < 10; n += 1) await jobs.send(echo, { n }, { group: 'slow' });
  await held.done;
  for (let n = 10; n < 15; n += 1) await jobs.send(echo, { n }, { group: `quick ${n}` });
  await others.done;
  expect(holding).toBe(2);
  hold.resolve();
});

test('a delayed job starts when it is due', async () => {
  const started = Promise.withResolvers<number>();
  jobs.work(echo, 1, async () => started.resolve(performance.now()));
  await jobs.start();
  const sent = performance.now();
  await jobs.send(echo, { n: 1 }, { startAfterSeconds: 0.5 });
  expect((await started.promise) - sent).toBeGreaterThanOrEqual(500);
});

test('a job that rejects is retried', async () => {
  const ids: string[] = [];
  const { tick, done } = countdown(3);
  jobs.work(echo, 1, async ({ id }) => {
    ids.push(id);
    tick();
    throw new Error('not yet');
  });
  await jobs.start();
  await jobs.send(echo, { n: 1 });
  await done;
  expect(new Set(ids).size).toBe(1);
});

test('a job is sent only if its transaction commits', async () => {
  const seen: number[] = [];
  const { tick, done } = countdown(1);
  jobs.work(echo, 1, async ({ data }) => {
    seen.push(data.n);
    tick();
  });
  await jobs.start();
  const pool = new Database({ url: database.url, poolSize: 4, logger });
  await expect(
    pool.transaction(async (client) => {
      await jobs.send(echo, { n: 1 }, { client });
      throw new Error('rolled back');
    }),
  ).rejects.toThrow('rolled back');
  await pool.transaction(async (client) => jobs.send(echo, { n: 2 }, { client }));
  await done;
  await pool.close();
  expect(seen).toEqual([2]);
});

test('a job interrupted by a stop is repeated after the next start', async () => {
  const hold = Promise.withResolvers<void>();
  const first = Promise.withResolvers<string>();
  jobs = new Jobs(database.url, events, { stopGraceMilliseconds: 0 });
  jobs.work(echo, 1, async ({ id }) => {
    first.resolve(id);
    await hold.promise;
  });
  await jobs.start();
  await jobs.send(echo, { n: 1 });
  const id = await first.promise;
  await jobs.stop();

  const again = Promise.withResolvers<string>();
  jobs = new Jobs(database.url, events);
  jobs.work(echo, 1, async (job) => again.resolve(job.id));
  await jobs.start();
  expect(await again.promise).toBe(id);
  hold.resolve();
});
