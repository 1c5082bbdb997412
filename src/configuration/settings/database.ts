import { setting } from '../setting.ts';
import { databaseUrl, integer } from '../setting-parsers.ts';

/** The PostgreSQL server, which holds all data except blobs. */
export const databaseSettings = {
  databaseUrl: setting<string>({
    environment: 'DATABASE_URL',
    default: '',
    defaultText: 'an embedded PostgreSQL in the data folder',
    parse: databaseUrl,
    describe: 'URL of a PostgreSQL server, 15 or newer, to use instead of the embedded one.',
    secret: true,
  }),
  databasePoolSize: setting<number>({
    environment: 'CHELA_DATABASE_POOL_SIZE',
    default: 20,
    parse: integer(4, 1000),
    describe: 'Maximum database connections of one process.',
  }),
  databaseWaitSeconds: setting<number>({
    environment: 'CHELA_DATABASE_WAIT_SECONDS',
    default: 60,
    parse: integer(1, 86_400),
    describe: 'How long Chela waits at startup for a database that is starting, recovering or unreachable.',
  }),
} as const;
