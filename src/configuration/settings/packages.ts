import path from 'node:path';
import { mebibyte, setting } from '../setting.ts';
import { integer, targets, text } from '../setting-parsers.ts';

/** Limits on uploads and git imports. */
export const packagesSettings = {
  packageLimitBytes: setting<number>({
    environment: 'CHELA_PACKAGE_LIMIT_BYTES',
    default: 100 * mebibyte,
    parse: integer(1024, 10_240 * mebibyte),
    describe: 'Maximum size of the zip of a worker package.',
  }),
  unpackedLimitBytes: setting<number>({
    environment: 'CHELA_UNPACKED_LIMIT_BYTES',
    default: 500 * mebibyte,
    parse: integer(1024, 102_400 * mebibyte),
    describe: 'Maximum total size of the files in a worker package.',
  }),
  packageFileLimit: setting<number>({
    environment: 'CHELA_PACKAGE_FILE_LIMIT',
    default: 10_000,
    parse: integer(1, 1_000_000),
    describe: 'Maximum number of files in a worker package.',
  }),
  packageTimeLimitSeconds: setting<number>({
    environment: 'CHELA_PACKAGE_TIME_LIMIT_SECONDS',
    default: 120,
    parse: integer(1, 3600),
    describe: 'Time limit for unpacking and checking a worker package, and for reading its dependencies.',
  }),
  packageMemoryMegabytes: setting<number>({
    environment: 'CHELA_PACKAGE_MEMORY_MB',
    default: 512,
    parse: integer(64, 1_048_576),
    describe: 'Memory limit for unpacking and checking a worker package, in MiB.',
  }),
  gitAllowedTargets: setting<string[]>({
    environment: 'CHELA_GIT_ALLOWED_TARGETS',
    default: [],
    defaultText: 'none',
    parse: targets,
    describe:
      'Private addresses that git repositories may be imported from, also over plain http: a comma-separated list of addresses, CIDR ranges and host:port.',
  }),
  gitSshKey: setting<string>({
    environment: 'CHELA_GIT_SSH_KEY',
    default: '',
    defaultText: 'none: https only',
    parse: (value) => path.resolve(value),
    describe: 'File with the private key for reading repositories over ssh. All accounts use this key.',
  }),
  gitToken: setting<string>({
    environment: 'CHELA_GIT_TOKEN',
    default: '',
    defaultText: 'none',
    parse: text,
    describe: 'Token that `chela push --git` sends for a private repository.',
    secret: true,
  }),
  gitTimeLimitSeconds: setting<number>({
    environment: 'CHELA_GIT_TIME_LIMIT_SECONDS',
    default: 120,
    parse: integer(1, 3600),
    describe: 'Time limit for reading a git repository.',
  }),
  gitConcurrency: setting<number>({
    environment: 'CHELA_GIT_CONCURRENCY',
    default: 4,
    parse: integer(1, 100),
    describe: 'Maximum git repositories that one process reads at the same time. Further requests get 429.',
  }),
} as const;
