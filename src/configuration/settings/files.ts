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
  storeLimit: setting<number>({
    environment: 'CHELA_STORE_LIMIT',
    default: 100,
    parse: integer(0, 1_000_000),
    describe: 'Maximum number of stores of an account.',
  }),
  storeKeyLimit: setting<number>({
    environment: 'CHELA_STORE_KEY_LIMIT',
    default: 100_000,
    parse: integer(1, largestSafe),
    describe: 'Maximum number of keys of a store.',
  }),
  storeValueLimitBytes: setting<number>({
    environment: 'CHELA_STORE_VALUE_LIMIT_BYTES',
    default: 256 * 1024,
    parse: integer(1024, 16 * mebibyte),
    describe: 'Maximum size of a value in a store, as JSON.',
  }),
  storeLimitBytes: setting<number>({
    environment: 'CHELA_STORE_LIMIT_BYTES',
    default: 100 * mebibyte,
    parse: integer(1024, largestSafe),
    describe: 'Maximum size of the keys and values of a store together.',
  }),
} as const;
