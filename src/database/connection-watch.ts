/**
 * Finds connections that died without a word: the network was cut, or a firewall dropped them. TCP repeats what was sent
 * at growing intervals, so a statement may wait for minutes after the network is back, and Node cannot limit this time.
 * Connections without a statement are checked by keep-alives; what waits for an answer is looked up on the server here.
 */
import { Client, type ClientBase, type ClientConfig, type PoolConfig } from 'pg';
import type { Logger } from 'pino';

const lookMilliseconds = 2000;
/** Statements that wait for longer are looked up. */
const answerMilliseconds = 8000;
/** Time for a connection to end after the goodbye. */
const farewellMilliseconds = 3000;
/** Time for the lookup, which uses a connection of its own. */
const lookupMilliseconds = 5000;

/** Keep-alives of connections that are idle for this long; Linux gives up ten seconds later. */
const keepAlive = { keepAlive: true, keepAliveInitialDelayMillis: 5000 } as const;

/** The server drops clients that are gone about as soon, and with them their locks. */
const serverKeepAlive =
  'SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 5; SET tcp_user_timeout = 15000';
/**
 * The kernel of a frozen process still answers keep-alives. If the process was in a transaction, its locks would hold up
 * the processes that take over its work. No transaction of ours waits for anything but PostgreSQL.
 */
const transactionLimit = 'SET idle_in_transaction_session_timeout = 15000';

/** Parts of a client that its types do not have. */
interface ClientParts {
  /** Id of its process on the server. */
  readonly processID: number | null;
  /** False while a statement is in progress. */
  readonly readyForQuery: boolean;
  readonly connection: { readonly stream: { destroy(error?: Error): void; readonly writableLength: number } };
}

interface Watched {
  readonly parts: ClientParts;
  /** When its statement was first seen, on the monotonic clock. */
  busySince: number | undefined;
}

interface ServerProcess {
  readonly pid: number;
  readonly is_waiting: boolean;
}

interface WatchOptions {
  readonly url: string;
  readonly logger: Logger;
}

/** @returns a promise for which the pool waits, although its type does not say so */
function limitAbsence(client: ClientBase): unknown {
  const isLocal = (client as Client).host.startsWith('/');
  // Without these settings, the connection works too.
  return client
    .query(isLocal ? transactionLimit : `${transactionLimit}; ${serverKeepAlive}`)
    .catch(() => undefined);
}

export class ConnectionWatch {
  /** Options of pools whose connections are watched. */
  readonly poolOptions: PoolConfig & { readonly Client: typeof Client };
  readonly #options: WatchOptions;
  readonly #connected = new Set<Watched>();
  #timer: NodeJS.Timeout | undefined;
  #lookup: Promise<void> | undefined;

  constructor(options: WatchOptions) {
    this.#options = options;
    const watch = (client: Client): void => this.#watch(client);
    class WatchedClient extends Client {
      constructor(config?: string | ClientConfig) {
        super(config);
        watch(this);
      }

      override end(callback?: (error: Error) => void): Promise<void> {
        // A dead connection does not confirm its end.
        const { stream } = (this as unknown as ClientParts).connection;
        const late = setTimeout(() => stream.destroy(), farewellMilliseconds).unref();
        this.once('end', () => clearTimeout(late));
        return callback === undefined ? super.end() : (super.end(callback) as unknown as Promise<void>);
      }
    }
    this.poolOptions = { ...keepAlive, Client: WatchedClient, onConnect: limitAbsence };
  }

  /** Resolves once no lookup is in progress. */
  async settled(): Promise<void> {
    await this.#lookup;
  }

  #watch(client: Client): void {
    client.once('connect', () => {
      const parts = client as unknown as ClientParts;
      const watched = { parts, busySince: undefined };
      this.#connected.add(watched);
      client.connection.on('readyForQuery', () => (watched.busySince = undefined));
      client.once('end', () => this.#forget(watched));
      this.#timer ??= setInterval(() => this.#look(), lookMilliseconds).unref();
    });
  }

  #forget(watched: Watched): void {
    this.#connected.delete(watched);
    if (this.#connected.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    const now = performance.now();
    const waiting: Watched[] = [];
    for (const watched of this.#connected) {
      const { parts } = watched;
      // What is still being sent is not with the server.
      if (parts.readyForQuery || parts.connection.stream.writableLength > 0) watched.busySince = undefined;
      else watched.busySince ??= now;
      if (watched.busySince !== undefined && now - watched.busySince > answerMilliseconds)
        waiting.push(watched);
    }
    if (waiting.length > 0)
      this.#lookup ??= this.#closeDead(waiting).finally(() => (this.#lookup = undefined));
  }

  /** Closes connections that the server is not working for. Never rejects. */
  async #closeDead(waiting: readonly Watched[]): Promise<void> {
    const since = waiting.map(({ busySince }) => busySince);
    const processes = await this.#serverProcesses(waiting.map(({ parts }) => parts.processID ?? 0)).catch(
      // As long as the server is unreachable, nothing is known.
      () => undefined,
    );
    if (processes === undefined) return;
    for (const [index, { parts, busySince }] of waiting.entries()) {
      const process = processes.get(parts.processID ?? 0);
      const isSame = busySince !== undefined && busySince === since[index];
      if (!isSame || process?.is_waiting === false) continue;
      const err = new Error(
        'Connection terminated: PostgreSQL did not receive the statement, or its answer was lost',
      );
      this.#options.logger.warn({ err }, 'a database connection is dead: closing it');
      parts.connection.stream.destroy(err);
    }
  }

  /**
   * Which of these processes exist, and whether they are waiting for a statement and have been for a while.
   * @returns undefined if process ids mean nothing, because a connection pooler is in between
   */
  async #serverProcesses(ids: readonly number[]): Promise<Map<number, ServerProcess> | undefined> {
    const client = new Client({
      connectionString: this.#options.url,
      application_name: 'chela watch',
      connectionTimeoutMillis: lookupMilliseconds,
      query_timeout: lookupMilliseconds,
    });
    client.on('error', () => undefined);
    try {
      await client.connect();
      const { rows } = await client.query<ServerProcess & { own: number }>(
        `SELECT pid, pg_backend_pid() AS own,
           coalesce(state LIKE 'idle%' AND state_change < clock_timestamp() - interval '3 seconds', false) AS is_waiting
         FROM pg_stat_activity WHERE pid = ANY($1::int[] || pg_backend_pid())`,
        [ids],
      );
      if (rows[0]?.own !== (client as unknown as ClientParts).processID) return undefined;
      return new Map(rows.map((row) => [row.pid, row]));
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}
