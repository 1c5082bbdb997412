import { createHash } from 'node:crypto';
import path from 'node:path';
import { setting } from '../setting.ts';
import { httpUrl, integer, list, networks, oneOf, text } from '../setting-parsers.ts';

/** The cache of a system account belongs below /var/cache, because the sandbox's unprivileged user has to reach it. */
function defaultCacheDir(dataDir: string): string {
  if (process.getuid?.() !== 0) return path.join(dataDir, 'cache');
  return path.join('/var/cache/chela', createHash('sha256').update(dataDir).digest('hex').slice(0, 12));
}

/** Folders, listening addresses and logging of the platform. */
export const serverSettings = {
  dataDir: setting<string>({
    environment: 'CHELA_DATA_DIR',
    default: path.resolve('.chela'),
    defaultText: '.chela',
    parse: (value) => path.resolve(value),
    describe: 'Folder for data that must be kept: the embedded database and stored files.',
  }),
  cacheDir: setting<string>({
    environment: 'CHELA_CACHE_DIR',
    default: defaultCacheDir,
    defaultText: 'DATA_DIR/cache, or /var/cache/chela/HASH when run as root',
    parse: (value) => path.resolve(value),
    describe:
      'Folder for data that can be recreated: unpacked packages, installed dependencies and scratch folders of subtasks.',
  }),
  host: setting<string>({
    environment: 'CHELA_HOST',
    default: '127.0.0.1',
    parse: text,
    describe: 'Address the API listens on. 0.0.0.0 opens it to the network.',
  }),
  port: setting<number>({
    environment: 'CHELA_PORT',
    default: 8080,
    parse: integer(0, 65535),
    describe: 'Port the API listens on. 0 picks a free port.',
  }),
  publicUrl: setting<string>({
    environment: 'CHELA_PUBLIC_URL',
    default: '',
    defaultText: 'the address of each request',
    parse: httpUrl,
    describe:
      'Base URL of download links and set-up links. Without it they have the Host header of the request, which a client can only choose for its own answers. Set it when Chela runs behind a reverse proxy.',
  }),
  trustedProxies: setting<string[]>({
    environment: 'CHELA_TRUSTED_PROXIES',
    default: [],
    defaultText: 'none',
    parse: networks,
    describe:
      'Addresses and CIDR ranges of reverse proxies whose X-Forwarded-For, X-Forwarded-Proto and X-Forwarded-Host are believed. Without them, all users behind a proxy share its address and its limits.',
  }),
  corsOrigins: setting<string[]>({
    environment: 'CHELA_CORS_ORIGINS',
    default: ['*'],
    defaultText: '*',
    parse: list,
    describe: 'Comma-separated origins whose pages may call the API. * allows any origin.',
  }),
  hangLimitSeconds: setting<number>({
    environment: 'CHELA_HANG_LIMIT_SECONDS',
    default: 60,
    parse: integer(0, 86_400),
    describe:
      'A process whose event loop does not respond for this long exits with code 70, so that a supervisor can restart it. 0 disables this check.',
  }),
  logLevel: setting<'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'silent'>({
    environment: 'CHELA_LOG_LEVEL',
    default: 'info',
    parse: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'silent'),
    describe: "Minimum level of the platform's own log, which goes to standard error.",
  }),
  stopGraceSeconds: setting<number>({
    environment: 'CHELA_STOP_GRACE_SECONDS',
    default: 10,
    parse: integer(0, 3600),
    describe: 'How long running subtasks may take to finish after the first Ctrl+C or SIGTERM.',
  }),
} as const;
