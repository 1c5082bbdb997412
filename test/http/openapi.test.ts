import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { errorKinds, type ErrorKey } from '../../src/errors.ts';
import { dereferenced } from '../support/api-document.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema: Schema;
}

interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
}

interface OperationAnswer {
  readonly description: string;
  readonly content?: Readonly<Record<string, { schema: Schema }>>;
  readonly 'x-errors'?: readonly { readonly code: number; readonly key: ErrorKey; readonly text: string }[];
}

interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description: string;
  readonly security: readonly Readonly<Record<string, unknown>>[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { schema: Schema }>> };
  readonly responses: Readonly<Record<string, OperationAnswer>>;
}

interface OpenApi {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly securitySchemes: Readonly<Record<string, unknown>>;
    readonly schemas: Readonly<Record<string, Schema>>;
  };
}

let platform: TestPlatform;
let served: OpenApi;
/** The same with every reference resolved. */
let document: OpenApi;
let operations: { method: string; path: string; operation: Operation }[];

beforeAll(async () => {
  platform = await startTestPlatform({}, { api: true, runner: false });
  served = (await (await fetch(`${platform.url}/openapi.json`)).json()) as OpenApi;
  document = dereferenced(served);
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
  );
});
afterAll(async () => platform.close());

/** Sends a GET with a body of a type that no operation accepts. @returns its status */
async function statusOfGetWithBody(url: string): Promise<number | undefined> {
  const headers = {
    authorization: `Bearer ${platform.key}`,
    'content-type': 'text/xml',
    'content-length': 6,
  };
  const request = httpRequest(url, { method: 'GET', headers });
  request.end('<none>');
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.destroy();
  return response.statusCode;
}

/** As the hosted service publishes them: existing clients are generated from these names. */
const published = [
  ['get', '/proxy/region', 'listProxyRegions'],
  ['get', '/store', 'listStore'],
  ['get', '/users/account', 'getAccount'],
  ['get', '/workers', 'listWorkers'],
  ['get', '/workers/{workerId}', 'getWorker'],
  ['get', '/workers/{workerId}/input-schema', 'getWorkerInputSchema'],
  ['post', '/workers/{workerId}/runs', 'runWorker'],
  ['get', '/worker-runs', 'listWorkerRuns'],
  ['get', '/worker-runs/last', 'getLastWorkerRun'],
  ['post', '/worker-runs/last/abort', 'abortLastWorkerRun'],
  ['get', '/worker-runs/last/export', 'exportLastWorkerRunResults'],
  ['get', '/worker-runs/last/log', 'getLastWorkerRunLog'],
  ['post', '/worker-runs/last/rerun', 'rerunLastWorkerRun'],
  ['get', '/worker-runs/last/result', 'listLastWorkerRunResults'],
  ['get', '/worker-runs/{runId}', 'getWorkerRun'],
  ['post', '/worker-runs/{runId}/abort', 'abortWorkerRun'],
  ['get', '/worker-runs/{runId}/log', 'getWorkerRunLog'],
  ['post', '/worker-runs/{runId}/rerun', 'rerunWorkerRun'],
  ['get', '/worker-runs/{runId}/result', 'listWorkerRunResults'],
  ['get', '/worker-runs/{runId}/result/export', 'exportWorkerRunResults'],
  ['get', '/workers/{workerId}/runs/last', 'getWorkerLastRun'],
  ['post', '/workers/{workerId}/runs/last/abort', 'abortWorkerLastRun'],
  ['get', '/workers/{workerId}/runs/last/export', 'exportWorkerLastRunResults'],
  ['get', '/workers/{workerId}/runs/last/log', 'getWorkerLastRunLog'],
  ['post', '/workers/{workerId}/runs/last/rerun', 'rerunWorkerLastRun'],
  ['get', '/workers/{workerId}/runs/last/result', 'listWorkerLastRunResults'],
] as const;

const publicOperations = new Set(['listStore', 'getWorkerInputSchema', 'listProxyRegions']);

test('the document is the same whatever the settings', async () => {
  const settings = {
    rowLimit: 2,
    syncWaitSeconds: 1,
    defaultMemoryMegabytes: 256,
    corsOrigins: [],
    browsers: false,
  };
  const other = await startTestPlatform(settings, { api: true, runner: false });
  onTestFinished(async () => other.close());
  expect(await (await fetch(`${other.url}/openapi.json`)).json()).toEqual(served);
});

describe('GET /openapi.json', () => {
  test('needs no credential and is OpenAPI 3.1', async () => {
    const response = await fetch(`${platform.url}/openapi.json`);
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    expect(document.openapi).toMatch(/^3\.1\.\d+$/);
    expect(document.info).toMatchObject({ title: expect.any(String), version: expect.any(String) });
  });

  test.each(published)('has %s %s under its published name', (method, path, operationId) => {
    expect(document.paths[`/api/v2${path}`]?.[method]?.operationId).toBe(operationId);
  });

  test('names every operation once, under a declared tag, with a description', () => {
    const names = operations.map(({ operation }) => operation.operationId);
    expect(new Set(names).size).toBe(names.length);
    const tags = new Set(document.tags.map(({ name }) => name));
    for (const { operation } of operations) {
      expect(operation).toMatchObject({ summary: expect.any(String), description: expect.any(String) });
      expect(operation.tags.filter((tag) => !tags.has(tag))).toEqual([]);
    }
  });

  test('declares exactly the parameters of each path', () => {
    for (const { path, operation } of operations) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const declared = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
      expect(declared.map(({ name }) => name)).toEqual(inPath);
      for (const parameter of declared) expect(parameter.required).toBe(true);
    }
  });

  test('gives each shape one name, so that generated clients have one type for it', () => {
    const places = new Map<string, string[]>();
    const visit = (value: unknown, place: string): void => {
      if (typeof value !== 'object' || value === null) return;
      const { type, properties } = value as { type?: unknown; properties?: object };
      if (type === 'object' && Object.keys(properties ?? {}).length > 1) {
        const shape = JSON.stringify(value);
        places.set(shape, [...(places.get(shape) ?? []), place]);
      }
      for (const [key, part] of Object.entries(value)) visit(part, `${place}/${key}`);
    };
    visit(served.components.schemas, 'schemas');
    visit(served.paths, 'paths');
    expect([...places.values()].filter(({ length }) => length > 1)).toEqual([]);
  });

  test('declares integers that may need more than 32 bits', () => {
    const log = JSON.stringify(served.components.schemas['RunLog']);
    expect(JSON.parse(log)).toMatchObject({
      properties: { list: { items: { properties: { timestamp: { type: 'integer', format: 'int64' } } } } },
    });
  });

  test('uses only valid JSON Schema 2020-12', { timeout: 300_000 }, () => {
    const ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true });
    // What OpenAPI adds to the JSON Schema vocabulary.
    ajv.addVocabulary(['example', 'discriminator', 'xml', 'externalDocs']);
    ajv.addFormat('binary', true);
    ajv.addFormat('int64', true);
    for (const { operation } of operations) {
      const contents = [operation.requestBody, ...Object.values(operation.responses)];
      const schemas = [
        ...(operation.parameters ?? []).map(({ schema }) => schema),
        ...contents.flatMap((content) => Object.values(content?.content ?? {}).map(({ schema }) => schema)),
      ];
      for (const schema of schemas) expect(() => ajv.compile(schema)).not.toThrow();
    }
  });

  test('lets every operation except public ones be called with each of the three credentials', () => {
    const schemes = document.components.securitySchemes;
    expect(schemes).toMatchObject({
      BearerAuth: { type: 'http', scheme: 'bearer' },
      QueryTokenAuth: { type: 'apiKey', in: 'query', name: 'token' },
      ApiKeyAuth: { type: 'apiKey', in: 'header', name: 'api-key' },
    });
    for (const { operation } of operations.filter(({ path }) => path.startsWith('/api/v2/'))) {
      const isPublic = operation.security.length === 0;
      if (isPublic) continue;
      expect(operation.security).toEqual([{ BearerAuth: [] }, { QueryTokenAuth: [] }, { ApiKeyAuth: [] }]);
    }
    const open = operations.filter(({ operation }) => operation.security.length === 0);
    const names = new Set(open.map(({ operation }) => operation.operationId));
    expect(published.map(([, , name]) => name).filter((name) => names.has(name))).toEqual(
      published.map(([, , name]) => name).filter((name) => publicOperations.has(name)),
    );
  });

  test('describes the paging of every list', () => {
    const lists = operations.filter(({ operation }) =>
      operation.parameters?.some(({ name }) => name === 'offset'),
    );
    expect(lists.length).toBeGreaterThanOrEqual(6);
    for (const { operation } of lists) {
      const parameters = Object.fromEntries(
        (operation.parameters ?? []).map(({ name, schema }) => [name, schema]),
      );
      expect(parameters).toMatchObject({
        offset: { type: 'integer', default: 1, minimum: 0 },
        limit: { type: 'integer', default: 20, minimum: 1, maximum: 100 },
      });
    }
  });

  test('lists the statuses that runs can be filtered by', () => {
    const parameters = document.paths['/api/v2/worker-runs']?.get?.parameters ?? [];
    expect(parameters.find(({ name }) => name === 'status')?.schema.enum).toEqual([
      'ready',
      'running',
      'succeeded',
      'failed',
      'aborting',
    ]);
  });
});

describe('schemas', () => {
  test('every JSON response has a named schema', () => {
    for (const [path, methods] of Object.entries(served.paths)) {
      for (const { responses } of Object.values(methods)) {
        for (const [status, { content }] of Object.entries(responses)) {
          const schema = content?.['application/json']?.schema;
          if (schema === undefined || status === '204') continue;
          expect({ path, status, schema }).toEqual({
            path,
            status,
            schema: { $ref: expect.stringMatching(/^#\/components\/schemas\/\w+$/) },
          });
        }
      }
    }
  });

  test('every example matches its schema', () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    let examples = 0;
    const misfits: unknown[] = [];
    function visit(value: unknown): void {
      if (Array.isArray(value)) value.forEach(visit);
      if (typeof value !== 'object' || value === null) return;
      if ('examples' in value && Array.isArray(value.examples)) {
        const { examples: given, ...schema } = value;
        const validate = ajv.compile(schema);
        for (const example of given) {
          examples += 1;
          if (!validate(example)) misfits.push({ example, errors: ajv.errorsText(validate.errors) });
        }
      }
      Object.values(value).forEach(visit);
    }
    visit(document.components.schemas);
    for (const { operation } of operations) visit(operation.parameters);
    expect(misfits).toEqual([]);
    expect(examples).toBeGreaterThan(50);
  });
});

describe('errors', () => {
  test('every operation documents the statuses that it returns', () => {
    for (const { path, operation } of operations.filter(({ path }) => path.startsWith('/api/v2/'))) {
      expect({ path, statuses: Object.keys(operation.responses) }).toEqual({
        path,
        statuses: expect.arrayContaining(['200', '400', '401', '404', '422', '429', '500']),
      });
    }
  });

  test('every documented status has the codes of the registry, and the errors that the operation can give', () => {
    const documented = new Set<number>();
    for (const { path, operation } of operations.filter(({ path }) => path.startsWith('/api/v2/'))) {
      for (const [status, { content, description, ...answer }] of Object.entries(operation.responses)) {
        if (Number(status) < 400) continue;
        documented.add(Number(status));
        const kinds = Object.entries(errorKinds).filter(([, kind]) => kind.status === Number(status));
        const codes = content?.['application/json']?.schema.properties?.code?.enum;
        expect({ path, status, codes: new Set(codes) }).toEqual({
          path,
          status,
          codes: new Set(kinds.map(([, { code }]) => code)),
        });
        const errors = answer['x-errors'] ?? [];
        expect({ path, status, isEmpty: errors.length === 0 }).toEqual({ path, status, isEmpty: false });
        for (const { code, key, text } of errors) {
          expect({ status: Number(status), code, text }).toEqual(errorKinds[key]);
          expect(description).toContain(`${code} ${key}: ${text}`);
        }
      }
    }
    const unmet = Object.values(errorKinds).filter(({ status }) => !documented.has(status));
    // 405 belongs to methods without an operation; 501 is kept for clients that handle it.
    expect(new Set(unmet.map(({ status }) => status))).toEqual(new Set([405, 501]));
  });

  test('an operation lists an error only if it can give it', async () => {
    const starting = new Set([
      'runWorker',
      'runWorkerTask',
      'rerunWorkerRun',
      'rerunLastWorkerRun',
      'rerunWorkerLastRun',
    ]);
    for (const { method, path, operation } of operations.filter(({ path }) => path.startsWith('/api/v2/'))) {
      const { operationId, requestBody, responses } = operation;
      const keys = new Set(
        Object.values(responses).flatMap((answer) => (answer['x-errors'] ?? []).map(({ key }) => key)),
      );
      const hasBody = requestBody !== undefined;
      expect({
        operationId,
        tooLarge: keys.has('BODY_TOO_LARGE'),
        mediaType: keys.has('UNSUPPORTED_MEDIA_TYPE'),
        balance: keys.has('INSUFFICIENT_BALANCE'),
      }).toEqual({
        operationId,
        tooLarge: hasBody,
        mediaType: hasBody,
        balance: starting.has(operationId),
      });
      expect(keys.has('METHOD_NOT_ALLOWED') || keys.has('LINK_EXPIRED')).toBe(false);
      if (hasBody || method !== 'get') continue;
      // A GET ignores a body of any size and type.
      const status = await statusOfGetWithBody(`${platform.url}${path.replaceAll(/\{\w+\}/g, 'none')}`);
      expect({ operationId, isDocumented: String(status) in responses }).toEqual({
        operationId,
        isDocumented: true,
      });
    }
  });
});

test('the registry has the codes, statuses and texts that clients rely on', () => {
  expect(errorKinds).toEqual({
    SYSTEM_ERROR: { code: 10000, status: 500, text: 'internal server error' },
    INVALID_ARGUMENT: { code: 11000, status: 400, text: 'invalid argument' },
    METHOD_NOT_ALLOWED: { code: 11000, status: 405, text: expect.any(String) },
    STORAGE_LIMITED: { code: 11000, status: 400, text: expect.any(String) },
    PRECONDITION_FAILED: { code: 11000, status: 412, text: expect.any(String) },
    RANGE_NOT_SATISFIABLE: { code: 11000, status: 416, text: expect.any(String) },
    BODY_TOO_LARGE: { code: 11000, status: 413, text: expect.any(String) },
    UNSUPPORTED_MEDIA_TYPE: { code: 11000, status: 415, text: expect.any(String) },
    INVALID_SHAPE: { code: 11000, status: 422, text: 'invalid argument' },
    NOT_FOUND: { code: 11004, status: 404, text: 'not found' },
    UNAUTHORIZED: { code: 12001, status: 401, text: 'authentication required' },
    INVALID_TOKEN: { code: 12002, status: 401, text: 'invalid token' },
    FORBIDDEN: { code: 12001, status: 403, text: 'not allowed' },
    LINK_EXPIRED: { code: 12002, status: 403, text: expect.any(String) },
    NOT_READY: { code: 10000, status: 503, text: expect.any(String) },
    SHUTTING_DOWN: { code: 10000, status: 503, text: 'this server is stopping: try again in a few seconds' },
    NO_SPACE: { code: 10000, status: 503, text: 'there is not enough space to start runs' },
    RATE_LIMITED: { code: 13000, status: 429, text: 'too many requests' },
    DATABASE_ERROR: { code: 14000, status: 500, text: 'database error' },
    NOT_IMPLEMENTED: { code: 16000, status: 501, text: 'not implemented' },
    INSUFFICIENT_BALANCE: { code: 30001, status: 400, text: 'account balance is insufficient' },
    PLAN_CONCURRENCY_LIMITED: {
      code: 30003,
      status: 400,
      text: 'the current running tasks have reached the plan limit',
    },
    WORKER_NOT_FOUND: { code: 50001, status: 400, text: 'worker does not exist' },
    WORKER_RUN_FAILED: { code: 50002, status: 400, text: 'worker run failed' },
    WORKER_VERSION_UNAVAILABLE: { code: 50003, status: 400, text: 'the worker version is not available' },
    TASK_NOT_FOUND: { code: 60001, status: 400, text: 'task does not exist' },
    RUN_NOT_FOUND: { code: 70001, status: 400, text: 'run record does not exist' },
    RUN_FAILED: { code: 70002, status: 400, text: 'run operation failed' },
  });
});

test('a row is an object with its id and further keys', () => {
  const { ResultRow, ResultPage } = served.components.schemas as Record<string, Record<string, unknown>>;
  expect(ResultRow).toMatchObject({
    type: 'object',
    properties: { __coreclaw_data_id__: { type: 'string' } },
    required: ['__coreclaw_data_id__'],
    additionalProperties: true,
  });
  expect(ResultPage?.['properties']).toMatchObject({
    list: { type: 'array', items: { $ref: '#/components/schemas/ResultRow' } },
  });
});
