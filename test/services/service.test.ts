import { expect, test } from 'vitest';
import { StartStop } from '../../src/services/service.ts';

/** Records its steps. A test can hold and release it. */
class Recorded extends StartStop {
  readonly name = 'recorded';
  readonly steps: string[] = [];
  failure: Error | undefined;
  #gate = Promise.withResolvers<void>();

  constructor() {
    super();
    this.#gate.resolve();
  }

  hold(): void {
    this.#gate = Promise.withResolvers<void>();
  }

  release(): void {
    this.#gate.resolve();
  }

  protected override async begin(): Promise<void> {
    this.steps.push('begin');
    await this.#gate.promise;
    if (this.failure !== undefined) throw this.failure;
    this.steps.push('begun');
  }

  protected override async end(graceMilliseconds: number): Promise<void> {
    this.steps.push(`end ${graceMilliseconds}`);
    await this.#gate.promise;
    this.steps.push('ended');
  }
}

const started = ['begin', 'begun'];
const stopped = ['end 0', 'ended'];

/** Calls made at the same time (`+` starts, `-` stops), and the expected steps. */
const calls: Record<string, string[]> = {
  '-': [],
  '--': [],
  '+': started,
  '++': started,
  '+-': [...started, ...stopped],
  '-+': started,
  '+--': [...started, ...stopped],
  '++--': [...started, ...stopped],
  '+-+': [...started, ...stopped, ...started],
  '+-+-': [...started, ...stopped, ...started, ...stopped],
};

test.each(Object.entries(calls))('the calls %s are executed in order', async (sequence, steps) => {
  const service = new Recorded();
  const call = (sign: string): Promise<void> => (sign === '+' ? service.start() : service.stop());
  await Promise.all(sequence.split('').map(call));
  expect(service.steps).toEqual(steps);
});

test('a failed start cleans up, rejects for all callers, and can be repeated', async () => {
  const service = new Recorded();
  service.hold();
  service.failure = new Error('no');
  const starts = Promise.allSettled([service.start(), service.start()]);
  const stop = service.stop(5);
  service.release();
  expect(await starts).toMatchObject([
    { status: 'rejected', reason: service.failure },
    { status: 'rejected', reason: service.failure },
  ]);
  await stop;
  expect(service.steps).toEqual(['begin', 'end 0', 'ended']);
  service.failure = undefined;
  await service.start();
  await service.stop(7);
  expect(service.steps.slice(3)).toEqual([...started, 'end 7', 'ended']);
});

test('a stop resolves for all callers only when the service has ended', async () => {
  const service = new Recorded();
  await service.start();
  service.hold();
  const stops = [service.stop(), service.stop()];
  const first = await Promise.race([...stops, new Promise((resolve) => setImmediate(resolve, 'not yet'))]);
  expect(first).toBe('not yet');
  service.release();
  await Promise.all(stops);
  expect(service.steps).toEqual([...started, ...stopped]);
});
