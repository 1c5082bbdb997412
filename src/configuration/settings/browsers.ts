import { availableParallelism } from 'node:os';
import path from 'node:path';
import { mebibyte, setting } from '../setting.ts';
import { endpoint, flag, integer } from '../setting-parsers.ts';

/** Chromium for workers. */
export const browsersSettings = {
  browsers: setting<boolean>({
    environment: 'CHELA_BROWSERS',
    default: true,
    parse: flag,
    describe: "Whether workers may open browsers. Requires Chromium on the runner's machine.",
  }),
  chromium: setting<string>({
    environment: 'CHELA_CHROMIUM',
    default: '',
    defaultText: 'the one of the system',
    parse: (value) => path.resolve(value),
    describe: 'Path of the Chromium executable in its own folder, not of a wrapper script.',
  }),
  chromedriver: setting<string>({
    environment: 'CHELA_CHROMEDRIVER',
    default: '',
    defaultText: 'the one of the system',
    parse: (value) => path.resolve(value),
    describe: 'Path of chromedriver, of the same version as Chromium. For workers that use WebDriver.',
  }),
  camoufoxEndpoint: setting<string>({
    environment: 'CHELA_CAMOUFOX_ENDPOINT',
    default: '',
    defaultText: 'none',
    parse: endpoint,
    describe:
      'Address of a Camoufox server for workers, as host:port or a ws URL. They get it as CamoufoxDomain, and reach it like any other address, so a private address must be in CHELA_PROXY_ALLOWED_TARGETS.',
  }),
  lightpandaEndpoint: setting<string>({
    environment: 'CHELA_LIGHTPANDA_ENDPOINT',
    default: '',
    defaultText: 'none',
    parse: endpoint,
    describe:
      'Address of a Lightpanda server for workers, like CHELA_CAMOUFOX_ENDPOINT. They get it as LightpandaDomain.',
  }),
  browserLimit: setting<number>({
    environment: 'CHELA_BROWSER_LIMIT',
    default: Math.max(4, availableParallelism()),
    defaultText: 'the number of processors, at least 4',
    parse: integer(1, 10_000),
    describe: 'Maximum open browsers of one runner. Further requests wait.',
  }),
  browserSubtaskLimit: setting<number>({
    environment: 'CHELA_BROWSER_SUBTASK_LIMIT',
    default: 4,
    parse: integer(1, 10_000),
    describe: 'Maximum open browsers of one subtask.',
  }),
  browserQueueSeconds: setting<number>({
    environment: 'CHELA_BROWSER_QUEUE_SECONDS',
    default: 120,
    parse: integer(1, 86_400),
    describe: "How long a worker's request for a browser waits for a free place before it fails.",
  }),
  browserIdleSeconds: setting<number>({
    environment: 'CHELA_BROWSER_IDLE_SECONDS',
    default: 600,
    parse: integer(1, 86_400),
    describe: 'A browser controlled through WebDriver is closed if it gets no command for this long.',
  }),
  browserMessageLimitBytes: setting<number>({
    environment: 'CHELA_BROWSER_MESSAGE_LIMIT_BYTES',
    default: 100 * mebibyte,
    parse: integer(mebibyte, 1024 * mebibyte),
    describe:
      'Maximum size of a message or command that a worker sends to a browser. Answers from browsers have no limit.',
  }),
} as const;
