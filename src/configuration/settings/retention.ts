import { largestSafe, mebibyte, setting } from '../setting.ts';
import { daysByName, integer } from '../setting-parsers.ts';

/** How long things are kept. */
export const retentionSettings = {
  retentionDays: setting<number>({
    environment: 'CHELA_RETENTION_DAYS',
    default: 30,
    parse: integer(1, 36_500),
    describe: 'Days to keep runs with their rows and logs. Pinned runs are kept longer.',
  }),
  planRetentionDays: setting<ReadonlyMap<string, number>>({
    environment: 'CHELA_PLAN_RETENTION_DAYS',
    default: new Map(),
    defaultText: 'none',
    parse: daysByName,
    describe:
      'Days to keep the runs of accounts with certain plans, such as free=7,business=365. Other plans have CHELA_RETENTION_DAYS.',
  }),
  pinnedRunLimit: setting<number>({
    environment: 'CHELA_PINNED_RUN_LIMIT',
    default: 1000,
    parse: integer(0, largestSafe),
    describe: 'Maximum pinned runs per account, which the retention keeps.',
  }),
  statisticsRetentionDays: setting<number>({
    environment: 'CHELA_STATISTICS_RETENTION_DAYS',
    default: 100,
    parse: integer(1, 36_500),
    describe: 'Days to keep the statistics of runs, which the charts use. They can outlive the runs.',
  }),
  auditRetentionDays: setting<number>({
    environment: 'CHELA_AUDIT_RETENTION_DAYS',
    default: 365,
    parse: integer(1, 36_500),
    describe: 'Days to keep entries of the audit log.',
  }),
  exportRetentionDays: setting<number>({
    environment: 'CHELA_EXPORT_RETENTION_DAYS',
    default: 7,
    parse: integer(1, 36_500),
    describe:
      'Days to keep the file of an export after it was last requested. It is kept at least while its links work, and never longer than its run.',
  }),
  cacheRetentionDays: setting<number>({
    environment: 'CHELA_CACHE_RETENTION_DAYS',
    default: 30,
    parse: integer(1, 36_500),
    describe: 'Days to keep unpacked packages and installed dependencies after their last use.',
  }),
  cacheLimitBytes: setting<number>({
    environment: 'CHELA_CACHE_LIMIT_BYTES',
    default: 20 * 1024 * mebibyte,
    parse: integer(mebibyte, largestSafe),
    describe:
      'Maximum total size of unpacked packages and installed dependencies. Above it the least recently used are removed, never those in use.',
  }),
} as const;
