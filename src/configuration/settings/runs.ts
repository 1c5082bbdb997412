import { availableParallelism } from 'node:os';
import { largestSafe, mebibyte, setting } from '../setting.ts';
import { cpus, integer, oneOf } from '../setting-parsers.ts';

/** How runs are split, their limits, and what happens when a runner is lost. */
export const runsSettings = {
  subtaskLimit: setting<number>({
    environment: 'CHELA_SUBTASK_LIMIT',
    default: 10_000,
    parse: integer(1, 1_000_000),
    describe: 'Maximum subtasks of one run.',
  }),
  subtaskInputLimitBytes: setting<number>({
    environment: 'CHELA_SUBTASK_INPUT_LIMIT_BYTES',
    default: 256 * mebibyte,
    parse: integer(1024, largestSafe),
    describe:
      'Maximum total size of the inputs of all subtasks of one run. Fields that are not split are copied into every subtask.',
  }),
  sdkInputLimitBytes: setting<number>({
    environment: 'CHELA_SDK_INPUT_LIMIT_BYTES',
    default: 4 * mebibyte,
    parse: integer(64 * 1024, 1024 * mebibyte),
    describe:
      'Maximum size of the message with the input of one subtask. A run with a larger input is refused. The gRPC clients in the SDKs receive up to 4 MiB unless a worker raises their limit.',
  }),
  runConcurrency: setting<number>({
    environment: 'CHELA_RUN_CONCURRENCY',
    default: 0,
    parse: integer(0, 1_000_000),
    describe:
      'Maximum subtasks of one run that all runners together execute at the same time. 0 means no limit. A change applies to new runs only.',
  }),
  taskLimit: setting<number>({
    environment: 'CHELA_TASK_LIMIT',
    default: 10_000,
    parse: integer(1, largestSafe),
    describe: 'Maximum saved tasks per account.',
  }),
  queuedRunLimit: setting<number>({
    environment: 'CHELA_QUEUED_RUN_LIMIT',
    default: 10_000,
    parse: integer(1, largestSafe),
    describe: 'Maximum runs per account in the run queue.',
  }),
  defaultMemoryMegabytes: setting<number>({
    environment: 'CHELA_DEFAULT_MEMORY_MB',
    default: 2048,
    parse: integer(64, 1_048_576),
    describe: 'Default memory limit of a subtask, in MiB.',
  }),
  defaultTimeLimitSeconds: setting<number>({
    environment: 'CHELA_DEFAULT_TIME_LIMIT_SECONDS',
    default: 1800,
    parse: integer(1, 30 * 24 * 3600),
    describe: 'Default time limit of a subtask.',
  }),
  defaultCpus: setting<number>({
    environment: 'CHELA_DEFAULT_CPUS',
    default: 1,
    parse: cpus,
    describe: 'Default processor limit of a subtask, in cpus.',
  }),
  lostSubtasks: setting<'fail' | 'retry'>({
    environment: 'CHELA_LOST_SUBTASKS',
    default: 'fail',
    parse: oneOf('fail', 'retry'),
    describe:
      'What happens to the subtasks of a lost runner: fail ends them as failed, retry runs them again, which may repeat rows.',
  }),
  runnerSlots: setting<number>({
    environment: 'CHELA_RUNNER_SLOTS',
    default: Math.max(4, availableParallelism() * 2),
    defaultText: 'twice the number of processors, at least 4',
    parse: integer(1, 10_000),
    describe: 'Maximum subtasks that one runner executes at the same time.',
  }),
  runnerLeaseSeconds: setting<number>({
    environment: 'CHELA_RUNNER_LEASE_SECONDS',
    default: 30,
    parse: integer(3, 3600),
    describe:
      'A runner that sends no heartbeat for this long is lost. Time while PostgreSQL is unavailable does not count.',
  }),
} as const;
