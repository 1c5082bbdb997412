import { expect, test } from 'vitest';
import { RememberedTrial } from '../../src/runner/sandboxes/remembered-trial.ts';

function trial(outcomes: readonly (string | undefined)[]) {
  const state = { attempts: 0, now: 0 };
  const attempt = async (): Promise<void> => {
    const problem = outcomes[state.attempts];
    state.attempts += 1;
    if (problem !== undefined) throw new Error(problem);
  };
  return { state, remembered: new RememberedTrial(attempt, () => state.now) };
}

test('what was possible once is not tried again', async () => {
  const { state, remembered } = trial([undefined]);
  expect(await Promise.all([remembered.problem(), remembered.problem()])).toEqual([undefined, undefined]);
  state.now = 1_000_000;
  expect(await remembered.problem()).toBeUndefined();
  expect(state.attempts).toBe(1);
});

test('a failure is remembered for a minute, and then one of the callers tries again', async () => {
  const { state, remembered } = trial(['not allowed', undefined]);
  expect(await remembered.problem()).toBe('not allowed');
  state.now = 60_000;
  expect(await remembered.problem()).toBe('not allowed');
  state.now = 60_001;
  expect(await Promise.all([remembered.problem(), remembered.problem()])).toEqual([undefined, undefined]);
  expect(state.attempts).toBe(2);
});
