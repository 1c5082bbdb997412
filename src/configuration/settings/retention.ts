import { largestSafe, mebibyte, setting } from '../setting.ts';
import { integer } from '../setting-parsers.ts';

/** How long things are kept. */
export const retentionSettings = {
  retentionDays: setting<number>({
    environment: 'CHELA_RETENTION_DAYS',
    default: 30,
    parse: integer(1, 36_500),
    describe: 'Days that runs, their rows and logs are kept.',
  }),
  statisticsRetentionDays: setting<number>({
    environment: 'CHELA_STATISTICS_RETENTION_DAYS',
    default: 100,
    parse: integer(1, 36_500),
    describe: 'Days that the figures of runs are kept that charts are drawn from; they outlive the runs.',
  }),
  auditRetentionDays: setting<number>({
    environment: 'CHELA_AUDIT_RETENTION_DAYS',
    default: 365,
    parse: integer(1, 36_500),
    describe: 'Days that entries of the audit log are kept.',
  }),
  exportRetentionDays: setting<number>({
    environment: 'CHELA_EXPORT_RETENTION_DAYS',
    default: 7,
    parse: integer(1, 36_500),
    describe:
      'Days that the file of an export is kept after it was last asked for; never less than its links work, never longer than its run.',
  }),
  cacheRetentionDays: setting<number>({
    environment: 'CHELA_CACHE_RETENTION_DAYS',
    default: 30,
    parse: integer(1, 36_500),
    describe: 'Days that unpacked packages and installed dependencies are kept after their last use.',
  }),
  cacheLimitBytes: setting<number>({
    environment: 'CHELA_CACHE_LIMIT_BYTES',
    default: 20 * 1024 * mebibyte,
    parse: integer(mebibyte, largestSafe),
    describe: 'Size of those; above it the longest unused are dropped, but never what is in use.',
  }),
} as const;
