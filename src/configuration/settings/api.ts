import { largestSafe, mebibyte, setting } from '../setting.ts';
import { flag, integer } from '../setting-parsers.ts';

/** Limits on requests and answers of the API. */
export const apiSettings = {
  rateLimitPerMinute: setting<number>({
    environment: 'CHELA_RATE_LIMIT_PER_MINUTE',
    default: 6000,
    parse: integer(0, largestSafe),
    describe:
      'Maximum requests per minute of one account, or of one address without a valid credential. 0 means no limit.',
  }),
  bodyLimitBytes: setting<number>({
    environment: 'CHELA_BODY_LIMIT_BYTES',
    default: 16 * mebibyte,
    parse: integer(1024, 1024 * mebibyte),
    describe: 'Maximum size of a JSON body.',
  }),
  bodyStallSeconds: setting<number>({
    environment: 'CHELA_BODY_STALL_SECONDS',
    default: 30,
    parse: integer(1, 600),
    describe: 'A request ends with an error if less than 16 KiB of its body arrive within this time.',
  }),
  unfinishedBodyLimit: setting<number>({
    environment: 'CHELA_UNFINISHED_BODY_LIMIT',
    default: 200,
    parse: integer(1, largestSafe),
    describe:
      'Maximum requests of one address whose bodies have not arrived completely. Further ones get 429.',
  }),
  eventStreamLimit: setting<number>({
    environment: 'CHELA_EVENT_STREAM_LIMIT',
    default: 500,
    parse: integer(1, largestSafe),
    describe: 'Maximum open event streams of one account in each process. Further ones get 429.',
  }),
  syncWaitSeconds: setting<number>({
    environment: 'CHELA_SYNC_WAIT_SECONDS',
    default: 300,
    parse: integer(1, 3600),
    describe:
      'Maximum wait for a synchronous run. After it, the answer has is_finished: false and the run continues.',
  }),
  strictRunMonth: setting<boolean>({
    environment: 'CHELA_STRICT_RUN_MONTH',
    default: false,
    parse: flag,
    describe:
      'List runs as the hosted service does: the current month by default; start_time and end_time must be given together and lie within one month.',
  }),
  linkLifetimeSeconds: setting<number>({
    environment: 'CHELA_LINK_LIFETIME_SECONDS',
    default: 24 * 3600,
    parse: integer(60, 365 * 24 * 3600),
    describe: 'How long a signed link (logs, exports) works.',
  }),
} as const;
