/** The façade of stores: JSON values by key that outlive runs. They belong to an account and have names. */
import type { PoolClient } from 'pg';
import type { Database } from '../database/database.ts';
import { ChelaError, invalidArgument } from '../errors.ts';
import { JsonError, parseJson } from '../json/lossless-json.ts';
import { Slots } from '../services/slots.ts';
import { checkCondition, type Condition } from './conditions.ts';
import {
  checkKey,
  checkStoreName,
  storeTooLarge,
  tooManyKeys,
  tooManyStores,
  valueTooLarge,
  type StoreLimits,
} from './store-limits.ts';

export { conditionOf, etagOf, type Condition } from './conditions.ts';
export { storeKeyLimitBytes, storeNameLimitBytes, valueTooLarge, type StoreLimits } from './store-limits.ts';

export interface StoreRecord {
  readonly name: string;
  readonly key_count: number;
  readonly size_bytes: number;
  readonly updated_at: Date;
}

export interface KeyRecord {
  readonly key: string;
  readonly version: number;
  readonly size_bytes: number;
  readonly updated_at: Date;
}

export interface ValueRecord extends KeyRecord {
  /** JSON text. */
  readonly value: string;
}

/** A store of an account. */
export interface StorePlace {
  readonly accountId: number;
  readonly store: string;
}

export interface KeyQuery {
  /** Start of the keys. */
  readonly prefix: string;
  /** Only keys after this one, in the order of their bytes; all if `''`. */
  readonly after: string;
  readonly limit: number;
}

/** Changes that this process makes at the same time, each with a database connection that may wait for a store. */
const changesAtOnce = 2;

interface LockedStore {
  readonly id: number;
  readonly key_count: number;
  readonly size_bytes: number;
}

/**
 * Called at the end of a transaction that changes a store. Throws if whoever changes it may not do so any more, which
 * undoes the change.
 */
export type HoldChange = (client: PoolClient) => Promise<void>;

export class Stores {
  readonly #database: Database;
  readonly #limits: StoreLimits;
  readonly #changes = new Slots(changesAtOnce);

  constructor(database: Database, limits: StoreLimits) {
    this.#database = database;
    this.#limits = limits;
  }

  /** A page of the account's stores, by name. */
  async page(
    accountId: number,
    page: { number: number; size: number },
  ): Promise<{ count: number; list: StoreRecord[] }> {
    const { rows: counts } = await this.#database.pool.query<{ count: number }>({
      name: 'count-stores',
      text: 'SELECT count(*) AS count FROM store WHERE account_id = $1',
      values: [accountId],
    });
    const { rows: list } = await this.#database.pool.query<StoreRecord>({
      name: 'stores-of-account',
      text: `SELECT name, key_count, size_bytes, updated_at FROM store
             WHERE account_id = $1 ORDER BY name OFFSET $2 LIMIT $3`,
      values: [accountId, (page.number - 1) * page.size, page.size],
    });
    return { count: counts[0]?.count ?? 0, list };
  }

  /**
   * The keys of a store after a key. A store that does not exist has none.
   * @returns the keys, and the key to continue after, if there are more
   */
  async keys(
    { accountId, store }: StorePlace,
    { prefix, after, limit }: KeyQuery,
  ): Promise<{ list: KeyRecord[]; next: string | null }> {
    checkStoreName(store);
    const { rows: list } = await this.#database.pool.query<KeyRecord>({
      name: 'store-keys',
      text: `SELECT key, version, store_value.size_bytes, store_value.updated_at
             FROM store JOIN store_value ON store_id = store.id
             WHERE account_id = $1 AND name = $2 AND key >= $3 AND starts_with(key, $3) AND key > $4
             ORDER BY key LIMIT $5`,
      values: [accountId, store, prefix, after, limit + 1],
    });
    const hasMore = list.length > limit;
    if (hasMore) list.pop();
    return { list, next: hasMore ? (list.at(-1)?.key ?? null) : null };
  }

  /** @throws ChelaError NOT_FOUND */
  async get({ accountId, store }: StorePlace, key: string): Promise<ValueRecord> {
    checkStoreName(store);
    checkKey(key);
    const { rows } = await this.#database.pool.query<ValueRecord>({
      name: 'store-value',
      text: `SELECT key, value, version, store_value.size_bytes, store_value.updated_at
             FROM store JOIN store_value ON store_id = store.id WHERE account_id = $1 AND name = $2 AND key = $3`,
      values: [accountId, store, key],
    });
    if (rows[0] === undefined) throw noSuchKey(store, key);
    return rows[0];
  }

  /**
   * Sets a value, if the condition holds. The store is created if it does not exist.
   * @param json JSON text
   * @throws ChelaError
   */
  async put(
    place: StorePlace,
    key: string,
    json: string,
    condition: Condition | undefined,
    hold?: HoldChange,
  ): Promise<KeyRecord> {
    checkStoreName(place.store);
    checkKey(key);
    checkValue(json, this.#limits);
    const sizeBytes = Buffer.byteLength(json) + Buffer.byteLength(key);
    return this.#change(hold, async (client) => {
      const store = (await locked(client, place)) ?? (await this.#create(client, place));
      const current = await valueOf(client, store, key);
      checkCondition(condition, key, current?.version);
      if (current === undefined && store.key_count >= this.#limits.storeKeyLimit)
        throw tooManyKeys(this.#limits);
      const growth = sizeBytes - (current?.size_bytes ?? 0);
      if (growth > 0 && store.size_bytes + growth > this.#limits.storeLimitBytes)
        throw storeTooLarge(this.#limits);
      await recordChange(client, store, { keys: current === undefined ? 1 : 0, bytes: growth });
      const { rows } = await client.query<KeyRecord>({
        name: 'put-store-value',
        text: `INSERT INTO store_value (store_id, key, value, size_bytes, version, updated_at)
               VALUES ($1, $2, $3, $4, nextval('store_version'), now())
               ON CONFLICT (store_id, key) DO UPDATE SET value = excluded.value, size_bytes = excluded.size_bytes,
                 version = excluded.version, updated_at = excluded.updated_at
               RETURNING key, version, size_bytes, updated_at`,
        values: [store.id, key, json, sizeBytes],
      });
      if (rows[0] === undefined) throw new Error('the statement that puts a value gave none');
      return rows[0];
    });
  }

  /** Removes a value, if the condition holds. @throws ChelaError */
  async delete(
    place: StorePlace,
    key: string,
    condition: Condition | undefined,
    hold?: HoldChange,
  ): Promise<void> {
    checkStoreName(place.store);
    checkKey(key);
    await this.#change(hold, async (client) => {
      const store = await locked(client, place);
      const current = store === undefined ? undefined : await valueOf(client, store, key);
      checkCondition(condition, key, current?.version);
      if (store === undefined || current === undefined) throw noSuchKey(place.store, key);
      await recordChange(client, store, { keys: -1, bytes: -current.size_bytes });
      await client.query({
        name: 'delete-store-value',
        text: 'DELETE FROM store_value WHERE store_id = $1 AND key = $2',
        values: [store.id, key],
      });
    });
  }

  /** Removes a store with all its values. @throws ChelaError NOT_FOUND */
  async deleteStore({ accountId, store }: StorePlace, hold?: HoldChange): Promise<void> {
    checkStoreName(store);
    await this.#change(hold, async (client) => {
      const { rowCount } = await client.query({
        name: 'delete-store',
        text: 'DELETE FROM store WHERE account_id = $1 AND name = $2',
        values: [accountId, store],
      });
      if (rowCount === 0) throw new ChelaError('NOT_FOUND', `store ${store} does not exist`);
    });
  }

  async #change<Result>(
    hold: HoldChange | undefined,
    work: (client: PoolClient) => Promise<Result>,
  ): Promise<Result> {
    return this.#changes.use(async () =>
      this.#database.transaction(async (client) => {
        const result = await work(client);
        await hold?.(client);
        return result;
      }),
    );
  }

  /** Creates a store and locks it. Stores of an account are created one after another, so that they stay within the limit. */
  async #create(client: PoolClient, place: StorePlace): Promise<LockedStore> {
    const { accountId, store } = place;
    await client.query(
      `SELECT pg_advisory_xact_lock(hashtextextended('stores of account ' || $1::bigint, 0))`,
      [accountId],
    );
    const { rows } = await client.query<{ stores: number }>(
      'SELECT count(*) AS stores FROM store WHERE account_id = $1 AND name <> $2',
      [accountId, store],
    );
    if ((rows[0]?.stores ?? 0) >= this.#limits.storeLimit) throw tooManyStores(this.#limits);
    await client.query('INSERT INTO store (account_id, name) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
      accountId,
      store,
    ]);
    const created = await locked(client, place);
    if (created === undefined) throw new ChelaError('NOT_FOUND', `store ${store} was deleted meanwhile`);
    return created;
  }
}

/** @throws ChelaError if it is not JSON, or too large */
function checkValue(json: string, limits: StoreLimits): void {
  if (Buffer.byteLength(json) > limits.storeValueLimitBytes) throw valueTooLarge(limits);
  try {
    parseJson(json);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw invalidArgument(`the value is not valid JSON: ${error.message}`);
  }
}

async function locked(
  client: PoolClient,
  { accountId, store }: StorePlace,
): Promise<LockedStore | undefined> {
  const { rows } = await client.query<LockedStore>({
    name: 'lock-store',
    text: 'SELECT id, key_count, size_bytes FROM store WHERE account_id = $1 AND name = $2 FOR UPDATE',
    values: [accountId, store],
  });
  return rows[0];
}

async function valueOf(
  client: PoolClient,
  { id }: LockedStore,
  key: string,
): Promise<{ version: number; size_bytes: number } | undefined> {
  const { rows } = await client.query<{ version: number; size_bytes: number }>({
    name: 'current-store-value',
    text: 'SELECT version, size_bytes FROM store_value WHERE store_id = $1 AND key = $2',
    values: [id, key],
  });
  return rows[0];
}

async function recordChange(
  client: PoolClient,
  { id }: LockedStore,
  { keys, bytes }: { keys: number; bytes: number },
): Promise<void> {
  await client.query({
    name: 'change-store',
    text: `UPDATE store SET key_count = key_count + $2, size_bytes = size_bytes + $3, updated_at = now() WHERE id = $1`,
    values: [id, keys, bytes],
  });
}

function noSuchKey(store: string, key: string): ChelaError {
  return new ChelaError('NOT_FOUND', `store ${store} has no key ${key}`);
}
