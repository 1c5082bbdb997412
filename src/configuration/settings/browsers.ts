import { availableParallelism } from 'node:os';
import path from 'node:path';
import { mebibyte, setting } from '../setting.ts';
import { flag, integer } from '../setting-parsers.ts';

/** Chromium for workers. */
export const browsersSettings = {
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
} as const;
