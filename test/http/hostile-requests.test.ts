/** Calls every operation of the OpenAPI document with hostile values: nothing a client sends may cause a 500. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { adminAccountName } from '../../src/accounts/accounts.ts';
import { dereferenced } from '../support/api-document.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { ask } from './checked-answer.ts';
import { publishWorker, startRuns } from './packages.ts';

const seed = 20_260_719;
const requestsPerOperation = 40;

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: {
    readonly content: Readonly<
      Record<string, { schema: { properties?: Readonly<Record<string, unknown>> } }>
    >;
  };
}

interface Target {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

let platform: TestPlatform;
let targets: Target[];
let knownIdentifiers: string[];

beforeAll(async () => {
  platform = await startTestPlatform({ syncWaitSeconds: 1 }, { api: true, runner: false });
  const worker = await publishWorker(platform, 'Target');
  const runs = await startRuns(platform, worker, 1);
  knownIdentifiers = [worker, 'tester~target', ...runs];
  const served = await (await fetch(`${platform.url}/openapi.json`)).json();
  const document = dereferenced(
    served as {
      paths: Record<string, Record<string, Operation>>;
      components: { schemas: Record<string, unknown> };
    },
  );
  targets = Object.entries(document.paths)
    .filter(([path]) => path.startsWith('/api/v2/'))
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        method: method.toUpperCase(),
        path: path.slice('/api/v2'.length),
        operation,
      })),
    )
    // Their successful responses have no envelope.
    .filter(({ path }) => !path.endsWith('/events') && !path.endsWith('/package'));
});
afterAll(async () => platform.close());

/** Mulberry32: the same numbers in every run. */
function randomNumbers(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const texts = [
  '',
  ' ',
  '0',
  '-1',
  '1',
  '2',
  '100',
  '1e300',
  '-1e300',
  '9007199254740993',
  '99999999999999999999999',
  'NaN',
  'null',
  'true',
  '\0',
  'a\0b',
  '\uD800',
  '\uFFFF',
  '你好 🦀',
  '\u202E',
  '%',
  '%00',
  '../../etc/passwd',
  "' OR 1=1 --",
  '\\',
  '$1',
  '{{7*7}}',
  '<script>',
  'a~b',
  '~',
  'last',
  'ready',
  'csv',
  'latest',
  'v1.0.1',
  '2024-02-30',
  '25:61',
  'http://127.0.0.1/',
  'x'.repeat(300),
  'constructor',
  '__proto__',
];

const jsonTexts = `
  null true false 0 1 -1 1.5 1e400 1e20 12345678901234567890 [] {} [[]] ["\\u0000"] [null] [1]
  {"\\u0000":1} {"__proto__":1} {"parameters":null} {"parameters":{"custom":{}}} {"parameters":{"custom":[],"system":[]}}
  {"parameters":{"custom":{"word":"\\u0000"},"system":{"memory":1e400,"proxy_region":"\\ud800"}}}
  ${'['.repeat(150)}${']'.repeat(150)}`;
const jsonValues = [...jsonTexts.trim().split(/\s+/), ...texts.map((text) => JSON.stringify(text))];

const rawBodies = ['', 'null', '[]', '{', '"', '\0', '{"a":}', '1e999', '{"__proto__":{"a":1}}', '\uFEFF{}'];

class RequestMaker {
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  #chance(probability: number): boolean {
    return this.#random() < probability;
  }

  #pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.#random() * items.length)] as T;
  }

  /** Percent-encodes, sometimes incorrectly. */
  #encoded(text: string): string {
    if (this.#chance(0.03)) return this.#pick(['%zz', '%', '%ff%fe', '%ED%A0%80', '%2F', '%00']);
    return encodeURIComponent(text.toWellFormed());
  }

  path({ path, operation }: Target): string {
    const filled = path.replaceAll(/\{\w+\}/g, () =>
      this.#encoded(this.#chance(0.6) ? this.#pick(knownIdentifiers) : this.#pick(texts) || 'x'),
    );
    const names = (operation.parameters ?? []).filter((parameter) => parameter.in === 'query');
    const pairs = names
      .filter(() => this.#chance(0.5))
      .flatMap(({ name }) =>
        Array.from(
          { length: this.#chance(0.1) ? 2 : 1 },
          () => `${name}=${this.#encoded(this.#pick(texts))}`,
        ),
      );
    return pairs.length === 0 ? filled : `${filled}?${pairs.join('&')}`;
  }

  body({ method, operation }: Target): string | undefined {
    if (method === 'GET') return undefined;
    if (this.#chance(0.1)) return this.#pick(rawBodies);
    const { properties = {} } = operation.requestBody?.content['application/json']?.schema ?? {};
    const members = Object.keys(properties)
      .filter(() => this.#chance(0.4))
      .map((name) => `${JSON.stringify(name)}:${this.#pick(jsonValues)}`);
    if (this.#chance(0.05)) members.push(`${JSON.stringify(this.#pick(texts))}:${this.#pick(jsonValues)}`);
    return `{${members.join(',')}}`;
  }

  contentType(): string {
    return this.#chance(0.95)
      ? 'application/json'
      : this.#pick(['text/plain', 'multipart/form-data; boundary=x']);
  }
}

test(`no operation returns 500, whatever is sent to it (seed ${seed})`, { timeout: 300_000 }, async () => {
  const maker = new RequestMaker(randomNumbers(seed));
  const requests = targets.flatMap((target) =>
    Array.from({ length: requestsPerOperation }, () => ({
      method: target.method,
      path: maker.path(target),
      body: maker.body(target),
      headers: { 'content-type': maker.contentType() },
    })),
  );
  const failures: unknown[] = [];
  async function sendAll(): Promise<void> {
    for (let request = requests.pop(); request !== undefined; request = requests.pop()) {
      const { status } = await ask(platform, request.path, request);
      if (status >= 500) failures.push({ status, ...request });
    }
  }
  await Promise.all(Array.from({ length: 8 }, sendAll));
  expect(failures).toEqual([]);
});

interface FieldSchema {
  readonly type?: string | readonly string[];
  readonly examples?: readonly unknown[];
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, FieldSchema>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly FieldSchema[];
}

/** A value that the schema accepts, as far as it says. */
function valueOf(schema: FieldSchema): unknown {
  if (schema.examples !== undefined) return schema.examples[0];
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema.anyOf?.[0] !== undefined) return valueOf(schema.anyOf[0]);
  const [type] = [schema.type].flat();
  if (schema.properties !== undefined || type === 'object') {
    const required = Object.entries(schema.properties ?? {}).filter(([name]) =>
      schema.required?.includes(name),
    );
    return Object.fromEntries(required.map(([name, field]) => [name, valueOf(field)]));
  }
  if (type === 'array') return [];
  if (type === 'integer' || type === 'number') return 1;
  return type === 'boolean' ? true : 'text';
}

/** Bodies that are valid except for one field, which has the text; one for each field that may be text, at any depth. */
function bodiesWith(text: string, schema: FieldSchema): { field: string; body: unknown }[] {
  const fields = Object.entries(schema.properties ?? {});
  const base = valueOf(schema) as Record<string, unknown>;
  return fields.flatMap(([name, field]) => {
    const inner = field.properties === undefined ? [] : bodiesWith(text, field);
    const nested = inner.map(({ field: below, body }) => ({
      field: `${name}.${below}`,
      body: { ...base, [name]: body },
    }));
    const mayBeText = [field, ...(field.anyOf ?? [])].some(({ type }) => [type].flat().includes('string'));
    return mayBeText ? [...nested, { field: name, body: { ...base, [name]: text } }] : nested;
  });
}

const hostileTexts: Readonly<Record<string, string>> = {
  NUL: 'a\u0000b',
  'a high surrogate': 'a\ud800b',
  'a low surrogate': '\udc00',
  'marks that reverse the direction': '\u202eabc\u2066\u200f',
  'a megabyte': 'x'.repeat(1_000_000),
};

test.each(Object.entries(hostileTexts))(
  'no text field causes a 500 with %s, for an administrator either',
  async (_name, text) => {
    const { accounts } = platform.platform;
    const admin = await accounts.ensure(adminAccountName);
    const key = await accounts.createKey(admin.id, 'test');
    const failures: string[] = [];
    let asked = 0;
    for (const { method, path, operation } of targets) {
      const schema = operation.requestBody?.content['application/json']?.schema as FieldSchema | undefined;
      if (schema === undefined) continue;
      for (const { field, body } of bodiesWith(text, schema)) {
        const identifier = path.startsWith('/accounts')
          ? 'tester'
          : knownIdentifiers.at(path.startsWith('/worker-runs') ? -1 : 0);
        const address = path.replaceAll(/\{\w+\}/g, identifier ?? '');
        for (const own of [platform.key, key]) {
          const { status } = await ask(platform, address, { method, body, key: own });
          asked += 1;
          if (status >= 500) failures.push(`${method} ${path} ${field}: ${status}`);
        }
      }
    }
    expect(failures).toEqual([]);
    expect(asked).toBeGreaterThan(50);
  },
);
