/**
 * Every setting of the platform, in one table: its flag, its environment variable, its default, its check and the
 * sentence that documents it. `docs/configuration.md` is generated from this table; nothing else reads the environment.
 */
import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { defaultPlans, planList, type PlanList } from './plan-list.ts';
import {
  cpus,
  databaseUrl,
  flag,
  httpUrl,
  integer,
  integers,
  list,
  networks,
  oneOf,
  price,
  regions,
  targets,
  text,
} from './setting-parsers.ts';
import { isTimezone } from '../time/timezone.ts';

interface Setting<T> {
  readonly environment: string;
  /** What the value is when neither a flag nor the environment gives one; may depend on the data folder. */
  readonly default: T | ((dataDir: string) => T);
  /** How documentation shows a computed default. */
  readonly defaultText?: string;
  /** Text to value. Throws an Error that says what was expected. */
  readonly parse: (text: string) => T;
  readonly describe: string;
  /** Never printed. */
  readonly secret?: boolean;
}

function setting<T>(definition: Setting<T>): Setting<T> {
  return definition;
}

const mebibyte = 1024 * 1024;
const largestSafe = Number.MAX_SAFE_INTEGER;

/** A system account's cache belongs below /var/cache: the sandbox's unprivileged user must be able to reach it. */
function defaultCacheDir(dataDir: string): string {
  if (process.getuid?.() !== 0) return path.join(dataDir, 'cache');
  return path.join('/var/cache/chela', createHash('sha256').update(dataDir).digest('hex').slice(0, 12));
}

export const settings = {
  dataDir: setting<string>({
    environment: 'CHELA_DATA_DIR',
    default: path.resolve('.chela'),
    defaultText: '.chela',
    parse: (value) => path.resolve(value),
    describe: 'Folder of everything that must be kept: the embedded database and stored files.',
  }),
  cacheDir: setting<string>({
    environment: 'CHELA_CACHE_DIR',
    default: defaultCacheDir,
    defaultText: 'DATA_DIR/cache, or /var/cache/chela/HASH when run as root',
    parse: (value) => path.resolve(value),
    describe:
      'Folder of what can be made again: unpacked packages, installed dependencies, scratch folders of subtasks.',
  }),
  host: setting<string>({
    environment: 'CHELA_HOST',
    default: '127.0.0.1',
    parse: text,
    describe: 'Address the API listens on; 0.0.0.0 opens it to the network.',
  }),
  port: setting<number>({
    environment: 'CHELA_PORT',
    default: 8080,
    parse: integer(0, 65535),
    describe: 'Port the API listens on; 0 picks a free one.',
  }),
  publicUrl: setting<string>({
    environment: 'CHELA_PUBLIC_URL',
    default: '',
    defaultText: 'the address of each request',
    parse: httpUrl,
    describe: 'Base URL that signed download links start with, for installations behind a reverse proxy.',
  }),
  apiKey: setting<string>({
    environment: 'CHELA_API_KEY',
    default: '',
    defaultText: 'a random key, printed once',
    parse: (value) => {
      if (!/^[\x21-\x7e]{16,200}$/.test(value))
        throw new Error('16 to 200 printable characters without spaces');
      return value;
    },
    describe: "On first start this becomes the admin account's API key, for automation.",
    secret: true,
  }),
  databaseUrl: setting<string>({
    environment: 'DATABASE_URL',
    default: '',
    defaultText: 'an embedded PostgreSQL in the data folder',
    parse: databaseUrl,
    describe: 'PostgreSQL 15 or newer to use instead of the embedded one.',
    secret: true,
  }),
  databasePoolSize: setting<number>({
    environment: 'CHELA_DATABASE_POOL_SIZE',
    default: 20,
    parse: integer(4, 1000),
    describe: 'Most database connections one process opens.',
  }),
  databaseWaitSeconds: setting<number>({
    environment: 'CHELA_DATABASE_WAIT_SECONDS',
    default: 60,
    parse: integer(1, 86_400),
    describe:
      'How long a start waits for a database that is starting, recovering or out of reach, before it fails.',
  }),
  logLevel: setting<'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'silent'>({
    environment: 'CHELA_LOG_LEVEL',
    default: 'info',
    parse: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'silent'),
    describe: "Least severe level of the platform's own log, written to standard error.",
  }),
  corsOrigins: setting<string[]>({
    environment: 'CHELA_CORS_ORIGINS',
    default: ['*'],
    defaultText: '*',
    parse: list,
    describe: 'Origins whose pages may call the API, separated by commas; * allows any.',
  }),
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
  strictRunMonth: setting<boolean>({
    environment: 'CHELA_STRICT_RUN_MONTH',
    default: false,
    parse: flag,
    describe:
      'List runs as the hosted service does: the current month by default, otherwise both times within one month.',
  }),
  syncWaitSeconds: setting<number>({
    environment: 'CHELA_SYNC_WAIT_SECONDS',
    default: 300,
    parse: integer(1, 3600),
    describe: 'Longest wait of a synchronous run before its answer says is_finished: false.',
  }),
  linkLifetimeSeconds: setting<number>({
    environment: 'CHELA_LINK_LIFETIME_SECONDS',
    default: 24 * 3600,
    parse: integer(60, 365 * 24 * 3600),
    describe: 'How long a signed link (logs, exports) works.',
  }),
  exportWaitSeconds: setting<number>({
    environment: 'CHELA_EXPORT_WAIT_SECONDS',
    default: 50,
    parse: integer(0, 3600),
    describe:
      'How long the answer to an export waits for the file, and again its link; shorter than the time limits of clients and proxies.',
  }),
  exportConcurrency: setting<number>({
    environment: 'CHELA_EXPORT_CONCURRENCY',
    default: 2,
    parse: integer(1, 100),
    describe: 'Exports one process makes at the same time; each takes a thread and a database connection.',
  }),
  exportRetentionDays: setting<number>({
    environment: 'CHELA_EXPORT_RETENTION_DAYS',
    default: 7,
    parse: integer(1, 36_500),
    describe:
      'Days that the file of an export is kept after it was last asked for; never less than its links work, never longer than its run.',
  }),
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
  subtaskLimit: setting<number>({
    environment: 'CHELA_SUBTASK_LIMIT',
    default: 10_000,
    parse: integer(1, 1_000_000),
    describe: 'Most subtasks one run may be split into.',
  }),
  subtaskInputLimitBytes: setting<number>({
    environment: 'CHELA_SUBTASK_INPUT_LIMIT_BYTES',
    default: 256 * mebibyte,
    parse: integer(1024, largestSafe),
    describe: 'Largest total of the inputs of the subtasks of one run: a big field is copied into each.',
  }),
  runnerSlots: setting<number>({
    environment: 'CHELA_RUNNER_SLOTS',
    default: Math.max(4, availableParallelism() * 2),
    defaultText: 'twice the processors, at least 4',
    parse: integer(1, 10_000),
    describe: 'Subtasks a runner executes at the same time.',
  }),
  runConcurrency: setting<number>({
    environment: 'CHELA_RUN_CONCURRENCY',
    default: 0,
    parse: integer(0, 1_000_000),
    describe:
      'Most subtasks of one run that are executed at the same time, by all runners together; 0 is no limit. Holds for runs submitted from then on.',
  }),
  sandbox: setting<'bubblewrap' | 'docker' | 'process'>({
    environment: 'CHELA_SANDBOX',
    default: 'bubblewrap',
    parse: oneOf('bubblewrap', 'docker', 'process'),
    describe:
      'How subtasks are fenced in. process isolates nothing: only for development with workers you trust.',
  }),
  cgroups: setting<'auto' | 'off'>({
    environment: 'CHELA_CGROUPS',
    default: 'auto',
    parse: oneOf('auto', 'off'),
    describe:
      'Whether each subtask gets a cgroup, where the machine lets the runner make some. Without, memory is watched and cpus are not enforced.',
  }),
  dockerHost: setting<string>({
    environment: 'DOCKER_HOST',
    default: 'unix:///var/run/docker.sock',
    // Checked by who uses it: shells have it set for other programs, to what only they understand.
    parse: text,
    describe: 'The Docker Engine of the docker sandbox, on this machine: unix:///PATH or tcp://HOST:PORT.',
  }),
  dockerCertDir: setting<string>({
    environment: 'DOCKER_CERT_PATH',
    default: '',
    defaultText: 'none: no TLS',
    parse: (value) => path.resolve(value),
    describe: 'Folder with ca.pem, cert.pem and key.pem for an engine at tcp:// that wants TLS.',
  }),
  dockerImage: setting<string>({
    environment: 'CHELA_DOCKER_IMAGE',
    default: '',
    defaultText: 'none: the docker sandbox needs one',
    parse: text,
    describe: 'Image of the docker sandbox, already on the engine. What it must have: docs/sandboxes.md.',
  }),
  dockerRuntime: setting<string>({
    environment: 'CHELA_DOCKER_RUNTIME',
    default: '',
    defaultText: "the engine's own",
    parse: text,
    describe: 'OCI runtime of the docker sandbox by the name the engine knows it by, such as runsc.',
  }),
  sandboxUserId: setting<number>({
    environment: 'CHELA_SANDBOX_USER_ID',
    default: 210_000,
    parse: integer(1000, 4_000_000_000),
    describe:
      'First of the user ids that sandboxes get when the runner is root: one a slot, then one a browser and one a warm sandbox.',
  }),
  warmSandboxes: setting<number>({
    environment: 'CHELA_WARM_SANDBOXES',
    default: Math.max(2, availableParallelism()),
    defaultText: 'the processors, at least 2',
    parse: integer(0, 10_000),
    describe:
      'Most sandboxes that a runner keeps open ahead of the subtasks to come, alike to those of late. 0 opens each when its subtask comes.',
  }),
  warmSandboxMemoryBytes: setting<number>({
    environment: 'CHELA_WARM_SANDBOX_MEMORY_BYTES',
    default: 256 * mebibyte,
    parse: integer(mebibyte, largestSafe),
    describe: 'Most memory of all sandboxes that are open ahead; each takes 10 to 25 MB.',
  }),
  sandboxProcessLimit: setting<number>({
    environment: 'CHELA_SANDBOX_PROCESS_LIMIT',
    default: 512,
    parse: integer(32, 1_000_000),
    describe: 'Most processes and threads of one subtask.',
  }),
  sandboxOpenFileLimit: setting<number>({
    environment: 'CHELA_SANDBOX_OPEN_FILE_LIMIT',
    default: 4096,
    parse: integer(64, 1_000_000),
    describe: 'Most open files of one process in a sandbox.',
  }),
  sandboxFileSizeBytes: setting<number>({
    environment: 'CHELA_SANDBOX_FILE_SIZE_BYTES',
    default: 1024 * mebibyte,
    parse: integer(mebibyte, largestSafe),
    describe: 'Largest file a worker may write.',
  }),
  sandboxTmpBytes: setting<number>({
    environment: 'CHELA_SANDBOX_TMP_BYTES',
    default: 1024 * mebibyte,
    parse: integer(mebibyte, largestSafe),
    describe: "Size of a subtask's /tmp, which is memory and counts as such.",
  }),
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
  sandboxDiskBytes: setting<number>({
    environment: 'CHELA_SANDBOX_DISK_BYTES',
    default: 4096 * mebibyte,
    parse: integer(mebibyte, largestSafe),
    describe:
      "Most that a subtask's work folder and home hold together, the copy of its package included; looked at about every second.",
  }),
  sandboxDiskFileLimit: setting<number>({
    environment: 'CHELA_SANDBOX_DISK_FILE_LIMIT',
    default: 200_000,
    parse: integer(100, largestSafe),
    describe: "Most files and folders in a subtask's work folder and home together.",
  }),
  defaultMemoryMegabytes: setting<number>({
    environment: 'CHELA_DEFAULT_MEMORY_MB',
    default: 2048,
    parse: integer(64, 1_048_576),
    describe: 'Memory of a subtask whose run names none, in MiB.',
  }),
  defaultTimeLimitSeconds: setting<number>({
    environment: 'CHELA_DEFAULT_TIME_LIMIT_SECONDS',
    default: 1800,
    parse: integer(1, 30 * 24 * 3600),
    describe: 'Time of a subtask whose run names none.',
  }),
  defaultCpus: setting<number>({
    environment: 'CHELA_DEFAULT_CPUS',
    default: 1,
    parse: cpus,
    describe: "Processors' worth of time of a subtask whose run names none.",
  }),
  sdkMessageLimitBytes: setting<number>({
    environment: 'CHELA_SDK_MESSAGE_LIMIT_BYTES',
    default: 16 * mebibyte,
    parse: integer(64 * 1024, 1024 * mebibyte),
    describe: 'Largest row or log line a worker may send by the SDK.',
  }),
  outputLineLimitBytes: setting<number>({
    environment: 'CHELA_OUTPUT_LINE_LIMIT_BYTES',
    default: 64 * 1024,
    parse: integer(1024, 16 * mebibyte),
    describe: 'Longest line kept of what a worker prints; the rest of the line is cut.',
  }),
  logLineLimit: setting<number>({
    environment: 'CHELA_LOG_LINE_LIMIT',
    default: 1_000_000,
    parse: integer(100, largestSafe),
    describe: 'Most log lines kept of one subtask; a last line says that more were dropped.',
  }),
  logLinesPerSecond: setting<number>({
    environment: 'CHELA_LOG_LINES_PER_SECOND',
    default: 5000,
    parse: integer(10, largestSafe),
    describe: 'Most log lines kept of one subtask in a second; a line says how many more there were.',
  }),
  rowLimit: setting<number>({
    environment: 'CHELA_ROW_LIMIT',
    default: 10_000_000,
    parse: integer(0, largestSafe),
    describe: 'Most rows of one run; a push over it is refused and stops the run. 0 is no limit.',
  }),
  lostSubtasks: setting<'fail' | 'retry'>({
    environment: 'CHELA_LOST_SUBTASKS',
    default: 'fail',
    parse: oneOf('fail', 'retry'),
    describe:
      'What becomes of the subtasks of a runner that died: failed, or run again (rows may then repeat).',
  }),
  runnerLeaseSeconds: setting<number>({
    environment: 'CHELA_RUNNER_LEASE_SECONDS',
    default: 30,
    parse: integer(3, 3600),
    describe:
      'A runner whose heartbeat stays the same for this long is lost. Time in which PostgreSQL is away does not count.',
  }),
  stopGraceSeconds: setting<number>({
    environment: 'CHELA_STOP_GRACE_SECONDS',
    default: 10,
    parse: integer(0, 3600),
    describe: 'Time running subtasks get to end after a first Ctrl+C or SIGTERM.',
  }),
  proxyRegions: setting<ReadonlyMap<string, string>>({
    environment: 'CHELA_PROXY_REGIONS',
    default: new Map(),
    defaultText: 'one region, direct',
    parse: regions,
    describe:
      'Regions of the proxy and the upstream proxy of each, CODE=URL separated by commas: US=socks5://user:password@host:1080.',
    secret: true,
  }),
  proxyAllowedTargets: setting<string[]>({
    environment: 'CHELA_PROXY_ALLOWED_TARGETS',
    default: [],
    defaultText: 'none',
    parse: targets,
    describe:
      'What workers may reach by their proxy although it is not public: addresses, CIDR ranges and host:port, separated by commas.',
  }),
  proxyConnectionLimit: setting<number>({
    environment: 'CHELA_PROXY_CONNECTION_LIMIT',
    default: 512,
    parse: integer(1, 100_000),
    describe: 'Most connections one subtask has open to its proxy at a time.',
  }),
  proxyConnectTimeoutSeconds: setting<number>({
    environment: 'CHELA_PROXY_CONNECT_TIMEOUT_SECONDS',
    default: 30,
    parse: integer(1, 3600),
    describe: 'Time the proxy has to connect to a target, name resolution and upstream proxy included.',
  }),
  proxyIdleTimeoutSeconds: setting<number>({
    environment: 'CHELA_PROXY_IDLE_TIMEOUT_SECONDS',
    default: 300,
    parse: integer(1, 86_400),
    describe: 'A connection through the proxy that carries nothing for this long is closed.',
  }),
  browsers: setting<boolean>({
    environment: 'CHELA_BROWSERS',
    default: true,
    parse: flag,
    describe: 'Whether workers may open browsers; they need Chromium on the machine of the runner.',
  }),
  chromium: setting<string>({
    environment: 'CHELA_CHROMIUM',
    default: '',
    defaultText: 'the one of the system',
    parse: (value) => path.resolve(value),
    describe: 'Program of Chromium itself, with its files beside it, not a script that starts it.',
  }),
  chromedriver: setting<string>({
    environment: 'CHELA_CHROMEDRIVER',
    default: '',
    defaultText: 'the one of the system',
    parse: (value) => path.resolve(value),
    describe: 'Program of chromedriver of the same version, for workers that use WebDriver.',
  }),
  browserLimit: setting<number>({
    environment: 'CHELA_BROWSER_LIMIT',
    default: Math.max(4, availableParallelism()),
    defaultText: 'as many as processors, at least 4',
    parse: integer(1, 10_000),
    describe: 'Most browsers of one runner at a time; who asks for more waits.',
  }),
  browserSubtaskLimit: setting<number>({
    environment: 'CHELA_BROWSER_SUBTASK_LIMIT',
    default: 4,
    parse: integer(1, 10_000),
    describe: 'Most browsers of one subtask at a time.',
  }),
  browserQueueSeconds: setting<number>({
    environment: 'CHELA_BROWSER_QUEUE_SECONDS',
    default: 120,
    parse: integer(1, 86_400),
    describe: 'Longest wait for a browser before a worker is told that there is no place for one.',
  }),
  browserIdleSeconds: setting<number>({
    environment: 'CHELA_BROWSER_IDLE_SECONDS',
    default: 600,
    parse: integer(1, 86_400),
    describe: 'A browser led by WebDriver that gets no command for this long is ended.',
  }),
  browserMessageLimitBytes: setting<number>({
    environment: 'CHELA_BROWSER_MESSAGE_LIMIT_BYTES',
    default: 100 * mebibyte,
    parse: integer(mebibyte, 1024 * mebibyte),
    describe: 'Largest message or command a worker may send to a browser; what browsers answer has no limit.',
  }),
  callbackAllowedNetworks: setting<string[]>({
    environment: 'CHELA_CALLBACK_ALLOWED_NETWORKS',
    default: [],
    defaultText: 'none',
    parse: networks,
    describe:
      'Addresses and CIDR ranges, separated by commas, that callbacks may go to although they are not public, such as 127.0.0.0/8.',
  }),
  callbackTimeoutSeconds: setting<number>({
    environment: 'CHELA_CALLBACK_TIMEOUT_SECONDS',
    default: 10,
    parse: integer(1, 30),
    describe: 'Time a receiver of callbacks has to answer, redirects included.',
  }),
  callbackRetrySeconds: setting<number[]>({
    environment: 'CHELA_CALLBACK_RETRY_SECONDS',
    default: [10, 30, 60, 300, 900, 1800, 3600, 7200, 14_400],
    defaultText: '10,30,60,300,900,1800,3600,7200,14400',
    parse: integers(0, 86_400),
    describe:
      'Waits before each further attempt of a callback, separated by commas; after the last it is given up.',
  }),
  callbackConcurrency: setting<number>({
    environment: 'CHELA_CALLBACK_CONCURRENCY',
    default: 16,
    parse: integer(1, 100),
    describe:
      'Callbacks one process delivers at the same time; to one receiver all processes together deliver four at most.',
  }),
  plans: setting<PlanList>({
    environment: 'CHELA_PLANS',
    default: planList(defaultPlans),
    defaultText: `\`${defaultPlans}\``,
    parse: planList,
    describe:
      'Plans of accounts, NAME=RUNS separated by commas: most runs at a time, none for no limit. With :prepaid behind it a plan makes no runs once the balance is used up: free=2:prepaid.',
  }),
  defaultPlan: setting<string>({
    environment: 'CHELA_DEFAULT_PLAN',
    default: 'unlimited',
    parse: text,
    describe: 'The plan of accounts that were given none.',
  }),
  pricePerResult: setting<string>({
    environment: 'CHELA_PRICE_PER_RESULT',
    default: '0',
    parse: price,
    describe: 'Price of one row of results.',
  }),
  pricePerGigabyteHour: setting<string>({
    environment: 'CHELA_PRICE_PER_GIGABYTE_HOUR',
    default: '0',
    parse: price,
    describe:
      'Price of an hour with 1024 MB of memory: the memory limit of a subtask, for as long as it runs.',
  }),
  pricePerCpuHour: setting<string>({
    environment: 'CHELA_PRICE_PER_CPU_HOUR',
    default: '0',
    parse: price,
    describe: 'Price of an hour of processor time that subtasks really used.',
  }),
  pricePerGigabyteTraffic: setting<string>({
    environment: 'CHELA_PRICE_PER_GIGABYTE_TRAFFIC',
    default: '0',
    parse: price,
    describe: 'Price of 10^9 bytes through the proxy.',
  }),
  apiKeyLimit: setting<number>({
    environment: 'CHELA_API_KEY_LIMIT',
    default: 100,
    parse: integer(1, 10_000),
    describe: 'Most valid API keys of one account.',
  }),
  setupLinkLifetimeSeconds: setting<number>({
    environment: 'CHELA_SETUP_LINK_LIFETIME_SECONDS',
    default: 24 * 3600,
    parse: integer(60, 30 * 24 * 3600),
    describe: "How long the link works that sets the admin account's e-mail address and password.",
  }),
  sessionLifetimeSeconds: setting<number>({
    environment: 'CHELA_SESSION_LIFETIME_SECONDS',
    default: 14 * 24 * 3600,
    parse: integer(60, 366 * 24 * 3600),
    describe: 'How long a browser stays signed in to the console after it was last used.',
  }),
  signInLimitPerMinute: setting<number>({
    environment: 'CHELA_SIGN_IN_LIMIT_PER_MINUTE',
    default: 20,
    parse: integer(1, 100_000),
    describe: 'Most attempts to sign in from one address in a minute.',
  }),
  auditRetentionDays: setting<number>({
    environment: 'CHELA_AUDIT_RETENTION_DAYS',
    default: 365,
    parse: integer(1, 36_500),
    describe: 'Days that entries of the audit log are kept.',
  }),
  timezone: setting<string>({
    environment: 'CHELA_TIMEZONE',
    default: 'UTC',
    parse: (value) => {
      if (!isTimezone(value)) throw new Error('the IANA name of a time zone, such as Europe/Berlin');
      return value;
    },
    describe: 'Time zone of schedules, where neither the schedule nor its account names one.',
  }),
  taskLimit: setting<number>({
    environment: 'CHELA_TASK_LIMIT',
    default: 10_000,
    parse: integer(1, largestSafe),
    describe: 'Most saved tasks of one account.',
  }),
  queuedRunLimit: setting<number>({
    environment: 'CHELA_QUEUED_RUN_LIMIT',
    default: 10_000,
    parse: integer(1, largestSafe),
    describe: 'Most runs one account can hold in the run queue.',
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
} as const;

export type SettingName = keyof typeof settings;

export type Config = {
  readonly [Name in SettingName]: (typeof settings)[Name] extends Setting<infer T> ? T : never;
};

/** A setting that cannot be used; the message names it, what it was and what was expected. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

/** The command-line flag of a setting, `--data-dir` for `dataDir`. */
export function flagOf(name: SettingName): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/**
 * Reads the configuration: flags win over the environment, the environment over defaults.
 * @param environment usually `process.env`; an empty value counts as absent
 * @param flags texts by setting name
 * @throws ConfigError naming the first wrong setting
 */
export function readConfig(
  environment: Readonly<Record<string, string | undefined>>,
  flags: Partial<Record<SettingName, string>> = {},
): Config {
  function value<T>(name: SettingName, definition: Setting<T>, dataDir: string): T {
    const fromFlag = flags[name];
    const given = fromFlag ?? environment[definition.environment];
    if (given === undefined || given === '') {
      const fallback = definition.default;
      return typeof fallback === 'function' ? (fallback as (dataDir: string) => T)(dataDir) : fallback;
    }
    try {
      return definition.parse(given);
    } catch (error) {
      const source = fromFlag === undefined ? definition.environment : flagOf(name);
      const shown = definition.secret ? '' : `, got "${given}"`;
      throw new ConfigError(`${source} must be ${(error as Error).message}${shown}`);
    }
  }
  const dataDir = value('dataDir', settings.dataDir, '');
  const entries = Object.entries(settings).map(([name, definition]) => [
    name,
    value(name as SettingName, definition as Setting<unknown>, dataDir),
  ]);
  return Object.fromEntries(entries) as Config;
}
