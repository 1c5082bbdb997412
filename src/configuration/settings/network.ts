import { setting } from '../setting.ts';
import { integer, oneOf, ports, regions, targets } from '../setting-parsers.ts';

/** Ports of the web, mail submission, databases and queues. Each port costs one socket per sandbox. */
const defaultWorkerPorts = [
  80, 81, 443, 465, 587, 993, 1433, 1521, 3000, 3306, 4000, 4443, 5000, 5001, 5432, 5672, 5984, 6379, 7000,
  7687, 8000, 8001, 8008, 8080, 8081, 8088, 8443, 8888, 9000, 9042, 9092, 9200, 9443, 11_211, 27_017,
];

/** What workers can connect to, and through which proxy. */
export const networkSettings = {
  workerNetwork: setting<'transparent' | 'proxy'>({
    environment: 'CHELA_WORKER_NETWORK',
    default: 'transparent',
    parse: oneOf('transparent', 'proxy'),
    describe:
      'How workers reach the network: transparent – any program can connect, by name and by address, and its connections go through the proxy; proxy – only programs that use the proxy can connect.',
  }),
  workerPorts: setting<number[]>({
    environment: 'CHELA_WORKER_PORTS',
    default: defaultWorkerPorts,
    defaultText: defaultWorkerPorts.join(', '),
    parse: ports(100),
    describe:
      'Ports that workers can connect to through the transparent network. Connections to other ports are refused immediately; the proxy allows any port.',
  }),
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
  hostConnectionsPerSecond: setting<number>({
    environment: 'CHELA_HOST_CONNECTIONS_PER_SECOND',
    default: 0,
    parse: integer(0, 100_000),
    describe:
      'Maximum connections per second of one account to one host, on all runners together. 0 is no limit.',
  }),
  hostConnectionLimit: setting<number>({
    environment: 'CHELA_HOST_CONNECTION_LIMIT',
    default: 0,
    parse: integer(0, 100_000),
    describe: 'Maximum open connections of one account to one host, on all runners together. 0 is no limit.',
  }),
  hostConnectionWaitSeconds: setting<number>({
    environment: 'CHELA_HOST_CONNECTION_WAIT_SECONDS',
    default: 20,
    parse: integer(1, 3600),
    describe:
      'Time that a connection waits for its turn if connections to its host are limited; then it is refused.',
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
