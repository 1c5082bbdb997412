import { availableParallelism } from 'node:os';
import { largestSafe, mebibyte, setting } from '../setting.ts';
import { cpus, integer, oneOf } from '../setting-parsers.ts';

/** How runs are split, their limits, and what happens when a runner is lost. */
export const runsSettings = {
  subtaskLimit: setting<number>({
    environment: 'CHELA_SUBTASK_LIMIT',
    default: 10_000,
    parse: integer(1, 1_000_000),
    describe: 'Most subtasks one run may be split into.',
  }),
  subtaskInputLimitBytes: setting<number>({
    environment: 'CHELA_SUBTASK_INPUT_LIMIT_BYTES',
    default: 256 * mebibyte,
    parse: integer(1024, largestSafe),
    describe: 'Largest total of the inputs of the subtasks of one run: a big field is copied into each.',
  }),
  runConcurrency: setting<number>({
    environment: 'CHELA_RUN_CONCURRENCY',
    default: 0,
    parse: integer(0, 1_000_000),
    describe:
      'Most subtasks of one run that are executed at the same time, by all runners together; 0 is no limit. Holds for runs submitted from then on.',
  }),
  taskLimit: setting<number>({
    environment: 'CHELA_TASK_LIMIT',
    default: 10_000,
    parse: integer(1, largestSafe),
    describe: 'Most saved tasks of one account.',
  }),
  queuedRunLimit: setting<number>({
    environment: 'CHELA_QUEUED_RUN_LIMIT',
    default: 10_000,
    parse: integer(1, largestSafe),
    describe: 'Most runs one account can hold in the run queue.',
  }),
  defaultMemoryMegabytes: setting<number>({
    environment: 'CHELA_DEFAULT_MEMORY_MB',
    default: 2048,
    parse: integer(64, 1_048_576),
    describe: 'Memory of a subtask whose run names none, in MiB.',
  }),
  defaultTimeLimitSeconds: setting<number>({
    environment: 'CHELA_DEFAULT_TIME_LIMIT_SECONDS',
    default: 1800,
    parse: integer(1, 30 * 24 * 3600),
    describe: 'Time of a subtask whose run names none.',
  }),
  defaultCpus: setting<number>({
    environment: 'CHELA_DEFAULT_CPUS',
    default: 1,
    parse: cpus,
    describe: "Processors' worth of time of a subtask whose run names none.",
  }),
  lostSubtasks: setting<'fail' | 'retry'>({
    environment: 'CHELA_LOST_SUBTASKS',
    default: 'fail',
    parse: oneOf('fail', 'retry'),
    describe:
      'What becomes of the subtasks of a runner that died: failed, or run again (rows may then repeat).',
  }),
  runnerSlots: setting<number>({
    environment: 'CHELA_RUNNER_SLOTS',
    default: Math.max(4, availableParallelism() * 2),
    defaultText: 'twice the processors, at least 4',
    parse: integer(1, 10_000),
    describe: 'Subtasks a runner executes at the same time.',
  }),
  runnerLeaseSeconds: setting<number>({
    environment: 'CHELA_RUNNER_LEASE_SECONDS',
    default: 30,
    parse: integer(3, 3600),
    describe:
      'A runner whose heartbeat stays the same for this long is lost. Time in which PostgreSQL is away does not count.',
  }),
} as const;
