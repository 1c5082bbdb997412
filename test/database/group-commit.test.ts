import { expect, test, vi } from 'vitest';
import { GroupCommit } from '../../src/database/group-commit.ts';

/** A commit function whose batches the test ends one by one. */
function controlled(limits: { maximumItems?: number; maximumBytes?: number } = {}) {
  const batches: string[][] = [];
  let begun = Promise.withResolvers<void>();
  let ending = Promise.withResolvers<Error | undefined>();
  const group = new GroupCommit<string>({
    ...limits,
    sizeBytes: (item) => item.length,
    commit: async (items) => {
      batches.push(items);
      begun.resolve();
      const error = await ending.promise;
      if (error !== undefined) throw error;
    },
  });
  return {
    group,
    batches,
    /** Resolves once the next batch is being committed. */
    begun: async () => {
      await begun.promise;
      begun = Promise.withResolvers();
    },
    end: (failure?: Error) => {
      const { resolve } = ending;
      ending = Promise.withResolvers();
      resolve(failure);
    },
  };
}

test('items added in one turn share a commit, and items added during it go into the next, in order of arrival', async () => {
  const { group, batches, begun, end } = controlled();
  const first = Promise.all([group.add('a'), group.add('b')]);
  await begun();
  const second = Promise.all([group.add('c'), group.add('d'), group.add('e')]);
  end();
  await first;
  await begun();
  end();
  await second;
  expect(batches).toEqual([
    ['a', 'b'],
    ['c', 'd', 'e'],
  ]);
});

test('an item is acknowledged only after its own commit', async () => {
  const { group, begun, end } = controlled();
  const onAcknowledged = vi.fn<() => void>();
  const added = group.add('a').then(onAcknowledged);
  await begun();
  expect(onAcknowledged).not.toHaveBeenCalled();
  end();
  await added;
});

test('a failed commit rejects its own items with its error; later items are stored', async () => {
  const { group, batches, begun, end } = controlled();
  const failing = Promise.allSettled([group.add('a'), group.add('b')]);
  await begun();
  const following = group.add('c');
  const error = new Error('disk full');
  end(error);
  expect(await failing).toEqual([
    { status: 'rejected', reason: error },
    { status: 'rejected', reason: error },
  ]);
  await begun();
  end();
  await following;
  expect(batches).toEqual([['a', 'b'], ['c']]);
});

const limited = [
  { name: 'items', limits: { maximumItems: 2 }, items: ['a', 'b', 'c', 'd', 'e'], expected: [2, 2, 1] },
  {
    name: 'bytes',
    limits: { maximumBytes: 4 },
    items: ['aa', 'bb', 'c', 'dddd', 'e'],
    expected: [2, 1, 1, 1],
  },
  {
    name: 'bytes, by a single item over it',
    limits: { maximumBytes: 2 },
    items: ['a', 'bbbbb', 'c'],
    expected: [1, 1, 1],
  },
];
test.each(limited)('a commit is closed at its limit of $name', async ({ limits, items, expected }) => {
  const batches: string[][] = [];
  const group = new GroupCommit<string>({
    ...limits,
    sizeBytes: (item) => item.length,
    commit: async (batch) => {
      batches.push(batch);
    },
  });
  await Promise.all(items.map(async (item) => group.add(item)));
  expect(batches.map((batch) => batch.length)).toEqual(expected);
  expect(batches.flat()).toEqual(items);
});

test('settled() waits for everything added before it, whatever the outcome, and returns at once if there is nothing', async () => {
  const { group, begun, end } = controlled();
  await group.settled();
  const outcome = Promise.allSettled([group.add('a')]);
  const onSettled = vi.fn<() => void>();
  const waiting = group.settled().then(onSettled);
  await begun();
  expect(onSettled).not.toHaveBeenCalled();
  end(new Error('gone'));
  await waiting;
  expect((await outcome)[0]?.status).toBe('rejected');
});

test('an item added while another is acknowledged is stored too', async () => {
  const batches: string[][] = [];
  const group = new GroupCommit<string>({
    sizeBytes: () => 1,
    commit: async (batch) => {
      batches.push(batch);
    },
  });
  await group.add('a').then(async () => group.add('b'));
  expect(batches).toEqual([['a'], ['b']]);
});
