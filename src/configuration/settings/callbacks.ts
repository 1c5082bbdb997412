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
      'Private addresses that callbacks may be sent to: a comma-separated list of addresses, CIDR ranges and host:port.',
  }),
  callbackTimeoutSeconds: setting<number>({
    environment: 'CHELA_CALLBACK_TIMEOUT_SECONDS',
    default: 10,
    parse: integer(1, 30),
    describe: 'Time limit for a receiver to answer a callback, including redirects.',
  }),
  callbackRetrySeconds: setting<number[]>({
    environment: 'CHELA_CALLBACK_RETRY_SECONDS',
    default: [10, 30, 60, 300, 900, 1800, 3600, 7200, 14_400],
    defaultText: '10,30,60,300,900,1800,3600,7200,14400',
    parse: integers(0, 86_400),
    describe:
      'Comma-separated delays before each retry of a callback. After the last retry the callback is discarded.',
  }),
  callbackConcurrency: setting<number>({
    environment: 'CHELA_CALLBACK_CONCURRENCY',
    default: 16,
    parse: integer(1, 100),
    describe:
      'Maximum callbacks that one process delivers at the same time, apart from up to 400 whose receivers take more than a second. One receiver gets at most four at a time from all processes together.',
  }),
} as const;
