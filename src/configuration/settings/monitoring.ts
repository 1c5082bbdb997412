import { setting } from '../setting.ts';
import { credential, integer, text } from '../setting-parsers.ts';

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
} as const;
