import { largestSafe, mebibyte, setting } from '../setting.ts';
import { integer } from '../setting-parsers.ts';

/** Limits on stored rows, and exports. */
export const resultsSettings = {
  rowLimit: setting<number>({
    environment: 'CHELA_ROW_LIMIT',
    default: 10_000_000,
    parse: integer(0, largestSafe),
    describe: 'Most rows of one run; a push over it is refused and stops the run. 0 is no limit.',
  }),
  sdkMessageLimitBytes: setting<number>({
    environment: 'CHELA_SDK_MESSAGE_LIMIT_BYTES',
    default: 16 * mebibyte,
    parse: integer(64 * 1024, 1024 * mebibyte),
    describe: 'Largest row or log line a worker may send by the SDK.',
  }),
  sdkSharedBytes: setting<number>({
    environment: 'CHELA_SDK_SHARED_BYTES',
    default: 64 * mebibyte,
    parse: integer(0, largestSafe),
    describe:
      'Memory that all subtasks of a runner share for SDK messages in flight, beyond the memory reserved for one message of the maximum size in each subtask. A message waits until there is memory for it.',
  }),
  outputLineLimitBytes: setting<number>({
    environment: 'CHELA_OUTPUT_LINE_LIMIT_BYTES',
    default: 64 * 1024,
    parse: integer(1024, 16 * mebibyte),
    describe: 'Longest line kept of what a worker prints; the rest of the line is cut.',
  }),
  logLineLimit: setting<number>({
    environment: 'CHELA_LOG_LINE_LIMIT',
    default: 1_000_000,
    parse: integer(100, largestSafe),
    describe: 'Most log lines kept of one subtask; a last line says that more were dropped.',
  }),
  logLinesPerSecond: setting<number>({
    environment: 'CHELA_LOG_LINES_PER_SECOND',
    default: 5000,
    parse: integer(10, largestSafe),
    describe: 'Most log lines kept of one subtask in a second; a line says how many more there were.',
  }),
  exportWaitSeconds: setting<number>({
    environment: 'CHELA_EXPORT_WAIT_SECONDS',
    default: 50,
    parse: integer(0, 3600),
    describe:
      'How long the answer to an export waits for the file, and again its link; shorter than the time limits of clients and proxies.',
  }),
  exportConcurrency: setting<number>({
    environment: 'CHELA_EXPORT_CONCURRENCY',
    default: 2,
    parse: integer(1, 100),
    describe: 'Exports one process makes at the same time; each takes a thread and a database connection.',
  }),
} as const;
