/** LISTEN on a dedicated connection, which reconnects if PostgreSQL was unavailable. Handlers must not throw. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import type { Logger } from 'pino';
import type { ConnectionWatch } from './connection-watch.ts';
import { isDatabaseUnavailable } from './database-errors.ts';
import { StartStop } from '../services/service.ts';

/** Channels and their payloads. NOTIFY takes a lock at commit, so send it once per run, never per row or line. */
export const channels = {
  /** Subtasks are waiting; no payload. */
  subtasksReady: 'chela_subtasks_ready',
  /** Payload: key of the run whose subtasks must stop. */
  runAborting: 'chela_run_aborting',
  /** Payload: key of the run that has ended. */
  runFinished: 'chela_run_finished',
  /** Payload: key of the export that is ready or has failed. */
  exportEnded: 'chela_export_ended',
  /** Payload: hash of the revoked key, in hex. */
  apiKeyRevoked: 'chela_api_key_revoked',
} as const;
export type Channel = (typeof channels)[keyof typeof channels];

type Handler = (payload: string) => void;

const reconnectMilliseconds = 250;
/** Between statements that show whether the connection is alive, if it is otherwise idle. */
const checkMilliseconds = 10_000;

interface NotificationsOptions {
  readonly url: string;
  readonly connections: ConnectionWatch;
  readonly logger: Logger;
}

export class Notifications extends StartStop {
  readonly name = 'notifications';
  readonly #options: NotificationsOptions;
  readonly #handlers = new Map<Channel, Set<Handler>>();
  readonly #reconnected = new Set<() => void>();
  #client: Client | undefined;
  #reconnecting: Promise<void> = Promise.resolve();
  /** Ends the attempts to reconnect. */
  #stopped = new AbortController();

  constructor(options: NotificationsOptions) {
    super();
    this.#options = options;
  }

  /** @returns a function that stops listening */
  on(channel: Channel, handler: Handler): () => void {
    const handlers = this.#handlers.get(channel) ?? new Set();
    handlers.add(handler);
    this.#handlers.set(channel, handlers);
    return () => handlers.delete(handler);
  }

  /** Called after a reconnect, when notifications may have been missed. */
  onReconnect(handler: () => void): () => void {
    this.#reconnected.add(handler);
    return () => this.#reconnected.delete(handler);
  }

  protected override async begin(): Promise<void> {
    this.#stopped = new AbortController();
    await this.#connect();
  }

  protected override async end(): Promise<void> {
    this.#stopped.abort();
    await this.#reconnecting;
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => undefined);
  }

  async #connect(): Promise<void> {
    const { Client: WatchedClient, ...options } = this.#options.connections.poolOptions;
    const client = new WatchedClient({
      connectionString: this.#options.url,
      application_name: 'chela listen',
      ...options,
    });
    client.on('notification', ({ channel, payload }) => {
      for (const handler of this.#handlers.get(channel as Channel) ?? []) handler(payload ?? '');
    });
    client.on('error', () => undefined);
    client.on('end', () => {
      if (this.#client === client) this.#reconnecting = this.#reconnect();
    });
    try {
      await client.connect();
      for (const channel of Object.values(channels)) await client.query(`LISTEN ${channel}`);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
    this.#client = client;
    this.#checkRegularly(client);
  }

  /** A dead connection would be idle for ever; one with a statement is noticed. */
  #checkRegularly(client: Client): void {
    let isUnderWay = false;
    const timer = setInterval(() => {
      if (isUnderWay) return;
      isUnderWay = true;
      // If it fails, the connection ends, and with it the checks.
      void client
        .query('SELECT 1')
        .catch(() => undefined)
        .finally(() => (isUnderWay = false));
    }, checkMilliseconds).unref();
    client.once('end', () => clearInterval(timer));
  }

  /** Retries until it is connected or stopped. */
  async #reconnect(): Promise<void> {
    this.#options.logger.warn('the connection for notifications was lost');
    this.#client = undefined;
    const { signal } = this.#stopped;
    let reason = '';
    while (!signal.aborted) {
      try {
        await this.#connect();
        break;
      } catch (err) {
        // Reports each reason once, because it retries several times a second.
        const { message } = err as Error;
        if (!isDatabaseUnavailable(err) && message !== reason) {
          this.#options.logger.error({ err }, 'the connection for notifications could not be restored');
        }
        reason = message;
        await delay(reconnectMilliseconds, undefined, { signal }).catch(() => undefined);
      }
    }
    if (!signal.aborted) for (const handler of this.#reconnected) handler();
  }
}
