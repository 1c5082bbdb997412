import { once, EventEmitter } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { Periodic } from '../../src/services/periodic.ts';

/** Work that a test ends explicitly, with an event at each start. */
class SlowWork {
  readonly #events = new EventEmitter();
  readonly #ends: (() => void)[] = [];
  begun = 0;
  running = 0;
  maxRunning = 0;

  readonly work = async (): Promise<void> => {
    this.begun += 1;
    this.running += 1;
    this.maxRunning = Math.max(this.maxRunning, this.running);
    const end = Promise.withResolvers<void>();
    this.#ends.push(end.resolve);
    this.#events.emit('begun');
    await end.promise;
    this.running -= 1;
  };

  /** Resolves when the work has begun this many times. */
  async hasBegun(times: number): Promise<void> {
    while (this.begun < times) await once(this.#events, 'begun');
  }

  end(): void {
    this.#ends.shift()?.();
  }
}

function periodic(work: () => Promise<void>, intervalMilliseconds: number): [Periodic, unknown[]] {
  const errors: unknown[] = [];
  const made = new Periodic({ intervalMilliseconds, work, onError: (error) => errors.push(error) });
  onTestFinished(async () => made.stop());
  return [made, errors];
}

/** An interval too long to pass during a test. */
const never = 2 ** 30;

test('the work is repeated until the stop, one run at a time', async () => {
  const slow = new SlowWork();
  const [made] = periodic(slow.work, 1);
  made.start();
  made.start();
  for (let times = 1; times <= 5; times += 1) {
    await slow.hasBegun(times);
    await new Promise((later) => setTimeout(later, 5));
    slow.end();
  }
  await slow.hasBegun(6);
  const stopped = made.stop();
  slow.end();
  await stopped;
  expect(slow).toMatchObject({ begun: 6, running: 0, maxRunning: 1 });
});

test('a stop waits for running work, even if it was never started', async () => {
  const slow = new SlowWork();
  const [made] = periodic(slow.work, never);
  await made.stop();
  const run = made.run();
  await slow.hasBegun(1);
  const stopped = made.stop();
  const first = await Promise.race([stopped, new Promise((resolve) => setImmediate(resolve, 'not yet'))]);
  expect(first).toBe('not yet');
  slow.end();
  await Promise.all([run, stopped, made.stop()]);
  expect(slow.running).toBe(0);
});

test('triggers during the work cause one more run', async () => {
  const slow = new SlowWork();
  const [made] = periodic(slow.work, never);
  made.trigger();
  made.start();
  made.trigger();
  await slow.hasBegun(1);
  for (let times = 0; times < 10; times += 1) made.trigger();
  slow.end();
  await slow.hasBegun(2);
  slow.end();
  await new Promise(setImmediate);
  expect(slow).toMatchObject({ begun: 2, running: 0 });
  made.trigger();
  await slow.hasBegun(3);
  made.trigger();
  const stopped = made.stop();
  slow.end();
  await stopped;
  expect(slow).toMatchObject({ begun: 3, maxRunning: 1 });
});

test('a trigger during an explicit run causes another run after it', async () => {
  const slow = new SlowWork();
  const [made] = periodic(slow.work, never);
  made.start();
  const shared = [made.run(), made.run()];
  await slow.hasBegun(1);
  made.trigger();
  await new Promise(setImmediate);
  expect(slow.begun).toBe(1);
  slow.end();
  await Promise.all(shared);
  await slow.hasBegun(2);
  slow.end();
});

test('a failure is reported and the work is repeated anyway; an explicit run rejects with it', async () => {
  const problem = new Error('it failed');
  const failed = Promise.withResolvers<void>();
  let times = 0;
  const [made, errors] = periodic(async () => {
    times += 1;
    if (times === 3) failed.resolve();
    throw problem;
  }, 1);
  await expect(made.run()).rejects.toBe(problem);
  expect(errors).toEqual([]);
  made.start();
  await failed.promise;
  await made.stop();
  expect(errors.every((error) => error === problem)).toBe(true);
  expect(errors.length).toBe(times - 1);
});

test('work that throws synchronously rejects like any other failure', async () => {
  const problem = new Error('it threw');
  const [made] = periodic(() => {
    throw problem;
  }, never);
  await expect(made.run()).rejects.toBe(problem);
});
