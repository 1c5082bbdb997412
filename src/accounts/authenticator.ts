/**
 * Finds the identity behind an API key, and caches it for some seconds. A revoked key is dropped from the cache at
 * once.
 */
import { type Database, type Notifications, channels } from '../database/database.ts';
import type { Events } from '../events/events.ts';
import { hashApiKey } from './api-keys.ts';
import { KeyUse } from './key-use.ts';

/** The account of a key, and the key's own id. */
export interface Identity {
  readonly accountId: number;
  readonly apiKeyId: number;
}

/** How long a checked key is trusted without asking the database again. */
const trustedMilliseconds = 5000;
const maxTrustedKeys = 10_000;

interface TrustedKey {
  readonly identity: Identity;
  /** When it was checked, on the monotonic clock. */
  readonly checkedAtMilliseconds: number;
  /** When the key expires, on the wall clock. */
  readonly expiresAtMilliseconds: number;
}

export class Authenticator {
  readonly #database: Database;
  readonly #notifications: Notifications | undefined;
  readonly #use: KeyUse;
  readonly #trusted = new Map<string, TrustedKey>();
  /** Counts revocations: an answer of the database from before a revocation must not be cached. */
  #revocations = 0;
  #subscriptions: (() => void)[] = [];

  /** @param notifications reports keys revoked by other processes; without it, that takes up to 5 s to be noticed */
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

  /** Drops all cached keys, and resolves once their last use is recorded. */
  async close(): Promise<void> {
    for (const unsubscribe of this.#subscriptions) unsubscribe();
    this.#subscriptions = [];
    this.#distrustAll();
    await this.#use.settled();
  }

  /** @returns undefined if the API key is wrong, expired or revoked, or its account is disabled */
  async authenticate(apiKey: string): Promise<Identity | undefined> {
    const hash = hashApiKey(apiKey);
    const identity = this.#trustedIdentity(hash) ?? (await this.#lookUp(hash));
    if (identity !== undefined) this.#use.note(identity.apiKeyId);
    return identity;
  }

  /** Drops a key that was just revoked from the cache. @param hash in hex */
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
      text: `SELECT api_key.id, account_id, expires_at FROM api_key JOIN account ON account.id = account_id
             WHERE key_hash = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
               AND disabled_at IS NULL`,
      values: [hash],
    });
    const [found] = rows;
    if (found === undefined) return undefined;
    const identity = { accountId: found.account_id, apiKeyId: found.id };
    if (revocations !== this.#revocations) return identity;
    if (this.#trusted.size >= maxTrustedKeys) this.#trusted.clear();
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
