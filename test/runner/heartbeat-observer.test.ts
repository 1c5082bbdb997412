import { expect, test } from 'vitest';
import { HeartbeatObserver } from '../../src/runner/heartbeat-observer.ts';

const leaseMilliseconds = 30_000;
const lookMilliseconds = 5000;

/** Looks every five seconds, for a moment each, at heartbeats given as a function of the time. */
class Looks {
  readonly #observer = new HeartbeatObserver(leaseMilliseconds);
  readonly #heartbeats: (now: number) => Record<number, string>;
  now = 1_000_000;

  constructor(heartbeats: (now: number) => Record<number, string>) {
    this.#heartbeats = heartbeats;
  }

  look(): number[] {
    const heartbeats = new Map(
      Object.entries(this.#heartbeats(this.now)).map(([id, heartbeat]) => [Number(id), heartbeat]),
    );
    const beganAtMilliseconds = this.now;
    this.now += 10;
    return this.#observer.observe({ beganAtMilliseconds, endedAtMilliseconds: this.now, heartbeats });
  }

  /** @returns the runners that expired, and how long that took */
  untilExpired(limitMilliseconds: number): { expired: number[]; after: number } {
    const began = this.now;
    while (this.now - began < limitMilliseconds) {
      const expired = this.look();
      if (expired.length > 0) return { expired, after: this.now - began };
      this.now += lookMilliseconds;
    }
    return { expired: [], after: limitMilliseconds };
  }

  fail(): void {
    this.#observer.forget();
  }
}

/** A heartbeat every 7.5 s. */
const regularHeartbeat = (now: number): string => String(Math.floor(now / 7500));

test('only a runner whose heartbeat stays the same expires, after a lease and at most two looks', () => {
  const looks = new Looks((now) => ({ 1: 'last', 2: regularHeartbeat(now) }));
  const { expired, after } = looks.untilExpired(600_000);
  expect(expired).toEqual([1]);
  expect(after).toBeGreaterThanOrEqual(leaseMilliseconds);
  expect(after).toBeLessThan(leaseMilliseconds + 2 * lookMilliseconds);
});

test('heartbeats are never compared with a clock', () => {
  const looks = new Looks((now) => ({
    1: `1970-01-01 ${regularHeartbeat(now)}`,
    2: `2999-12-31 ${regularHeartbeat(now)}`,
  }));
  expect(looks.untilExpired(600_000).expired).toEqual([]);
});

test('after a failed look every runner gets a full lease', () => {
  const looks = new Looks(() => ({ 1: 'last' }));
  looks.untilExpired(leaseMilliseconds - lookMilliseconds);
  looks.fail();
  expect(looks.untilExpired(600_000).after).toBeGreaterThanOrEqual(leaseMilliseconds);
});

test('after looks far apart every runner gets a full lease', () => {
  const looks = new Looks(() => ({ 1: 'last' }));
  looks.untilExpired(leaseMilliseconds - lookMilliseconds);
  looks.now += 45_000;
  expect(looks.untilExpired(600_000).after).toBeGreaterThanOrEqual(leaseMilliseconds);
});

test('a look with a slow answer counts as late', () => {
  const observer = new HeartbeatObserver(leaseMilliseconds);
  const heartbeats = new Map([[1, 'last']]);
  const look = (beganAtMilliseconds: number, endedAtMilliseconds: number): number[] =>
    observer.observe({ beganAtMilliseconds, endedAtMilliseconds, heartbeats });
  for (let now = 0; now <= leaseMilliseconds; now += lookMilliseconds) expect(look(now, now + 1)).toEqual([]);
  expect(look(31_000, 90_000)).toEqual([]);
  expect(look(90_001, 90_002)).toEqual([]);
});

test('a runner that returns, or replaces another, starts over', () => {
  let heartbeats: Record<number, string> = { 1: 'last' };
  const looks = new Looks(() => heartbeats);
  looks.untilExpired(leaseMilliseconds - lookMilliseconds);
  heartbeats = {};
  looks.look();
  heartbeats = { 1: 'last', 2: 'last' };
  const { expired, after } = looks.untilExpired(600_000);
  expect(expired).toEqual([1, 2]);
  expect(after).toBeGreaterThanOrEqual(leaseMilliseconds);
});
