/** The thread of a pool whose tasks do what real tasks must not. */
import { stat } from 'node:fs/promises';
import { threadId } from 'node:worker_threads';
import { invalidArgument } from '../../src/errors.ts';
import { serveTasks } from '../../src/threads/serve-tasks.ts';

export type Task = 'identity' | 'spin' | 'backtrack' | 'grow' | 'refuse' | 'absent file' | 'exit';

const work: Record<Task, () => unknown> = {
  identity: () => threadId,
  spin: () => {
    for (;;);
  },
  backtrack: () => /^(?:a|a)*$/.test(`${'a'.repeat(64)}b`),
  grow: () => {
    const kept: unknown[] = [];
    for (;;) kept.push({ length: kept.length });
  },
  refuse: () => {
    throw invalidArgument('this is refused', ['for one reason', 'and another']);
  },
  'absent file': async () => stat('/nowhere/at/all'),
  exit: () => process.exit(3),
};

serveTasks(async (task: Task) => work[task]());
