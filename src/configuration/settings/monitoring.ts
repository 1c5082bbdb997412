import { setting } from '../setting.ts';
import { credential, headers, httpUrl, integer, ratio, text } from '../setting-parsers.ts';

/** What an operator's monitoring reads. */
export const monitoringSettings = {
  metricsPort: setting<number | undefined>({
    environment: 'CHELA_METRICS_PORT',
    default: undefined,
    defaultText: 'none',
    parse: integer(0, 65_535),
    describe:
      'Port of the process that answers /metrics, /metrics/queue, /health and /ready; each process of a machine needs its own. 0 picks a free port.',
  }),
  metricsHost: setting<string>({
    environment: 'CHELA_METRICS_HOST',
    default: '127.0.0.1',
    parse: text,
    describe: 'Address that CHELA_METRICS_PORT listens on. 0.0.0.0 opens it to the network.',
  }),
  metricsToken: setting<string>({
    environment: 'CHELA_METRICS_TOKEN',
    default: '',
    defaultText: 'none',
    parse: credential,
    describe:
      'Whoever sends it as a Bearer credential may read /metrics and /metrics/queue: on the port of the API too, and on CHELA_METRICS_PORT nobody else. Without it, the port of the API has no metrics.',
    secret: true,
  }),
  tracesUrl: setting<string>({
    environment: 'CHELA_TRACES_URL',
    default: '',
    defaultText: 'no traces',
    parse: httpUrl,
    describe:
      'URL of a receiver of OpenTelemetry traces over HTTP, such as http://127.0.0.1:4318/v1/traces. Set it for every process.',
  }),
  tracesHeaders: setting<Readonly<Record<string, string>>>({
    environment: 'CHELA_TRACES_HEADERS',
    default: {},
    defaultText: 'none',
    parse: headers,
    describe: 'Headers for that receiver, such as authorization=Bearer KEY, separated by commas.',
    secret: true,
  }),
  tracesRatio: setting<number>({
    environment: 'CHELA_TRACES_RATIO',
    default: 1,
    parse: ratio,
    describe:
      'Share of requests, and of runs without a request, that are traced, from 0 to 1. A request with a traceparent header follows that header instead.',
  }),
} as const;
