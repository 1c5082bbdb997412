import { setting } from '../setting.ts';
import { integer, regions, targets } from '../setting-parsers.ts';

/** What workers can connect to, and through which proxy. */
export const networkSettings = {
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
} as const;
