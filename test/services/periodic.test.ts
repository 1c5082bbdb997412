import { once, EventEmitter } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { Periodic } from '../../src/services/periodic.ts';

/** Work that a test ends by hand, and that tells of each beginning. */
class SlowWork {
  readonly #events = new EventEmitter();
  readonly #ends: (() => void)[] = [];
  begun = 0;
  underWay = 0;
  mostUnderWay = 0;

  readonly work = async (): Promise<void> => {
    this.begun += 1;
    this.underWay += 1;
    this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay);
    const end = Promise.withResolvers<void>();
    this.#ends.push(end.resolve);
    this.#events.emit('begun');
    await end.promise;
    this.underWay -= 1;
  };

  /** Resolves once the work has begun this often. */
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

/** So long that no test sees it come. */
const never = 2 ** 30;

test('work is done again and again until it is stopped, one at a time', async () => {
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
  expect(slow).toMatchObject({ begun: 6, underWay: 0, mostUnderWay: 1 });
});

test('a stop waits for the work under way, also where it was not started', async () => {
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
  expect(slow.underWay).toBe(0);
});

test('triggers while the work is under way make for one more time', async () => {
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
  expect(slow).toMatchObject({ begun: 2, underWay: 0 });
  made.trigger();
  await slow.hasBegun(3);
  made.trigger();
  const stopped = made.stop();
  slow.end();
  await stopped;
  expect(slow).toMatchObject({ begun: 3, mostUnderWay: 1 });
});

test('a trigger while somebody runs the work makes for another time after that', async () => {
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

test('a failure is told and the next time comes all the same; who runs the work gets it', async () => {
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

test('work that throws before its first await is a failure like any other', async () => {
  const problem = new Error('it threw');
  const [made] = periodic(() => {
    throw problem;
  }, never);
  await expect(made.run()).rejects.toBe(problem);
});
