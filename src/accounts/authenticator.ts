/** Who an API key belongs to. A key that was just checked is trusted for seconds, and not a moment beyond its revocation. */
import { type Database, type Notifications, channels } from '../database/database.ts';
import type { Events } from '../events/events.ts';
import { hashApiKey } from './api-keys.ts';
import { KeyUse } from './key-use.ts';

/** The account of a key, and the key itself. */
export interface Identity {
  readonly accountId: number;
  readonly apiKeyId: number;
}

/** How long a key that was just checked is trusted without asking the database again. */
const trustedMilliseconds = 5000;
const mostTrustedKeys = 10_000;

interface TrustedKey {
  readonly identity: Identity;
  /** When it was checked; monotonic. */
  readonly checkedAtMilliseconds: number;
  /** When the key itself expires, by the wall clock. */
  readonly expiresAtMilliseconds: number;
}

export class Authenticator {
  readonly #database: Database;
  readonly #notifications: Notifications | undefined;
  readonly #use: KeyUse;
  readonly #trusted = new Map<string, TrustedKey>();
  /** Counts what ends trust, so that an answer of the database that is older than a revocation is not trusted. */
  #revocations = 0;
  #subscriptions: (() => void)[] = [];

  /** @param notifications tells of keys revoked by other processes; without it that takes up to 5 s to be seen */
  constructor(database: Database, notifications: Notifications | undefined, events: Events) {
    this.#database = database;
    this.#notifications = notifications;
    this.#use = new KeyUse(database, events);
  }

  /** Listens for revoked keys. */
  listen(): void {
    if (this.#notifications === undefined || this.#subscriptions.length > 0) return;
    this.#subscriptions = [
      this.#notifications.on(channels.apiKeyRevoked, (hash) => this.distrust(hash)),
      this.#notifications.onReconnect(() => this.#distrustAll()),
    ];
  }

  /** Trusts no key any more, and resolves once their use is recorded. */
  async close(): Promise<void> {
    for (const unsubscribe of this.#subscriptions) unsubscribe();
    this.#subscriptions = [];
    this.#distrustAll();
    await this.#use.settled();
  }

  /** @returns undefined where the API key is wrong, expired or revoked */
  async authenticate(apiKey: string): Promise<Identity | undefined> {
    const hash = hashApiKey(apiKey);
    const identity = this.#trustedIdentity(hash) ?? (await this.#lookUp(hash));
    if (identity !== undefined) this.#use.note(identity.apiKeyId);
    return identity;
  }

  /** For a key that was revoked just now. @param hash in hex */
  distrust(hash: string): void {
    this.#revocations += 1;
    this.#trusted.delete(hash);
  }

  #trustedIdentity(hash: Buffer): Identity | undefined {
    const trusted = this.#trusted.get(hash.toString('hex'));
    if (trusted === undefined) return undefined;
    const isFresh = performance.now() - trusted.checkedAtMilliseconds < trustedMilliseconds;
    return isFresh && trusted.expiresAtMilliseconds > Date.now() ? trusted.identity : undefined;
  }

  async #lookUp(hash: Buffer): Promise<Identity | undefined> {
    const revocations = this.#revocations;
    const name = hash.toString('hex');
    this.#trusted.delete(name);
    const { rows } = await this.#database.pool.query<{
      id: number;
      account_id: number;
      expires_at: Date | null;
    }>({
      name: 'authenticate',
      text: `SELECT id, account_id, expires_at FROM api_key
             WHERE key_hash = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())`,
      values: [hash],
    });
    const [found] = rows;
    if (found === undefined) return undefined;
    const identity = { accountId: found.account_id, apiKeyId: found.id };
    if (revocations !== this.#revocations) return identity;
    if (this.#trusted.size >= mostTrustedKeys) this.#trusted.clear();
    this.#trusted.set(name, {
      identity,
      checkedAtMilliseconds: performance.now(),
      expiresAtMilliseconds: found.expires_at?.getTime() ?? Number.POSITIVE_INFINITY,
    });
    return identity;
  }

  #distrustAll(): void {
    this.#revocations += 1;
    this.#trusted.clear();
  }
}
