import { setting } from '../setting.ts';
import { databaseUrl, integer } from '../setting-parsers.ts';

/** The PostgreSQL server, which holds all data except blobs. */
export const databaseSettings = {
  databaseUrl: setting<string>({
    environment: 'DATABASE_URL',
    default: '',
    defaultText: 'an embedded PostgreSQL in the data folder',
    parse: databaseUrl,
    describe: 'PostgreSQL 15 or newer to use instead of the embedded one.',
    secret: true,
  }),
  databasePoolSize: setting<number>({
    environment: 'CHELA_DATABASE_POOL_SIZE',
    default: 20,
    parse: integer(4, 1000),
    describe: 'Most database connections one process opens.',
  }),
  databaseWaitSeconds: setting<number>({
    environment: 'CHELA_DATABASE_WAIT_SECONDS',
    default: 60,
    parse: integer(1, 86_400),
    describe:
      'How long a start waits for a database that is starting, recovering or out of reach, before it fails.',
  }),
} as const;
