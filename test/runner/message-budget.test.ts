import { describe, expect, test } from 'vitest';
import {
  callBytes,
  MessageBudget,
  type Admission,
  type SubtaskBudget,
} from '../../src/runner/sdk/message-budget.ts';

const messageLimitBytes = 2 * 1024 * 1024;
const own = messageLimitBytes + callBytes;

/** Requests room for a message of this size, including the call. */
function ask(subtask: SubtaskBudget, bytes: number): Admission & { readonly isAdmitted: () => boolean } {
  let admitted = false;
  const admission = subtask.admit(bytes - callBytes, () => (admitted = true));
  return { ...admission, isAdmitted: () => admitted };
}

/** The indices of those that have room. */
function admitted(messages: readonly { isAdmitted: () => boolean }[]): number[] {
  return messages.flatMap((message, place) => (message.isAdmitted() ? [place] : []));
}

describe('a subtask', () => {
  test('has reserved room for a message of the largest size', () => {
    const subtask = new MessageBudget({ messageLimitBytes, sharedBytes: 0 }).openSubtask();
    const first = ask(subtask, own);
    const second = ask(subtask, callBytes);
    expect(admitted([first, second])).toEqual([0]);
    expect([subtask.usedBytes, subtask.waiting]).toEqual([own, 1]);
    first.release();
    expect(admitted([second])).toEqual([0]);
    second.release();
    expect([subtask.usedBytes, subtask.waiting]).toEqual([0, 0]);
  });

  test('has its messages admitted in order, small ones behind large ones', () => {
    const subtask = new MessageBudget({ messageLimitBytes, sharedBytes: 0 }).openSubtask();
    const messages = [own - 30_000, 40_000, 20_000].map((bytes) => ask(subtask, bytes));
    expect(admitted(messages)).toEqual([0]);
    messages[0]?.release();
    expect(admitted(messages)).toEqual([0, 1, 2]);
  });

  test('gets the same amount of shared room, and no more', () => {
    const budget = new MessageBudget({ messageLimitBytes, sharedBytes: 10 * own });
    const subtask = budget.openSubtask();
    const messages = [own, own, callBytes].map((bytes) => ask(subtask, bytes));
    expect(admitted(messages)).toEqual([0, 1]);
    expect(budget.borrowedBytes).toBe(own);
    messages[0]?.release();
    expect(admitted(messages)).toEqual([0, 1, 2]);
    expect(budget.borrowedBytes).toBe(callBytes);
  });

  test('keeps its room if messages are released twice, or while they wait', () => {
    const subtask = new MessageBudget({ messageLimitBytes, sharedBytes: 0 }).openSubtask();
    const messages = [own, own, own].map((bytes) => ask(subtask, bytes));
    messages[1]?.release();
    messages[1]?.release();
    messages[0]?.release();
    messages[0]?.release();
    expect(admitted(messages)).toEqual([0, 2]);
    expect(subtask.usedBytes).toBe(own);
  });

  test('has room for many small messages under a small limit', () => {
    const subtask = new MessageBudget({ messageLimitBytes: 1000, sharedBytes: 0 }).openSubtask();
    expect(admitted(Array.from({ length: 100 }, () => ask(subtask, callBytes + 100))).length).toBeGreaterThan(
      60,
    );
  });

  test('has a message over the limit counted as one at the limit', () => {
    const subtask = new MessageBudget({ messageLimitBytes, sharedBytes: 0 }).openSubtask();
    expect(ask(subtask, 100 * own).isAdmitted()).toBe(true);
    expect(subtask.usedBytes).toBe(own);
  });
});

describe('several subtasks', () => {
  test("cannot take each other's reserved room", () => {
    const budget = new MessageBudget({ messageLimitBytes, sharedBytes: 2 * own });
    const greedy = Array.from({ length: 5 }, () => budget.openSubtask());
    for (const subtask of greedy) for (let count = 0; count < 5; count += 1) ask(subtask, own);
    expect(budget.borrowedBytes).toBe(2 * own);
    const modest = budget.openSubtask();
    const messages = Array.from({ length: 8 }, () => ask(modest, own / 8));
    expect(admitted(messages)).toHaveLength(8);
  });

  test('take turns at shared room that becomes free', () => {
    const budget = new MessageBudget({ messageLimitBytes, sharedBytes: own });
    const [one, two, three] = [budget.openSubtask(), budget.openSubtask(), budget.openSubtask()];
    const lender = [own, own].map((bytes) => ask(one, bytes));
    const waiting = [two, three].map((subtask) => {
      const messages = [own, own / 2, own / 2].map((bytes) => ask(subtask, bytes));
      return messages.slice(1);
    });
    expect(waiting.map(admitted)).toEqual([[], []]);
    lender[1]?.release();
    expect(waiting.map(admitted)).toEqual([[0], [0]]);
    expect(budget.borrowedBytes).toBe(own);
  });

  test('lose no shared room to what they return', () => {
    const budget = new MessageBudget({ messageLimitBytes, sharedBytes: 3 * own });
    const subtasks = Array.from({ length: 4 }, () => budget.openSubtask());
    // A fixed cycle of sizes, returned in another order than requested.
    const messages = Array.from({ length: 400 }, (_, place) =>
      ask(subtasks[place % 4] as SubtaskBudget, callBytes + ((place * 7919) % messageLimitBytes)),
    );
    for (let step = 0; step < messages.length; step += 1) messages[(step * 263) % messages.length]?.release();
    expect(admitted(messages).length).toBeGreaterThan(0);
    expect([budget.borrowedBytes, ...subtasks.map(({ usedBytes }) => usedBytes)]).toEqual([0, 0, 0, 0, 0]);
    expect(subtasks.map(({ waiting }) => waiting)).toEqual([0, 0, 0, 0]);
  });
});
