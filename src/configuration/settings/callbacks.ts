import { setting } from '../setting.ts';
import { integer, integers, targets } from '../setting-parsers.ts';

/** Delivery of callbacks. */
export const callbacksSettings = {
  callbackAllowedTargets: setting<string[]>({
    environment: 'CHELA_CALLBACK_ALLOWED_TARGETS',
    formerEnvironment: 'CHELA_CALLBACK_ALLOWED_NETWORKS',
    default: [],
    defaultText: 'none',
    parse: targets,
    describe:
      'Where callbacks may go although it is not public: addresses, CIDR ranges and host:port, separated by commas.',
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
} as const;
