import { describe, expect, test } from 'vitest';
import { ChelaError } from '../../src/errors.ts';
import { parseJson, stringifyJson } from '../../src/json/lossless-json.ts';
import { checkRequired, readInput } from '../../src/runs/input.ts';
import { parseRunSchema, type RunSchema } from '../../src/runs/run-schema.ts';

function errorOf(action: () => unknown): ChelaError {
  try {
    action();
  } catch (error) {
    if (error instanceof ChelaError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('readInput', () => {
  test.each<[string, unknown, object]>([
    ['absent', undefined, {}],
    ['null', null, {}],
    ['empty', {}, {}],
    ['without parameters', { parameters: null }, {}],
    ['with empty parameters', { parameters: {} }, {}],
    ['with custom null', { parameters: { custom: null } }, {}],
    ['with options only', { parameters: { system: {} } }, {}],
    ['with fields', { parameters: { custom: { a: [1], b: null } } }, { a: [1], b: null }],
    ['with keys beside custom', { parameters: { custom: { a: 1 }, x: 1 }, y: 2 }, { a: 1 }],
    ['with a field called parameters', { parameters: { custom: { parameters: 1 } } }, { parameters: 1 }],
  ])('%s', (_name, input, custom) => {
    expect(readInput(input)).toEqual({ custom, system: {} });
  });

  test('big integers reach the worker unchanged', () => {
    const { custom } = readInput(parseJson('{"parameters":{"custom":{"id":12345678901234567890}}}'));
    expect(stringifyJson(custom)).toBe('{"id":12345678901234567890}');
  });

  test.each<[string, unknown, RegExp]>([
    ['flat', { keywords: ['a'] }, /input\.parameters\.custom/],
    ['flat fields beside empty parameters', { parameters: {}, keywords: ['a'] }, /input\.parameters\.custom/],
    [
      'flat fields beside options',
      { parameters: { system: { memory: 512 } }, a: 1 },
      /input\.parameters\.custom/,
    ],
    ['custom without parameters', { custom: { a: 1 } }, /input\.parameters\.custom/],
    ['fields directly under parameters', { parameters: { keywords: ['a'] } }, /input\.parameters\.custom/],
    ['an array', [{ a: 1 }], /input must be an object/],
    ['a string', '{"parameters":{}}', /input must be an object/],
    ['a lossless number', parseJson('12345678901234567890'), /input must be an object/],
    ['parameters a list', { parameters: [] }, /input\.parameters must be an object/],
    ['custom a list', { parameters: { custom: [] } }, /custom parameters must contain a single JSON object/],
    [
      'custom a string',
      { parameters: { custom: '{}' } },
      /custom parameters must contain a single JSON object/,
    ],
    ['system a list', { parameters: { system: [] } }, /input\.parameters\.system must be an object/],
  ])('refuses %s', (_name, input, message) => {
    const error = errorOf(() => readInput(input));
    expect(error.message).toMatch(message);
    expect(error.kind).toMatchObject({ code: 11000, status: 400 });
  });
});

function readSystem(system: unknown): unknown {
  return readInput({ parameters: { system } }).system;
}

describe('readInput: system parameters', () => {
  test.each<[object, object]>([
    [{}, {}],
    [{ cpus: 0.125 }, { cpus: 0.125 }],
    [
      { cpus: '0.5', memory: '1024', execute_limit_time_seconds: ' 60 ' },
      { cpus: 0.5, memory: 1024, execute_limit_time_seconds: 60 },
    ],
    [{ memory: 512 }, { memory: 512 }],
    [{ memory: '16384.0' }, { memory: 16384 }],
    [{ execute_limit_time_seconds: 1 }, { execute_limit_time_seconds: 1 }],
    [
      { max_total_charge: 0, max_total_traffic: '0' },
      { max_total_charge: 0, max_total_traffic: 0 },
    ],
    [
      { max_total_charge: '1.50', max_total_traffic: 1e12 },
      { max_total_charge: 1.5, max_total_traffic: 1e12 },
    ],
    [{ proxy_region: ' US ' }, { proxy_region: 'US' }],
    [{ cpus: null, memory: '', proxy_region: '', max_total_charge: ' ' }, {}],
    [{ gpus: 4, tags: ['x'], proxy: null }, {}],
  ])('%j → %j', (system, expected) => {
    expect(readSystem(system)).toEqual(expected);
  });

  test.each<[string, unknown]>([
    ['cpus', 0.1],
    ['cpus', 0],
    ['cpus', -1],
    ['cpus', 'two'],
    ['cpus', true],
    ['cpus', []],
    ['cpus', '0x10'],
    ['memory', 511],
    ['memory', 16385],
    ['memory', 1024.5],
    ['memory', '1 GB'],
    ['memory', { mb: 1024 }],
    ['execute_limit_time_seconds', 0],
    ['execute_limit_time_seconds', 1.5],
    ['execute_limit_time_seconds', '30m'],
    ['execute_limit_time_seconds', 1e300],
    ['max_total_charge', -0.01],
    ['max_total_charge', 'free'],
    ['max_total_charge', '1e999'],
    ['max_total_traffic', -1],
    ['max_total_traffic', parseJson('1e400')],
    ['proxy_region', 7],
    ['proxy_region', 'U\0S'],
    ['proxy_region', '\ud800'],
    ['proxy_region', 'x'.repeat(101)],
  ])('refuses %s = %j', (name, value) => {
    const error = errorOf(() => readSystem({ [name]: value }));
    expect(error.message).toContain(`input.parameters.system.${name} must be`);
    expect(error.kind.code).toBe(11000);
  });

  test('reports every wrong option', () => {
    expect(errorOf(() => readSystem({ cpus: 0, memory: 1, proxy_region: 'US' })).details).toEqual([
      'input.parameters.system.cpus must be a number, at least 0.125',
      'input.parameters.system.memory must be a whole number of MiB from 512 to 16384',
    ]);
  });

  test('refuses a long run of digits in linear time', () => {
    expect(errorOf(() => readSystem({ cpus: `${'1'.repeat(1_000_000)}x` })).kind.code).toBe(11000);
  });
});

describe('checkRequired', () => {
  const required: RunSchema = { properties: [{ name: 'a', type: 'any', title: 'The A', required: true }] };

  test.each([{}, { a: null }, { a: undefined }, { a: '' }, { a: ' \n' }, { a: [] }, { b: 1 }])(
    '%j lacks the required field',
    (custom) => {
      const error = errorOf(() => checkRequired(custom, required));
      expect(error.kind).toMatchObject({ code: 11000, status: 400 });
      expect(error.message).toBe('required input is missing: a');
      expect(error.details).toEqual(['input.parameters.custom.a (The A) is required']);
    },
  );

  test.each([{ a: false }, { a: 0 }, { a: '0' }, { a: {} }, { a: [''] }, { a: 'x', b: null }])(
    '%j has the required field',
    (custom) => {
      expect(() => checkRequired(custom, required)).not.toThrow();
    },
  );

  test('reports every missing field at once', () => {
    const schema: RunSchema = {
      properties: [
        { name: 'a', type: 'string', required: true },
        { name: 'b', type: 'integer', required: false },
        { name: 'c', type: 'array', required: true, title: 'c' },
        { name: 'd', type: 'integer', required: true },
        { name: 'toString', type: 'string', required: true },
      ],
    };
    const error = errorOf(() => checkRequired({ b: 'not looked at yet', d: 1 }, schema));
    expect(error.message).toBe('required input is missing: a, c, toString');
    expect(error.details).toEqual([
      'input.parameters.custom.a is required',
      'input.parameters.custom.c is required',
      'input.parameters.custom.toString is required',
    ]);
  });

  const big = parseJson('12345678901234567890');

  test.each<[type: string, accepted: unknown[], refused: unknown[]]>([
    [
      'integer',
      [1, -5, 0, 10.0, '10', ' -3 ', '1e3', big, '', null],
      [1.5, '1.5', 'abc', '10px', true, [1], { a: 1 }],
    ],
    [
      'number',
      [1, 1.5, '1.50', '.5', '5.', big, parseJson('1e400'), null],
      ['abc', '1,5', '--1', false, [1], {}],
    ],
    ['boolean', [true, false, 'true', 'False', 0, 1, '0', 'yes', 'off', ''], ['maybe', 2, [true], {}, big]],
    ['string', ['x', 1, true, ['a'], { a: 1 }, big], []],
    ['array', [['a'], [], 'a,b', null], [1, true, { a: 1 }, big]],
    ['object', [{}, { a: 1 }, '{"a":1}'], [1, false, ['a'], big]],
    ['unheard-of', [1, 'x', [], {}], []],
  ])('checks values of type %s', (type, accepted, refused) => {
    const schema: RunSchema = { properties: [{ name: 'field', type }] };
    for (const value of accepted) expect(() => checkRequired({ field: value }, schema)).not.toThrow();
    for (const value of refused) {
      const error = errorOf(() => checkRequired({ field: value }, schema));
      expect(error.message).toMatch(/^field \[field\] must be /);
      expect(error.kind.code).toBe(11000);
    }
  });

  test('reports every field of a wrong type', () => {
    const schema: RunSchema = {
      properties: [
        { name: 'a', type: 'integer' },
        { name: 'b', type: 'string' },
        { name: 'c', type: 'array' },
      ],
    };
    expect(errorOf(() => checkRequired({ a: 'x', b: 1, c: 2 }, schema)).details).toEqual([
      'field [a] must be an integer',
      'field [c] must be an array',
    ]);
  });

  test.each<RunSchema>([
    { properties: [{ name: 'id', type: 'integer' }], concurrency: { fields: ['id'] } },
    { properties: [{ name: 'id', type: 'integer' }], b: ' id ' },
  ])('allows an array in a field that splits the run: %j', (schema) => {
    expect(() => checkRequired({ id: [1, 2] }, schema)).not.toThrow();
    expect(() => checkRequired({ id: [1, 2] }, { properties: schema.properties })).toThrow(
      /must be an integer/,
    );
  });

  test('accepts absent fields and fields that the schema does not know', () => {
    const schema: RunSchema = { properties: [{ name: 'a', type: 'integer', required: null }] };
    expect(() => checkRequired({ x: {} }, schema)).not.toThrow();
  });
});

describe('parseRunSchema', () => {
  test('reads a schema, even with a byte order mark', () => {
    const schema = { properties: [{ name: 'a', type: 'string' }], b: 'a' };
    expect(parseRunSchema(JSON.stringify(schema))).toEqual(schema);
    expect(parseRunSchema(`\uFEFF${JSON.stringify(schema)}`)).toEqual(schema);
  });

  test.each(['', '{', '[]', 'null', '{}', '{"properties":{}}'])('refuses %s', (text) => {
    const error = errorOf(() => parseRunSchema(text));
    expect(error.message).toBe('input_schema is not a valid json');
    expect(error.kind).toMatchObject({ code: 11000, status: 400 });
  });
});
