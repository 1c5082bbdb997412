/**
 * Every operation of the API with everything that another account has: the answer is the same as for what does not exist.
 * The operations and their parameters are read from the OpenAPI document, so new ones are tested too.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dereferenced } from '../support/api-document.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { packageZip, publishWorker, startRuns, uploadForm } from './packages.ts';

interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly minimum?: number;
  readonly minItems?: number;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly anyOf?: readonly Schema[];
}

interface Operation {
  readonly operationId: string;
  readonly security: readonly object[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
  }[];
  readonly requestBody?: {
    readonly required?: boolean;
    readonly content: Readonly<Record<string, { readonly schema: Schema }>>;
  };
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/** Ids of what an account has, by the names of parameters. */
type Ids = Readonly<Record<string, string>>;

/** Names of a package and its like, which say nothing about accounts. */
const publicParameters = new Set(['template', 'language']);

let platform: TestPlatform;
let operations: { method: string; path: string; operation: Operation }[];
let owned: Ids;
let missing: Ids;
let intruder: { id: number; key: string };

beforeAll(async () => {
  platform = await startTestPlatform({ rateLimitPerMinute: 1_000_000 }, { api: true, runner: false });
  const document = dereferenced(
    (await (await fetch(`${platform.url}/openapi.json`)).json()) as Parameters<typeof dereferenced>[0],
  ) as unknown as Document;
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
  owned = await everythingOf(platform);
  missing = {
    workerId: '01KKDXV2G26BT7NH4ZQR2R4NPZ',
    runId: '01KKDXV2G26BT7NH4ZQR2R4NPY',
    queueId: '999999998',
    workerTaskId: '01KKDXV2G26BT7NH4ZQR2R4NPW',
    exportId: '01KKDXV2G26BT7NH4ZQR2R4NPV',
    keyId: '999999999',
    sessionId: '11111111-2222-3333-4444-555555555555',
    accountName: 'nobody',
    store: 'missing',
    version: owned['version'] ?? '',
    number: '1',
  };
  intruder = await platform.otherAccount('intruder');
});
afterAll(async () => platform.close());

/** Creates one of each kind that can be named. */
async function everythingOf({ platform: { accounts, database } }: TestPlatform): Promise<Ids> {
  const { id: accountId } = await accounts.ensure('tester');
  const workerId = await publishWorker(platform, 'Private');
  const [runId = ''] = await startRuns(platform, workerId, 1);
  const { data: queued } = await platform.call<{ queue_ref: string }>(`/workers/${workerId}/queued-runs`, {
    body: { input: { parameters: { custom: {} } } },
  });
  const { data: versions } = await platform.call<{ list: { version: string }[] }>(
    `/workers/${workerId}/versions`,
  );
  const version = versions.list[0]?.version ?? '';
  const { data: task } = await platform.call<{ slug: string }>('/worker-tasks', {
    body: { title: 'Private', worker_id: workerId, version, input: { parameters: { custom: {} } } },
  });
  await platform.call('/stores/private/value?key=x', { method: 'PUT', body: '"1"' });
  const { rows: keys } = await database.pool.query<{ id: number }>(
    'SELECT id FROM api_key WHERE account_id = $1',
    [accountId],
  );
  const { rows } = await database.pool.query<{ slug: string }>(
    `INSERT INTO session (account_id, token_hash, expires_at)
     VALUES ($1, sha256('session'), now() + interval '1 hour') RETURNING slug`,
    [accountId],
  );
  return {
    workerId,
    runId,
    queueId: queued.queue_ref,
    workerTaskId: task.slug,
    exportId: '01KKDXV2G26BT7NH4ZQR2R4NPV',
    keyId: String(keys[0]?.id),
    sessionId: rows[0]?.slug ?? '',
    accountName: 'tester',
    store: 'private',
    version,
    number: '1',
  };
}

/** A value for a query parameter or a property, if its name says what it is. */
function named(name: string, ids: Ids): string | undefined {
  const values: Ids = {
    ...ids,
    other: ids['runId'] ?? '',
    since: ids['version'] ?? '',
    run_slugs: ids['runId'] ?? '',
    run_ids: ids['runId'] ?? '',
    queue_refs: ids['queueId'] ?? '',
    scraper_slug: ids['workerId'] ?? '',
    worker_id: ids['workerId'] ?? '',
    worker_slug: ids['workerId'] ?? '',
    path: 'main.js',
    url: 'https://callbacks.example.com/',
    callback_url: 'https://callbacks.example.com/',
    timezone: 'UTC',
    email: 'ada@example.com',
  };
  return values[name];
}

/** A body with what a schema requires, and the ids where their names tell. */
function sample(schema: Schema, name: string, ids: Ids): unknown {
  const [type] = [schema.type].flat();
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema.anyOf !== undefined && schema.anyOf[0] !== undefined) return sample(schema.anyOf[0], name, ids);
  switch (type) {
    case 'object':
      return Object.fromEntries(
        (schema.required ?? []).map((key) => [key, sample(schema.properties?.[key] ?? {}, key, ids)]),
      );
    case 'array':
      return [sample(schema.items ?? {}, name, ids)];
    case 'integer':
    case 'number':
      return schema.minimum ?? 1;
    case 'boolean':
      return true;
    case undefined:
    default:
      return named(name, ids) ?? 'x'.repeat(12);
  }
}

function bodyOf({ requestBody }: Operation, ids: Ids): string | FormData | undefined {
  if (requestBody === undefined) return undefined;
  if ('multipart/form-data' in requestBody.content) return uploadForm(packageZip());
  const schema = requestBody.content['application/json']?.schema;
  return schema === undefined ? undefined : JSON.stringify(sample(schema, '', ids));
}

async function answerTo(
  { method, path, operation }: (typeof operations)[number],
  ids: Ids,
  key: string,
): Promise<{ status: number; text: string }> {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_part, name: string) => ids[name] ?? `no id for ${name}`);
  const query = (operation.parameters ?? [])
    .filter((parameter) => parameter.in === 'query' && parameter.required === true)
    .map(({ name }) => `${name}=${encodeURIComponent(named(name, ids) ?? 'x')}`);
  const body = bodyOf(operation, ids);
  const answer = await fetch(`${platform.url}${filled}?${query.join('&')}`, {
    method,
    headers: {
      ...(key !== '' && { authorization: `Bearer ${key}` }),
      ...(typeof body === 'string' && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body }),
  });
  let text = await answer.text();
  text = text.replace(/"request_id":"[^"]*"/, '');
  for (const [name, id] of Object.entries(ids))
    if (owned[name] !== missing[name])
      text = text.replaceAll(new RegExp(`\\b${RegExp.escape(id)}\\b`, 'g'), 'ID');
  return { status: answer.status, text };
}

/** Operations whose path names something of an account. */
function namingOperations(): typeof operations {
  return operations.filter(({ path }) =>
    [...path.matchAll(/\{(\w+)\}/g)].some(([, name = '']) => !publicParameters.has(name)),
  );
}

/** Whether an answer says that something does not exist, or may not be done at all. */
function isRefusal(
  { path, operation }: (typeof operations)[number],
  { status, text }: { status: number; text: string },
): boolean {
  // A store that an account does not have is one without values.
  if (operation.operationId === 'listStoreKeys') return text.includes('"list":[]');
  // Operations of administrators are forbidden, whatever they name; the API has 400 for some that do not exist.
  if (status === 403) return path.startsWith('/api/v2/accounts/');
  return status === 404 || (status === 400 && /does not exist|not available/.test(text));
}

async function everythingStored(): Promise<unknown> {
  const tables = ['worker', 'worker_version', 'run', 'subtask', 'queue_item', 'task', 'api_key', 'store'];
  return Promise.all(
    tables.map(async (table) => {
      const { rows } = await platform.platform.database.pool.query(
        `SELECT to_jsonb(t) - 'last_used_at' AS row FROM ${table} t ORDER BY id`,
      );
      return rows;
    }),
  );
}

test('what another account has answers exactly like what does not exist, and stays as it is', async () => {
  const before = await everythingStored();
  const tested: string[] = [];
  for (const operation of namingOperations()) {
    const { operationId } = operation.operation;
    // The names of stores belong to each account, so this one makes a store of its own.
    if (operationId === 'putStoreValue') continue;
    const [theirs, none] = [
      await answerTo(operation, owned, intruder.key),
      await answerTo(operation, missing, intruder.key),
    ];
    expect({ operationId, ...theirs }).toEqual({ operationId, ...none });
    expect({ operationId, isRefusal: isRefusal(operation, theirs) }).toEqual({
      operationId,
      isRefusal: true,
    });
    tested.push(operationId);
  }
  expect(tested.length).toBeGreaterThan(80);
  expect(await everythingStored()).toEqual(before);
});

test('a body that names what another account has answers like one that names nothing', async () => {
  const before = await everythingStored();
  const bulk = operations.filter(({ path }) =>
    /\/(?:worker-runs|run-queue\/items)\/(?:abort|delete|rerun|update|activate|release)$|\/worker-tasks$/.test(
      path,
    ),
  );
  for (const operation of bulk.filter(({ method }) => method === 'POST')) {
    const { operationId } = operation.operation;
    const [theirs, none] = [
      await answerTo(operation, owned, intruder.key),
      await answerTo(operation, missing, intruder.key),
    ];
    expect({ operationId, ...theirs }).toEqual({ operationId, ...none });
    expect(theirs.text).not.toContain('"success":true');
  }
  expect(await everythingStored()).toEqual(before);
});

test('without a credential, every operation that needs one is 401', async () => {
  for (const operation of operations.filter(({ operation: { security } }) => security.length > 0)) {
    const { status } = await answerTo(operation, owned, '');
    expect({ operation: operation.operation.operationId, status }).toEqual({
      operation: operation.operation.operationId,
      status: 401,
    });
  }
});
