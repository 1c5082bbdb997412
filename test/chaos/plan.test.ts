import { expect, test } from 'vitest';
import { faults } from '../../chaos/faults/faults.ts';
import { plan, type PlannedFault } from '../../chaos/plan.ts';

const minutes = 60_000;
const options = { seed: 7, lengthMs: 10 * minutes, leaseMs: 5000, faults };

function shown(planned: readonly PlannedFault[]): string[] {
  return planned.map(({ fault, target, atMs, lengthMs }) => `${atMs} ${fault.name} ${target} ${lengthMs}`);
}

test('the same seed gives the same faults', () => {
  expect(shown(plan(options))).toEqual(shown(plan(options)));
  expect(shown(plan({ ...options, seed: 8 }))).not.toEqual(shown(plan(options)));
});

test('a longer campaign begins with the faults of a shorter one', () => {
  const short = shown(plan({ ...options, lengthMs: minutes }));
  expect(short.length).toBeGreaterThan(5);
  expect(shown(plan(options)).slice(0, short.length)).toEqual(short);
});

test('every kind occurs in ten minutes, on every target', () => {
  const planned = plan(options);
  expect(new Set(planned.map(({ fault }) => fault.name))).toEqual(new Set(faults.map(({ name }) => name)));
  expect(new Set(planned.map(({ target }) => target))).toEqual(
    new Set(faults.flatMap(({ targets }) => targets)),
  );
});

test('a target never has two faults at once', () => {
  const overlapping = [...Map.groupBy(plan(options), ({ target }) => target).values()].flatMap((planned) =>
    planned.filter(({ atMs }, index) => {
      const before = planned[index - 1];
      return before !== undefined && atMs <= before.atMs + before.lengthMs;
    }),
  );
  expect(overlapping).toEqual([]);
});
