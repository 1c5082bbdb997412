import { largestSafe, mebibyte, setting } from '../setting.ts';
import { integer } from '../setting-parsers.ts';

/** Limits on stored rows, and exports. */
export const resultsSettings = {
  rowLimit: setting<number>({
    environment: 'CHELA_ROW_LIMIT',
    default: 10_000_000,
    parse: integer(0, largestSafe),
    describe: 'Maximum rows of one run. A push beyond it is refused and stops the run. 0 means no limit.',
  }),
  sdkMessageLimitBytes: setting<number>({
    environment: 'CHELA_SDK_MESSAGE_LIMIT_BYTES',
    default: 64 * mebibyte,
    parse: integer(64 * 1024, 1024 * mebibyte),
    describe: 'Maximum size of a row or log line that a worker sends through the SDK.',
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
    describe:
      "Maximum length of a line of a worker's output. The log has only the start and the end of longer lines.",
  }),
  logLineLimit: setting<number>({
    environment: 'CHELA_LOG_LINE_LIMIT',
    default: 1_000_000,
    parse: integer(100, largestSafe),
    describe: 'Maximum log lines kept per subtask. A final line says that more were dropped.',
  }),
  logLinesPerSecond: setting<number>({
    environment: 'CHELA_LOG_LINES_PER_SECOND',
    default: 5000,
    parse: integer(10, largestSafe),
    describe: 'Maximum log lines kept per subtask and second. A line says how many were dropped.',
  }),
  exportWaitSeconds: setting<number>({
    environment: 'CHELA_EXPORT_WAIT_SECONDS',
    default: 50,
    parse: integer(0, 3600),
    describe:
      'How long an export request, and then its download link, waits for the file. Keep it below the timeouts of clients and proxies.',
  }),
  exportConcurrency: setting<number>({
    environment: 'CHELA_EXPORT_CONCURRENCY',
    default: 2,
    parse: integer(1, 100),
    describe:
      'Maximum exports that one process creates at the same time. Each uses a thread and a database connection.',
  }),
} as const;
