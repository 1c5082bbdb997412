import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  startTestPlatform,
  type FinishedRunShape,
  type RunShape,
  type TestPlatform,
} from '../support/test-platform.ts';
import { ask, errorOf } from './checked-answer.ts';
import { publishWorker } from './packages.ts';

const schema = {
  concurrency: { fields: ['items'] },
  properties: [
    { title: 'City', name: 'city', type: 'string', editor: 'input', description: 'A city.', required: true },
    {
      title: 'Most',
      name: 'most',
      type: 'integer',
      editor: 'number',
      description: 'How many.',
      required: true,
    },
    {
      title: 'Items',
      name: 'items',
      type: 'array',
      editor: 'stringList',
      description: 'Parts.',
      required: false,
    },
  ],
};
const complete = { city: 'Oslo', most: 3, items: ['a'] };

let platform: TestPlatform;
let worker: string;

beforeAll(async () => {
  platform = await startTestPlatform({ subtaskLimit: 3, syncWaitSeconds: 1 }, { api: true, runner: false });
  worker = await publishWorker(platform, 'Demanding', {
    files: { 'input_schema.json': JSON.stringify(schema) },
  });
});
afterAll(async () => platform.close());

/** @param body text is sent as it is */
async function start(body: unknown, workerId = worker) {
  return ask<{ run_slug: string }>(platform, `/workers/${workerId}/runs`, { body });
}

function withCustom(custom: unknown, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { input: { parameters: { custom } }, ...more };
}

async function runCount(): Promise<number> {
  return (await ask<{ count: number }>(platform, '/worker-runs')).data.count;
}

async function storedInput(run: string): Promise<string> {
  const { rows } = await platform.platform.database.pool.query<{ input: string }>(
    'SELECT input FROM run WHERE slug = $1',
    [run],
  );
  return rows[0]?.input ?? '';
}

test('a run is started by slug and by owner~name, and returned with its slug alone', async () => {
  for (const workerId of [worker, 'tester~demanding', 'tester%7Edemanding']) {
    const { code, data } = await start(withCustom(complete), workerId);
    expect(code).toBe(0);
    expect(data).toEqual({ run_slug: expect.stringMatching(/^[0-9A-HJKMNP-TV-Z]{26}$/) });
    expect((await ask<RunShape>(platform, `/worker-runs/${data.run_slug}`)).data.status).toBe('ready');
  }
});

describe('an input that cannot run is 400 with code 11000, and starts no run', () => {
  test.each<[string, unknown, RegExp]>([
    ['flat, with the fields as input', complete, /^input has no input\.parameters\.custom; put /],
    ['flat, one level too high', { parameters: complete }, /^input has no input\.parameters\.custom; put /],
    ['flat, with custom as input', { custom: complete }, /^input has no input\.parameters\.custom; put /],
    [
      'text',
      'city=Oslo',
      /^input must be an object; put the fields of the worker under input\.parameters\.custom/,
    ],
    ['a list', [complete], /^input must be an object/],
    ['a number', 5, /^input must be an object/],
    ['parameters as text', { parameters: '{}' }, /^input\.parameters must be an object/],
    [
      'custom as a list',
      { parameters: { custom: [complete] } },
      /^custom parameters must contain a single JSON object/,
    ],
    [
      'custom as text',
      { parameters: { custom: JSON.stringify(complete) } },
      /^custom parameters must contain a single JSON object/,
    ],
    [
      'system as text',
      { parameters: { custom: complete, system: 'x' } },
      /^input\.parameters\.system must be an object/,
    ],
    [
      'too little memory',
      { parameters: { custom: complete, system: { memory: 1 } } },
      /memory must be a whole number of MiB from 512 to 16384/,
    ],
    [
      'a wrong processor count',
      { parameters: { custom: complete, system: { cpus: 'many' } } },
      /cpus must be a number, at least 0\.125/,
    ],
    [
      'a region with U+0000',
      { parameters: { custom: complete, system: { proxy_region: 'U\0' } } },
      /proxy_region must be the code of a region/,
    ],
    [
      'one required field missing',
      { parameters: { custom: { ...complete, city: undefined } } },
      /^required input is missing: city$/,
    ],
    [
      'a required field blank',
      { parameters: { custom: { ...complete, city: '  ' } } },
      /^required input is missing: city$/,
    ],
    [
      'a required field null',
      { parameters: { custom: { ...complete, most: null } } },
      /^required input is missing: most$/,
    ],
    [
      'an invalid integer',
      { parameters: { custom: { ...complete, most: 'three' } } },
      /^field \[most\] must be an integer$/,
    ],
    [
      'nothing to split by',
      { parameters: { custom: { ...complete, items: [] } } },
      /^concurrency fields have no non-empty fields$/,
    ],
    [
      'too many subtasks',
      { parameters: { custom: { ...complete, items: ['a', 'b', 'c', 'd'] } } },
      /^concurrency_num \(4\) exceeds limit \(3\)$/,
    ],
  ])('%s', async (_name, input, message) => {
    const before = await runCount();
    const answer = await start({ input });
    expect(errorOf(answer)).toEqual({ status: 400, code: 11000 });
    expect(answer.message).toMatch(message);
    expect(await runCount()).toBe(before);
  });

  test.each([
    {},
    { input: null },
    { input: {} },
    { input: { parameters: {} } },
    { input: { parameters: { custom: {} } } },
  ])('a missing input names all required fields: %j', async (body) => {
    const answer = await start(body);
    expect(errorOf(answer)).toEqual({ status: 400, code: 11000 });
    expect(answer.message).toBe('required input is missing: city, most');
    expect(answer.details).toEqual([
      'input.parameters.custom.city (City) is required',
      'input.parameters.custom.most (Most) is required',
    ]);
  });
});

test.each<[string, Record<string, unknown>, string[]]>([
  ['an unknown field', { speed: 1 }, ['unknown field "speed"']],
  ['two unknown fields', { speed: 1, Input: {} }, ['unknown field "speed"', 'unknown field "Input"']],
  ['worker fields in the body', { custom: {} }, ['unknown field "custom"']],
  ['a version of another type', { version: 1 }, ['version must be a string']],
  ['is_async of another type', { is_async: 1 }, ['is_async must be true or false']],
  ['a callback of another type', { callback_url: null }, ['callback_url must be a string']],
])('a body of the wrong shape is 422 with every reason: %s', async (_name, more, details) => {
  const answer = await start(withCustom(complete, more));
  expect(errorOf(answer)).toEqual({ status: 422, code: 11000 });
  expect(answer.details).toEqual(details);
  expect(answer.message).toBe(details[0]);
});

test.each(['__proto__', 'constructor', 'toString', ''])(
  'an unknown field may have any name: %j',
  async (name) => {
    const answer = await start(`{${JSON.stringify(name)}:{"a":1}}`);
    expect(errorOf(answer)).toEqual({ status: 422, code: 11000 });
  },
);

test.each([
  'nonsense',
  'ftp://client.example.com/',
  'javascript:alert(1)',
  'http://',
  '//client.example.com',
])('a callback URL that is not http or https is 422: %s', async (url) => {
  const answer = await start(withCustom(complete, { callback_url: url }));
  expect(errorOf(answer)).toEqual({ status: 422, code: 11000 });
  expect(answer.message).toBe('callback_url must be an http or https URL');
});

test.each(['version', 'callback_url'])('U+0000 in %s is 422', async (name) => {
  const answer = await start(withCustom(complete, { [name]: 'http://client.example.com/\0' }));
  expect(errorOf(answer)).toEqual({ status: 422, code: 11000 });
  expect(answer.message).toBe(`${name} must not contain the character U+0000`);
});

test.each([
  ['other scripts', '{"city":"Zürich 北京 🦀 \u202Eevil","most":3,"items":["a"]}'],
  ['U+0000', String.raw`{"city":"\u0000","most":3,"items":["\u0000"],"\u0000":{"a\u0000":["\u0000"]}}`],
  ['half a surrogate pair', String.raw`{"city":"\ud800","most":3,"items":["\udfff"],"\ud800":1}`],
  [
    'numbers beyond 2^53',
    '{"city":"x","most":12345678901234567890,"items":["a"],"tiny":1e-400,"huge":1E400}',
  ],
  [
    'unknown fields with odd names',
    '{"city":"x","most":"3","items":["a"],"__proto__":{"a":1},"constructor":1,"":2}',
  ],
  ['a decimal string for an integer', '{"city":"x","most":"3","items":["a"]}'],
  [
    'text that looks like SQL or markup',
    `{"city":"'; DROP TABLE run; --","most":3,"items":["<script>","\${x}","%s"]}`,
  ],
])('an input is stored unchanged: %s', async (_name, custom) => {
  const input = `{"parameters":{"custom":${custom}}}`;
  const { message, data } = await start(`{"input":${input}}`);
  expect(message).toBe('success');
  expect(await storedInput(data.run_slug)).toBe(input);
});

test('an input that the SDK of a worker cannot receive is refused, and the limit is named', async () => {
  const size = 4 * 1024 * 1024;
  const rest = JSON.stringify({ ...complete, note: '' }).length + 16;
  const tooLarge = await start(withCustom({ ...complete, note: 'x'.repeat(size - rest + 1) }));
  expect(errorOf(tooLarge)).toEqual({ status: 400, code: 11000 });
  expect(tooLarge.message).toContain('4,194,305 bytes');
  expect(tooLarge.message).toContain('CHELA_SDK_INPUT_LIMIT_BYTES');
  const wide = await start(withCustom({ ...complete, items: ['a', 'é'.repeat(size / 2)] }));
  expect(wide.message).toContain('the input of subtask 2 is a message of 4,194,');
  expect((await start(withCustom({ ...complete, note: 'x'.repeat(size - rest) }))).code).toBe(0);
});

test('a synchronous run that takes too long returns 200 with is_finished false, and keeps running', async () => {
  const { data } = await ask<FinishedRunShape>(platform, `/workers/${worker}/runs`, {
    body: withCustom(complete, { is_async: false }),
  });
  expect(data).toEqual({
    run_slug: expect.any(String),
    run_status: 'ready',
    is_finished: false,
    error_message: '',
    end_reason: '',
    end_detail: {},
    error_headline: '',
    result_message: '0 results',
    execution_start_timestamp: 0,
    execution_end_timestamp: 0,
    running_duration: 0,
    results: { count: 0, headers: [], list: [], page_index: 1, page_size: 20 },
  });
  expect((await ask<RunShape>(platform, `/worker-runs/${data.run_slug}`)).data.status).toBe('ready');
});
