/** Serves the stores of an account to its workers: `/stores`, `/stores/STORE` and `/stores/STORE/KEY`. */
import type { IncomingMessage } from 'node:http';
import { invalidArgument } from '../../errors.ts';
import type { Claim, RunClaims } from '../../runs/runs.ts';
import type { Slots } from '../../services/slots.ts';
import {
  conditionOf,
  etagOf,
  valueTooLarge,
  type HoldChange,
  type StoreLimits,
  type Stores,
} from '../../stores/stores.ts';
import { CollectedBytes } from './collected-bytes.ts';
import {
  answerEmpty,
  answerJson,
  answerText,
  listQuery,
  methodNotAllowed,
  type WorkerRequest,
} from './worker-request.ts';

export interface ServedStores {
  readonly stores: Stores;
  readonly accountId: number;
  readonly limits: StoreLimits;
  readonly claim: Claim;
  readonly claims: RunClaims;
}

function keyShape(record: { key: string; version: number; size_bytes: number; updated_at: Date }) {
  const { key, version, size_bytes, updated_at } = record;
  return { key, version, size_bytes, updated_at: updated_at.toISOString() };
}

export class StoreRequests {
  readonly #served: ServedStores;
  readonly #slots: Slots;

  constructor(served: ServedStores, slots: Slots) {
    this.#served = served;
    this.#slots = slots;
  }

  /** @throws ChelaError to answer with, if nothing has been sent yet */
  async handle(request: WorkerRequest): Promise<void> {
    // The body is read in the slot too, so that few are in memory.
    await this.#slots.use(async () => {
      const { first: store, rest: key } = request;
      if (store === undefined) throw invalidArgument('use the path /stores/STORE or /stores/STORE/KEY');
      if (key === undefined) await this.#handleStore(request, store);
      else await this.#handleKey(request, store, key);
    });
  }

  readonly #hold: HoldChange = (client) => this.#served.claims.hold(client, this.#served.claim);

  async #handleStore(request: WorkerRequest, store: string): Promise<void> {
    const { stores, accountId } = this.#served;
    const { method, response, query } = request;
    if (method === 'DELETE') {
      await stores.deleteStore({ accountId, store }, this.#hold);
      answerEmpty(response);
    } else if (method === 'GET') {
      const { list, next } = await stores.keys({ accountId, store }, listQuery(query));
      answerJson(response, 200, { list: list.map(keyShape), next });
    } else throw methodNotAllowed(request, 'GET or DELETE');
  }

  async #handleKey(request: WorkerRequest, store: string, key: string): Promise<void> {
    const { stores, accountId, limits } = this.#served;
    const { method, incoming, response } = request;
    const place = { accountId, store };
    if (method === 'GET' || method === 'HEAD') {
      const found = await stores.get(place, key);
      answerText(response, 200, found.value, { etag: etagOf(found) });
    } else if (method === 'PUT') {
      const condition = conditionOf(incoming.headers);
      const json = await readText(incoming, limits);
      const put = await stores.put(place, key, json, condition, this.#hold);
      answerJson(response, 200, keyShape(put), { etag: etagOf(put) });
    } else if (method === 'DELETE') {
      await stores.delete(place, key, conditionOf(incoming.headers), this.#hold);
      answerEmpty(response);
    } else throw methodNotAllowed(request, 'GET, PUT or DELETE');
  }
}

/** Reads a body. It stays open when it is too large, so that the refusal can be answered. */
async function readText(incoming: IncomingMessage, limits: StoreLimits): Promise<string> {
  if (incoming.destroyed) throw incomplete();
  const collected = new CollectedBytes();
  const complete = Promise.withResolvers<void>();
  const onData = (chunk: Buffer): void => {
    if (collected.length + chunk.length > limits.storeValueLimitBytes) complete.reject(valueTooLarge(limits));
    else collected.append(chunk);
  };
  incoming.on('data', onData);
  incoming.once('end', complete.resolve);
  incoming.once('close', () => complete.reject(incomplete()));
  try {
    await complete.promise;
  } finally {
    incoming.off('data', onData);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(collected.bytes);
  } catch {
    throw invalidArgument('the value is not UTF-8');
  }
}

function incomplete(): Error {
  return new Error('the worker did not send the whole value');
}
