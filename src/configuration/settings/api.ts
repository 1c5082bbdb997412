import { largestSafe, mebibyte, setting } from '../setting.ts';
import { flag, integer } from '../setting-parsers.ts';

/** Limits on requests and answers of the API. */
export const apiSettings = {
  rateLimitPerMinute: setting<number>({
    environment: 'CHELA_RATE_LIMIT_PER_MINUTE',
    default: 6000,
    parse: integer(0, largestSafe),
    describe:
      'Requests one account (or one address without a valid credential) may make in a minute; 0 is no limit.',
  }),
  bodyLimitBytes: setting<number>({
    environment: 'CHELA_BODY_LIMIT_BYTES',
    default: 16 * mebibyte,
    parse: integer(1024, 1024 * mebibyte),
    describe: 'Largest JSON body.',
  }),
  syncWaitSeconds: setting<number>({
    environment: 'CHELA_SYNC_WAIT_SECONDS',
    default: 300,
    parse: integer(1, 3600),
    describe: 'Longest wait of a synchronous run before its answer says is_finished: false.',
  }),
  strictRunMonth: setting<boolean>({
    environment: 'CHELA_STRICT_RUN_MONTH',
    default: false,
    parse: flag,
    describe:
      'List runs as the hosted service does: the current month by default, otherwise both times within one month.',
  }),
  linkLifetimeSeconds: setting<number>({
    environment: 'CHELA_LINK_LIFETIME_SECONDS',
    default: 24 * 3600,
    parse: integer(60, 365 * 24 * 3600),
    describe: 'How long a signed link (logs, exports) works.',
  }),
} as const;
