import { setting } from '../setting.ts';
import { flag, integer, targets, text } from '../setting-parsers.ts';

/** Installation of the dependencies of versions. */
export const dependenciesSettings = {
  python: setting<string>({
    environment: 'CHELA_PYTHON',
    default: 'python3',
    parse: text,
    describe:
      'The Python that Python workers run on, with pip: a command or a path. Workers get a copy of it.',
  }),
  installScripts: setting<boolean>({
    environment: 'CHELA_INSTALL_SCRIPTS',
    default: false,
    parse: flag,
    describe:
      "Whether code of packages runs while dependencies are installed: npm's install scripts, builds of Python's source distributions. Only where they are installed in a sandbox.",
  }),
  installTimeLimitSeconds: setting<number>({
    environment: 'CHELA_INSTALL_TIME_LIMIT_SECONDS',
    default: 900,
    parse: integer(1, 24 * 3600),
    describe: 'Longest that installing the dependencies of a package may take.',
  }),
  installMemoryMegabytes: setting<number>({
    environment: 'CHELA_INSTALL_MEMORY_MB',
    default: 2048,
    parse: integer(128, 1_048_576),
    describe: 'Memory that installing the dependencies of a package may take, in MiB.',
  }),
  installLogLineLimit: setting<number>({
    environment: 'CHELA_INSTALL_LOG_LINE_LIMIT',
    default: 5000,
    parse: integer(100, 1_000_000),
    describe: 'Most lines kept with a version of what installing its dependencies prints.',
  }),
  registryAllowedTargets: setting<string[]>({
    environment: 'CHELA_REGISTRY_ALLOWED_TARGETS',
    default: [],
    defaultText: 'none',
    parse: targets,
    describe:
      "Where the registries of npm and pip may send for their files although it is not public: addresses, CIDR ranges and host:port, separated by commas. The registries themselves, as npm's and pip's own configuration names them, may be anywhere.",
  }),
} as const;
