import { setting } from '../setting.ts';
import { integer, regions, targets } from '../setting-parsers.ts';

/** What workers can connect to, and through which proxy. */
export const networkSettings = {
  proxyRegions: setting<ReadonlyMap<string, string>>({
    environment: 'CHELA_PROXY_REGIONS',
    default: new Map(),
    defaultText: 'one region, without an upstream proxy',
    parse: regions,
    describe:
      'Comma-separated proxy regions, each CODE=URL of its upstream proxy, such as US=socks5://user:password@host:1080.',
    secret: true,
  }),
  proxyAllowedTargets: setting<string[]>({
    environment: 'CHELA_PROXY_ALLOWED_TARGETS',
    default: [],
    defaultText: 'none',
    parse: targets,
    describe:
      'Private addresses that workers may reach through their proxy: a comma-separated list of addresses, CIDR ranges and host:port.',
  }),
  proxyConnectionLimit: setting<number>({
    environment: 'CHELA_PROXY_CONNECTION_LIMIT',
    default: 512,
    parse: integer(1, 100_000),
    describe: 'Maximum open connections of one subtask to its proxy.',
  }),
  proxyConnectTimeoutSeconds: setting<number>({
    environment: 'CHELA_PROXY_CONNECT_TIMEOUT_SECONDS',
    default: 30,
    parse: integer(1, 3600),
    describe:
      'Time limit for the proxy to connect to a target, including name resolution and the upstream proxy.',
  }),
  proxyIdleTimeoutSeconds: setting<number>({
    environment: 'CHELA_PROXY_IDLE_TIMEOUT_SECONDS',
    default: 300,
    parse: integer(1, 86_400),
    describe: 'A proxy connection without traffic for this long is closed.',
  }),
} as const;
