/** The connection to PostgreSQL: a pool, Kysely on top of it, and typed results. */
import { Kysely, PostgresDialect } from 'kysely';
import { Pool, types, type PoolClient } from 'pg';
import type { Logger } from 'pino';
import { ConnectionWatch } from './connection-watch.ts';
import type { Tables } from './tables.ts';

export { Notifications, channels } from './notifications.ts';
export { DatabaseUnreachableError, untilReachable } from './reachable.ts';

export { isDatabaseError, isDatabaseFull, isDatabaseUnavailable } from './database-errors.ts';
export { endHold, isFree, startHold } from './holds.ts';
export { GroupCommit } from './group-commit.ts';
export { MatchFinder, type Matches } from './match-finder.ts';
export {
  allowMigrations,
  appliedMigrations,
  applyToEmptyTables,
  createMigrationTable,
  migrate,
  migrationNames,
  readMigration,
  withholdMigrations,
} from './migrations.ts';
export { containing, containingInJson } from './search-text.ts';
export type { JsonText, Tables } from './tables.ts';
export { planUpgrade, type UpgradePlan } from './upgrade-plan.ts';
export { UnfitDatabaseError } from './unfit-database-error.ts';
export { waitOut } from './wait-out.ts';

/** Type ids in PostgreSQL of the types that `pg` would read differently. */
const { INT8, JSON: JSON_TEXT, DATE } = types.builtins;
type TypeId = typeof INT8;

/** Reads bigint as number, and json and date as PostgreSQL's text; everything else as `pg` does. */
const typeParsers = {
  getTypeParser(typeId: TypeId, format?: 'text' | 'binary') {
    if (format === 'binary') return types.getTypeParser(typeId, format);
    if (typeId === INT8) return Number;
    if (typeId === JSON_TEXT || typeId === DATE) return (value: string) => value;
    return types.getTypeParser(typeId, 'text');
  },
};

export interface DatabaseOptions {
  readonly url: string;
  readonly poolSize: number;
  readonly logger: Logger;
}

export class Database {
  /** For statements on hot paths. They are named, so that PostgreSQL plans them once per connection. */
  readonly pool: Pool;
  readonly sql: Kysely<Tables>;
  /** Watches the connections of this process for dead ones. */
  readonly connections: ConnectionWatch;
  #closing: Promise<void> | undefined;

  constructor(options: DatabaseOptions) {
    this.connections = new ConnectionWatch(options);
    this.pool = new Pool({
      connectionString: options.url,
      max: options.poolSize,
      types: typeParsers,
      application_name: 'chela',
      // A restarting database refuses connections for a moment; waiting forever would hide one that is gone.
      connectionTimeoutMillis: 10_000,
      ...this.connections.poolOptions,
    });
    // A connection lost during a transaction also emits this event. Without a listener it would end the process.
    this.pool.on('connect', (client) => client.on('error', () => undefined));
    this.pool.on('error', (error) => {
      if (this.#closing === undefined) options.logger.warn({ err: error }, 'a database connection was lost');
    });
    this.sql = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: this.pool }) });
  }

  /** Runs `work` in one transaction on one connection: committed when it resolves, rolled back when it rejects. */
  async transaction<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await this.pool.connect();
    let broken: Error | undefined;
    try {
      await client.query('BEGIN');
      const result = await work(client);
      await client.query('COMMIT');
      return result;
    } catch (error) {
      await client.query('ROLLBACK').catch((rollbackError: Error) => {
        broken = rollbackError;
      });
      throw error;
    } finally {
      client.release(broken);
    }
  }

  /** Ends the pool after the connections in use are released. May be called twice. */
  close(): Promise<void> {
    // Not through Kysely, which does not end a pool that it has not used.
    this.#closing ??= this.pool.end().then(() => this.connections.settled());
    return this.#closing;
  }
}
