import { largestSafe, mebibyte, setting } from '../setting.ts';
import { integer } from '../setting-parsers.ts';

/** Limits of files and stores. */
export const filesSettings = {
  fileLimitBytes: setting<number>({
    environment: 'CHELA_FILE_LIMIT_BYTES',
    default: 256 * mebibyte,
    parse: integer(1024, largestSafe),
    describe: 'Maximum size of a file that a worker keeps.',
  }),
  runFileLimit: setting<number>({
    environment: 'CHELA_RUN_FILE_LIMIT',
    default: 10_000,
    parse: integer(0, 1_000_000),
    describe: 'Maximum number of files that a run keeps.',
  }),
  runFilesLimitBytes: setting<number>({
    environment: 'CHELA_RUN_FILES_LIMIT_BYTES',
    default: 4096 * mebibyte,
    parse: integer(0, largestSafe),
    describe: 'Maximum total size of the files that a run keeps.',
  }),
} as const;
