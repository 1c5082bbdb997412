/** Stores of the account. Extensions of the published API. */
import { Type } from 'typebox';
import { StoreKey, StoreKeyList, StoreList, StoreValue } from '../../answers/stores.ts';
import { parseJson, stringifyJson } from '../../json/lossless-json.ts';
import {
  conditionOf,
  etagOf,
  storeKeyLimitBytes,
  storeNameLimitBytes,
  type KeyRecord,
  type StoreRecord,
} from '../../stores/stores.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { actorOf } from '../authentication.ts';
import { success } from '../envelope.ts';
import { operation } from '../operation.ts';
import { pageOf, PageQuery, paged, unixSeconds } from './shapes.ts';

const StoreParams = Type.Object({
  store: Type.String({
    description: 'Name of the store',
    maxLength: storeNameLimitBytes,
    examples: ['cursors'],
  }),
});
const KeyQuery = Type.Object({
  key: Type.String({
    description: 'Key of the value.',
    minLength: 1,
    maxLength: storeKeyLimitBytes,
    examples: ['shop/last-id'],
  }),
});
const KeysQuery = Type.Object({
  prefix: Type.Optional(
    Type.String({ description: 'Only keys that start with this text.', maxLength: storeKeyLimitBytes }),
  ),
  after: Type.Optional(
    Type.String({ description: 'Only keys after this one.', maxLength: storeKeyLimitBytes }),
  ),
  limit: Type.Optional(
    Type.Integer({ description: 'Maximum number of keys.', minimum: 1, maximum: 1000, default: 100 }),
  ),
});
const ifMatch = Type.Optional(
  Type.String({
    description:
      'Changes the value only if it has this version, in quotes, or any with *; otherwise the answer is 412.',
    examples: ['"17"'],
  }),
);
const ChangeHeaders = Type.Object({
  'if-match': ifMatch,
  'if-none-match': Type.Optional(
    Type.String({ description: '* sets the value only if the key has none.', examples: ['*'] }),
  ),
});
const DeleteHeaders = Type.Object({ 'if-match': ifMatch });
const ValueBody = Type.Object(
  {
    value: Type.Unknown({
      description: 'Any JSON. Large integers keep every digit.',
      examples: [{ id: 12_345 }],
    }),
  },
  { title: 'StoreValueBody', additionalProperties: false },
);

function storeShape({ name, key_count: keys, size_bytes, updated_at }: StoreRecord) {
  return { name, keys, size_bytes, updated_at: unixSeconds(updated_at) };
}

function keyShape({ key, version, size_bytes, updated_at }: KeyRecord) {
  return { key, version, size_bytes, updated_at: unixSeconds(updated_at) };
}

const tag = 'stores';

export function addStoreOperations(app: ApiApp, context: ApiContext): void {
  addStores(app, context);
  addValueReads(app, context);
  addValueChanges(app, context);
}

function addStores(app: ApiApp, { stores, accounts }: ApiContext): void {
  app.get(
    '/stores',
    operation({
      id: 'listStores',
      tag,
      summary: 'List stores',
      description: 'Returns the stores of the account by name. An extension of the published API.',
      querystring: PageQuery,
      data: StoreList,
    }),
    async (request) => {
      const page = pageOf(request.query);
      const { count, list } = await stores.page(request.accountId, page);
      return success(request, paged({ count, list: list.map(storeShape) }, page));
    },
  );

  app.delete(
    '/stores/:store',
    operation({
      id: 'deleteStore',
      tag,
      summary: 'Delete store',
      description: 'Deletes a store with all its values. An extension of the published API.',
      params: StoreParams,
    }),
    async (request) => {
      const { store } = request.params;
      await stores.deleteStore({ accountId: request.accountId, store });
      await accounts.audit.record(actorOf(request), { action: 'store.deleted', subject: store });
      return success(request);
    },
  );
}

function addValueReads(app: ApiApp, { stores }: ApiContext): void {
  app.get(
    '/stores/:store/keys',
    operation({
      id: 'listStoreKeys',
      tag,
      summary: 'List store keys',
      description:
        'Returns keys of a store. A store that does not exist has none. An extension of the published API.',
      params: StoreParams,
      querystring: KeysQuery,
      data: StoreKeyList,
    }),
    async (request) => {
      const place = { accountId: request.accountId, store: request.params.store };
      const { prefix = '', after = '', limit = 100 } = request.query;
      const { list, next } = await stores.keys(place, { prefix, after, limit });
      return success(request, { list: list.map(keyShape), next: next ?? '' });
    },
  );

  app.get(
    '/stores/:store/value',
    operation({
      id: 'getStoreValue',
      tag,
      summary: 'Get store value',
      description: 'Returns a value; its version is also the header ETag. An extension of the published API.',
      params: StoreParams,
      querystring: KeyQuery,
      data: StoreValue,
    }),
    async (request, reply) => {
      const place = { accountId: request.accountId, store: request.params.store };
      const found = await stores.get(place, request.query.key);
      void reply.header('etag', etagOf(found));
      return success(request, { ...keyShape(found), value: parseJson(found.value) });
    },
  );
}

function addValueChanges(app: ApiApp, { stores, accounts }: ApiContext): void {
  app.put(
    '/stores/:store/value',
    operation({
      id: 'putStoreValue',
      tag,
      summary: 'Set store value',
      description:
        'Sets a value, and creates the store if it does not exist. With If-Match or If-None-Match, nothing is overwritten that you have not read. An extension of the published API.',
      params: StoreParams,
      querystring: KeyQuery,
      headers: ChangeHeaders,
      body: ValueBody,
      data: StoreKey,
      errors: ['PRECONDITION_FAILED', 'STORAGE_LIMITED'],
    }),
    async (request, reply) => {
      const { store } = request.params;
      const { key } = request.query;
      const place = { accountId: request.accountId, store };
      const json = stringifyJson(request.body.value);
      const record = await stores.put(place, key, json, conditionOf(request.headers));
      await accounts.audit.record(actorOf(request), {
        action: 'store.value_set',
        subject: store,
        details: { key },
      });
      void reply.header('etag', etagOf(record));
      return success(request, keyShape(record));
    },
  );

  app.delete(
    '/stores/:store/value',
    operation({
      id: 'deleteStoreValue',
      tag,
      summary: 'Delete store value',
      description: 'Deletes a value. An extension of the published API.',
      params: StoreParams,
      querystring: KeyQuery,
      headers: DeleteHeaders,
      errors: ['PRECONDITION_FAILED'],
    }),
    async (request) => {
      const { store } = request.params;
      const { key } = request.query;
      const place = { accountId: request.accountId, store };
      await stores.delete(place, key, conditionOf(request.headers));
      await accounts.audit.record(actorOf(request), {
        action: 'store.value_deleted',
        subject: store,
        details: { key },
      });
      return success(request);
    },
  );
}
