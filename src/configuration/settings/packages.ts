import path from 'node:path';
import { mebibyte, setting } from '../setting.ts';
import { integer, targets, text } from '../setting-parsers.ts';

/** Limits on uploads and git imports. */
export const packagesSettings = {
  packageLimitBytes: setting<number>({
    environment: 'CHELA_PACKAGE_LIMIT_BYTES',
    default: 100 * mebibyte,
    parse: integer(1024, 10_240 * mebibyte),
    describe: 'Largest zip of a worker package.',
  }),
  unpackedLimitBytes: setting<number>({
    environment: 'CHELA_UNPACKED_LIMIT_BYTES',
    default: 500 * mebibyte,
    parse: integer(1024, 102_400 * mebibyte),
    describe: 'Largest total of the files in a worker package.',
  }),
  packageFileLimit: setting<number>({
    environment: 'CHELA_PACKAGE_FILE_LIMIT',
    default: 10_000,
    parse: integer(1, 1_000_000),
    describe: 'Most files in a worker package.',
  }),
  packageTimeLimitSeconds: setting<number>({
    environment: 'CHELA_PACKAGE_TIME_LIMIT_SECONDS',
    default: 120,
    parse: integer(1, 3600),
    describe: 'Longest that unpacking and checking a worker package, or reading its dependencies, may take.',
  }),
  packageMemoryMegabytes: setting<number>({
    environment: 'CHELA_PACKAGE_MEMORY_MB',
    default: 512,
    parse: integer(64, 1_048_576),
    describe: 'Memory that unpacking and checking a worker package may take, in MiB.',
  }),
  gitAllowedTargets: setting<string[]>({
    environment: 'CHELA_GIT_ALLOWED_TARGETS',
    default: [],
    defaultText: 'none',
    parse: targets,
    describe:
      'Where git repositories may be imported from although it is not public, and by http too: addresses, CIDR ranges and host:port, separated by commas.',
  }),
  gitSshKey: setting<string>({
    environment: 'CHELA_GIT_SSH_KEY',
    default: '',
    defaultText: 'none: https only',
    parse: (value) => path.resolve(value),
    describe:
      'File of the private key that repositories are read with by ssh, for every account that imports one.',
  }),
  gitToken: setting<string>({
    environment: 'CHELA_GIT_TOKEN',
    default: '',
    defaultText: 'none',
    parse: text,
    describe: 'Token that `chela push --git` sends along for a private repository.',
    secret: true,
  }),
  gitTimeLimitSeconds: setting<number>({
    environment: 'CHELA_GIT_TIME_LIMIT_SECONDS',
    default: 120,
    parse: integer(1, 3600),
    describe: 'Longest that reading a git repository may take.',
  }),
  gitConcurrency: setting<number>({
    environment: 'CHELA_GIT_CONCURRENCY',
    default: 4,
    parse: integer(1, 100),
    describe: 'Git repositories one process reads at the same time; further requests are answered 429.',
  }),
} as const;
