import { describe, expect, test } from 'vitest';
import { ChelaError } from '../../src/errors.ts';
import { parseJson, stringifyJson } from '../../src/json/lossless-json.ts';
import type { RunSchema } from '../../src/runs/run-schema.ts';
import { checkRequired } from '../../src/runs/input.ts';
import { splitFields, splitInput } from '../../src/runs/split.ts';
import { RandomJson } from '../json/random-json.ts';

type Custom = Record<string, unknown>;

const limits = { subtasks: 1000, bytes: 1_000_000 };

function inputsOf(custom: Custom, schema: RunSchema, within = limits): Record<string, unknown>[] {
  return [...splitInput(custom, schema, within)];
}

function arrays(...names: string[]): RunSchema['properties'] {
  return names.map((name) => ({ name, type: 'array' }));
}

/** Fields `a`, `b`, `c` declared as arrays. */
function byFields(fields: string[], removed: string[] = []): RunSchema {
  return { properties: arrays('a', 'b', 'c'), concurrency: { fields, remove_fields: removed } };
}

function splitByB(field: string): RunSchema {
  return { properties: [...arrays('a', 'b', 'c'), { name: 's', type: 'string' }], b: field };
}

test('the example of the contract', () => {
  const schema: RunSchema = {
    properties: [
      ...arrays('keywords', 'google_maps_urls', 'place_ids'),
      { name: 'base_location', type: 'string' },
    ],
    concurrency: { fields: ['keywords', 'google_maps_urls', 'place_ids'], remove_fields: ['keywords'] },
  };
  const custom = {
    keywords: ['pizza', 'iphone'],
    google_maps_urls: ['urlA', 'urlB'],
    place_ids: [],
    base_location: 'New York, USA',
  };
  expect(inputsOf(custom, schema).map(stringifyJson)).toEqual([
    '{"google_maps_urls":["urlA"],"place_ids":[""],"base_location":"New York, USA"}',
    '{"google_maps_urls":["urlB"],"place_ids":[""],"base_location":"New York, USA"}',
  ]);
});

describe('which fields split a run', () => {
  test.each<[RunSchema, string[]]>([
    [{ properties: [] }, []],
    [{ properties: [], concurrency: null, b: null }, []],
    [{ properties: [], concurrency: {} }, []],
    [{ properties: [], concurrency: { fields: null } }, []],
    [{ properties: [], concurrency: { fields: [] }, b: '' }, []],
    [{ properties: [], concurrency: { fields: ['', '  '] }, b: '  ' }, []],
    [{ properties: [], b: ' a ' }, ['a']],
    [{ properties: [], concurrency: { fields: ['', ' '] }, b: 'a' }, ['a']],
    [{ properties: [], concurrency: { fields: ['c', '', ' d ', 'c'] }, b: 'a' }, ['c', 'd']],
  ])('%j', (schema, fields) => {
    expect(splitFields(schema)).toEqual(fields);
  });
});

describe('splitInput', () => {
  test.each<[name: string, schema: RunSchema, custom: Custom, inputs: Custom[]]>([
    ['no fields: one subtask with everything', byFields([]), { a: ['x', 'y'] }, [{ a: ['x', 'y'] }]],
    ['blank fields: one subtask', byFields(['', ' ']), { a: ['x', 'y'] }, [{ a: ['x', 'y'] }]],
    ['no fields, empty input', { properties: [] }, {}, [{}]],
    [
      'primitives stay in a list',
      byFields(['a']),
      { a: ['x', 'y'], o: 1 },
      [
        { a: ['x'], o: 1 },
        { a: ['y'], o: 1 },
      ],
    ],
    [
      'every kind of primitive',
      byFields(['a']),
      { a: ['x', 0, false, 1.5] },
      [{ a: ['x'] }, { a: [0] }, { a: [false] }, { a: [1.5] }],
    ],
    [
      'objects are merged and replace the field',
      byFields(['a']),
      { a: [{ url: 'u' }, { url: 'v', n: 1 }], o: 1 },
      [
        { o: 1, url: 'u' },
        { o: 1, url: 'v', n: 1 },
      ],
    ],
    ["an object's keys win", byFields(['a']), { a: [{ o: 2 }], o: 1 }, [{ o: 2 }]],
    [
      "an object's keys win over the field's own name",
      byFields(['a']),
      { a: [{ a: 'inner' }] },
      [{ a: 'inner' }],
    ],
    [
      "an object's keys win over another field",
      byFields(['a', 'b']),
      { a: [{ b: 'own' }], b: ['x'] },
      [{ b: 'own' }, { a: [''], b: ['x'] }],
    ],
    [
      'empty members of an object stay',
      byFields(['a']),
      { a: [{ url: 'u', note: '' }] },
      [{ url: 'u', note: '' }],
    ],
    [
      'a union, in the order of the fields',
      byFields(['b', 'a']),
      { a: ['x'], b: ['y', 'z'] },
      [
        { a: [''], b: ['y'] },
        { a: [''], b: ['z'] },
        { a: ['x'], b: [''] },
      ],
    ],
    [
      'one field of objects, one of primitives',
      byFields(['a', 'b']),
      { a: [{ u: 1 }], b: ['x'] },
      [
        { b: [''], u: 1 },
        { a: [''], b: ['x'] },
      ],
    ],
    ['a missing field becomes blank', byFields(['a', 'b']), { a: ['x'] }, [{ a: ['x'], b: [''] }]],
    ['a null field becomes blank', byFields(['a', 'b']), { a: ['x'], b: null }, [{ a: ['x'], b: [''] }]],
    [
      'empty items are skipped',
      byFields(['a']),
      { a: [null, '', ' \t', {}, { u: '' }, { u: null, v: { w: ' ' } }, 'x'] },
      [{ a: ['x'] }],
    ],
    [
      'zero, false and nested values are not empty',
      byFields(['a']),
      { a: [{ u: 0 }, { u: false }, { u: [] }, { u: { v: 'x' } }] },
      [{ u: 0 }, { u: false }, { u: [] }, { u: { v: 'x' } }],
    ],
    ['duplicate items are kept', byFields(['a']), { a: ['x', 'x'] }, [{ a: ['x'] }, { a: ['x'] }]],
    ['items are not trimmed', byFields(['a']), { a: [' x '] }, [{ a: [' x '] }]],
    [
      'remove_fields are removed when another field has items',
      byFields(['a', 'b'], ['a']),
      { a: ['x'], b: ['y'] },
      [{ b: ['y'] }],
    ],
    [
      'remove_fields split when no other field has items',
      byFields(['a', 'b'], ['a']),
      { a: ['x', 'z'], b: [''] },
      [
        { a: ['x'], b: [''] },
        { a: ['z'], b: [''] },
      ],
    ],
    [
      'remove_fields split when they are all fields',
      byFields(['a'], ['a']),
      { a: ['x'], o: 1 },
      [{ a: ['x'], o: 1 }],
    ],
    [
      'remove_fields split when other fields are absent',
      byFields(['a', 'b', 'c'], ['a', 'b']),
      { a: ['x'], b: ['y'] },
      [
        { a: ['x'], b: [''], c: [''] },
        { a: [''], b: ['y'], c: [''] },
      ],
    ],
    [
      'a removed field may have any type',
      byFields(['a', 'b'], ['a']),
      { a: 'not an array', b: ['y'] },
      [{ b: ['y'] }],
    ],
    ['b splits by one field', splitByB(' a '), { a: ['x'], o: 1 }, [{ a: ['x'], o: 1 }]],
    ['b with objects', splitByB('a'), { a: [{ u: 1 }, { u: 2 }] }, [{ u: 1 }, { u: 2 }]],
    [
      'b ignores remove_fields',
      { ...splitByB('a'), concurrency: { fields: [], remove_fields: ['o'] } },
      { a: ['x'], o: 1 },
      [{ a: ['x'], o: 1 }],
    ],
    [
      'fields take precedence over b',
      { ...byFields(['a']), b: 'b' },
      { a: ['x'], b: ['y', 'z'] },
      [{ a: ['x'], b: ['y', 'z'] }],
    ],
    [
      'a single value of a type other than array is not split',
      splitByB('s'),
      { s: 'one, two', o: 1 },
      [{ s: 'one, two', o: 1 }],
    ],
    ['a blank single value is not split', splitByB('s'), { s: '' }, [{ s: '' }]],
    [
      'an array in a field of another type is split',
      splitByB('s'),
      { s: ['x', 'y'] },
      [{ s: ['x'] }, { s: ['y'] }],
    ],
    [
      'an undeclared field is split if it is an array',
      byFields(['z']),
      { z: ['x', 'y'] },
      [{ z: ['x'] }, { z: ['y'] }],
    ],
    [
      'an undeclared field that is not an array is not split',
      byFields(['z']),
      { z: { u: 1 } },
      [{ z: { u: 1 } }],
    ],
    [
      'a single value beside arrays: no split',
      byFields(['z', 'a']),
      { z: 'q', a: ['x', 'y'] },
      [{ z: 'q', a: ['x', 'y'] }],
    ],
    [
      'a blank single value beside arrays',
      byFields(['z', 'a']),
      { z: '', a: ['x', 'y'] },
      [
        { z: [''], a: ['x'] },
        { z: [''], a: ['y'] },
      ],
    ],
    ['a blank single value alone', byFields(['z', 'a']), { z: ' ', a: [] }, [{ z: ' ', a: [] }]],
    [
      'a preferred single value keeps everything',
      byFields(['a', 'z'], ['a']),
      { a: ['x', 'y'], z: 'q' },
      [{ a: ['x', 'y'], z: 'q' }],
    ],
    [
      'a field named like a method of objects',
      byFields(['toString', 'a']),
      { a: ['x'] },
      [{ a: ['x'], toString: [''] }],
    ],
  ])('%s', (_name, schema, custom, inputs) => {
    const before = stringifyJson(custom);
    expect(inputsOf(custom, schema)).toEqual(inputs);
    expect(stringifyJson(custom)).toBe(before);
  });

  test('big integers and unescaped ampersands survive', () => {
    const custom = parseJson(
      '{"a":[12345678901234567890,1],"id":98765432109876543210,"url":"https://x/?p=1&q=<2>"}',
    ) as Custom;
    expect(inputsOf(custom, byFields(['a'])).map(stringifyJson)).toEqual([
      '{"a":[12345678901234567890],"id":98765432109876543210,"url":"https://x/?p=1&q=<2>"}',
      '{"a":[1],"id":98765432109876543210,"url":"https://x/?p=1&q=<2>"}',
    ]);
    const objects = parseJson('{"a":[{"id":12345678901234567890,"u":"a&b"}]}') as Custom;
    expect(inputsOf(objects, byFields(['a'])).map(stringifyJson)).toEqual([
      '{"id":12345678901234567890,"u":"a&b"}',
    ]);
  });

  test('the key __proto__ stays a plain key', () => {
    const custom = parseJson('{"__proto__":{"x":1},"a":[{"__proto__":{"y":2}},{"u":1}]}') as Custom;
    const inputs = inputsOf(custom, byFields(['a']));
    expect(inputs.map(stringifyJson)).toEqual(['{"__proto__":{"y":2}}', '{"__proto__":{"x":1},"u":1}']);
    expect(inputs.every((input) => Object.getPrototypeOf(input) === Object.prototype)).toBe(true);
  });
});

describe('splitInput refuses', () => {
  test.each<[message: string, schema: RunSchema, custom: unknown]>([
    ['custom parameters must contain a single JSON object', byFields(['a']), ['x']],
    ['custom parameters must contain a single JSON object', byFields([]), 'x'],
    ['custom parameters must contain a single JSON object', byFields([]), parseJson('12345678901234567890')],
    ['concurrency fields must have at least one field', byFields([' '], ['a']), { a: ['x'] }],
    ['concurrency fields have no non-empty fields', byFields(['a', 'b']), {}],
    ['concurrency fields have no non-empty fields', byFields(['a', 'b']), { a: [], b: null }],
    [
      'concurrency fields have no non-empty fields',
      byFields(['a', 'b'], ['a']),
      { a: ['', {}], b: [{ u: ' ' }] },
    ],
    ['missing concurrency field [a]', splitByB('a'), {}],
    ['missing concurrency field [a]', splitByB(' a '), { a: null }],
    ['missing concurrency field [toString]', splitByB('toString'), {}],
    ['field [a] must be an array', splitByB('a'), { a: 'x' }],
    ['field [a] must be an array', byFields(['a']), { a: '' }],
    ['field [b] must be an array', byFields(['a', 'b']), { a: ['x'], b: { u: 1 } }],
    ['field [a] must be an array', byFields(['a', 'b'], ['a']), { a: 7, b: [] }],
    ['concurrency field [a] is empty', splitByB('a'), { a: [] }],
    ['concurrency field [a] is empty', splitByB('a'), { a: [null, ' ', { u: '' }] }],
    ['item at index 1 in [a] must be an object or primitive value', byFields(['a']), { a: ['x', ['y']] }],
    [
      'item at index 2 in [a] must be an object or primitive value',
      splitByB('a'),
      { a: [{ u: 1 }, null, []] },
    ],
    ['field [a] must not mix object and primitive items', byFields(['a']), { a: ['x', { u: 1 }] }],
    ['field [a] must not mix object and primitive items', splitByB('a'), { a: [{ u: 1 }, '', 5] }],
    [
      'field [a] must not mix object and primitive items',
      splitByB('a'),
      parseJson('{"a":[{"u":1},12345678901234567890]}'),
    ],
  ])('%s: %j', (message, schema, custom) => {
    expect(() => inputsOf(custom as Custom, schema)).toThrow(new ChelaError('INVALID_ARGUMENT', message));
  });

  test.each([
    [3, 3],
    [3, 4],
  ])('but accepts %i subtasks with a limit of %i', (count, within) => {
    expect(
      inputsOf({ a: ['x', 'y'], b: ['z'] }, byFields(['a', 'b']), { ...limits, subtasks: within }),
    ).toHaveLength(count);
  });

  test('more subtasks than the limit, across fields, before creating any', () => {
    const custom = { a: ['x', 'y'], b: ['z'] };
    expect(() => inputsOf(custom, byFields(['a', 'b']), { ...limits, subtasks: 2 })).toThrow(
      'concurrency_num (3) exceeds limit (2)',
    );
    const many = { a: Array.from({ length: 1_000_000 }, (_, index) => index), other: 'x' };
    expect(() => inputsOf(many, byFields(['a']), { ...limits, subtasks: 10_000 })).toThrow(
      'concurrency_num (1000000) exceeds limit (10000)',
    );
  });
});

test('subtask inputs over the limit of total bytes, when fields replace one another', () => {
  const custom = { ä: 1, a: [{ ä: 'long', b: 2 }, { a: [1] }, { n: 1 }], b: [true], c: ['x'] };
  const inputs = inputsOf(custom, byFields(['a', 'b', 'c'], ['c']));
  const bytes = Buffer.byteLength(inputs.map(stringifyJson).join(''));
  expect(inputsOf(custom, byFields(['a', 'b', 'c'], ['c']), { ...limits, bytes })).toEqual(inputs);
  expect(() => inputsOf(custom, byFields(['a', 'b', 'c'], ['c']), { ...limits, bytes: bytes - 1 })).toThrow(
    `the inputs of the 4 subtasks together are larger than ${bytes - 1} bytes`,
  );
  expect(() => inputsOf({ a: 1 }, { properties: [] }, { ...limits, bytes: 6 })).toThrow(
    '1 subtasks together are larger',
  );
  expect(inputsOf({ a: 1 }, { properties: [] }, { ...limits, bytes: 7 })).toEqual([{ a: 1 }]);
});

// Created before measuring, they would be billions of fields.
test('subtask inputs that are too large, before creating them', () => {
  const shared = Object.fromEntries(Array.from({ length: 200_000 }, (_, index) => [`k${index}`, 1]));
  const custom = { ...shared, a: Array.from({ length: 10_000 }, () => 1) };
  expect(() => inputsOf(custom, byFields(['a']), { subtasks: 10_000, bytes: 256 * 1024 * 1024 })).toThrow(
    'the inputs of the 10000 subtasks together are larger than 268435456 bytes',
  );
});

test('a schema with many fields is scanned once', () => {
  const many = Array.from({ length: 30_000 }, (_, index) => `f${index}`);
  const schema = {
    properties: many.map((name) => ({ name, type: 'string' })),
    concurrency: { fields: [...many, 'a'], remove_fields: many.map((name) => `${name}x`) },
  };
  const custom = { ...Object.fromEntries(many.map((name) => [name, ''])), a: ['x'] };
  checkRequired(custom, schema);
  expect(inputsOf(custom, schema)).toEqual([
    { ...Object.fromEntries(many.map((name) => [name, ['']])), a: ['x'] },
  ]);
});

test('random inputs: every nonempty item is in exactly one subtask, and nothing else changes', () => {
  const random = new RandomJson(7);
  const words = ['x', 'y', '', ' ', null, 0, false, 3];
  const blanks = new Set<unknown>(['', ' ', null]);
  for (let round = 0; round < 2000; round += 1) {
    const fields = ['a', 'b', 'c'].slice(0, 1 + random.below(3));
    const removed = fields.filter(() => random.below(3) === 0);
    const items = new Map(
      fields.map((field) => [field, Array.from({ length: random.below(4) }, () => random.pick(words))]),
    );
    // A field that always splits, in the last position.
    items.set('z', removed.includes('a') ? [] : ['last']);
    if (removed.includes('a')) items.get('a')?.push('last');
    fields.push('z');
    const custom: Custom = { other: { deep: ['kept'] }, ...Object.fromEntries(items) };

    const expand = (active: string[]): Custom[] => {
      const blank = Object.fromEntries(active.map((field) => [field, ['']]));
      return active.flatMap((field) =>
        (items.get(field) ?? [])
          .filter((item) => !blanks.has(item))
          .map((item) => ({ other: custom.other, ...blank, [field]: [item] })),
      );
    };
    const bytes = inputsOf(custom, byFields(fields, removed))
      .map((input) => Buffer.byteLength(stringifyJson(input)))
      .reduce((sum, each) => sum + each, 0);
    expect(inputsOf(custom, byFields(fields, removed), { ...limits, bytes })).not.toEqual([]);
    expect(() => inputsOf(custom, byFields(fields, removed), { ...limits, bytes: bytes - 1 })).toThrow(
      `together are larger than ${bytes - 1} bytes`,
    );

    const preferred = expand(fields.filter((field) => !removed.includes(field)));
    const expected = preferred.length > 0 ? preferred : expand(fields);
    expect([custom, removed, ...inputsOf(custom, byFields(fields, removed))]).toEqual([
      custom,
      removed,
      ...expected,
    ]);
  }
});
