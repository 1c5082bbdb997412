import { setting } from '../setting.ts';
import { flag, integer, targets, text } from '../setting-parsers.ts';

/** Installation of the dependencies of versions. */
export const dependenciesSettings = {
  python: setting<string>({
    environment: 'CHELA_PYTHON',
    default: 'python3',
    parse: text,
    describe: 'Command or path of the Python for Python workers. It must have pip. Workers use a copy of it.',
  }),
  installScripts: setting<boolean>({
    environment: 'CHELA_INSTALL_SCRIPTS',
    default: false,
    parse: flag,
    describe:
      'Whether npm packages may run their install scripts. Applies only to installations in a sandbox.',
  }),
  runtimeDownloads: setting<boolean>({
    environment: 'CHELA_RUNTIME_DOWNLOADS',
    default: true,
    parse: flag,
    describe:
      'Whether the Node versions and package managers that packages ask for are downloaded from the registries. They are kept in the cache.',
  }),
  buildWheels: setting<boolean>({
    environment: 'CHELA_BUILD_WHEELS',
    default: true,
    parse: flag,
    describe:
      'Whether Python packages are built from their source if they have no wheel. Applies only to installations in a sandbox.',
  }),
  installTimeLimitSeconds: setting<number>({
    environment: 'CHELA_INSTALL_TIME_LIMIT_SECONDS',
    default: 900,
    parse: integer(1, 24 * 3600),
    describe: 'Time limit for installing the dependencies of a package.',
  }),
  installMemoryMegabytes: setting<number>({
    environment: 'CHELA_INSTALL_MEMORY_MB',
    default: 2048,
    parse: integer(128, 1_048_576),
    describe: 'Memory limit for installing the dependencies of a package, in MiB.',
  }),
  installLogLineLimit: setting<number>({
    environment: 'CHELA_INSTALL_LOG_LINE_LIMIT',
    default: 5000,
    parse: integer(100, 1_000_000),
    describe: 'Maximum lines kept of the installation log of a version.',
  }),
  registryAllowedTargets: setting<string[]>({
    environment: 'CHELA_REGISTRY_ALLOWED_TARGETS',
    default: [],
    defaultText: 'none',
    parse: targets,
    describe:
      "Private addresses that npm and pip registries may redirect or link to: a comma-separated list of addresses, CIDR ranges and host:port. The registries in npm's and pip's own configuration are always allowed.",
  }),
} as const;
