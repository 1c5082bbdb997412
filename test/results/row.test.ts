import { describe, expect, test } from 'vitest';
import { mergeRow, parseRow, RowError } from '../../src/results/row.ts';
import { RandomJson } from '../json/random-json.ts';

const key = '__coreclaw_upsert_key__';
const value = '__coreclaw_upsert_value__';

describe('parseRow: a row with nothing to strip keeps its text', () => {
  test.each<[string, string[]]>([
    ['{}', []],
    ['{"a":1}', ['a']],
    [' {"a" : 1.00,\n "b": [1, 2]} ', ['a', 'b']],
    ['{"id":12345678901234567890,"f":1e400}', ['id', 'f']],
    ['{"title":"Kaf\\u00e9 & <b> \\ud83e\\udd80 🦀"}', ['title']],
    ['{"text":"NaN, -Infinity"}', ['text']],
    ['{"a":"\\u0000"}', ['a']],
    ['{"a":"\\ud800"}', ['a']],
    ['{"":1}', ['']],
    ['{"__proto__":{"x":1},"constructor":2}', ['__proto__', 'constructor']],
    ['{"nested":{"__coreclaw_upsert_key__":"a","__coreclaw_data_id__":"b"}}', ['nested']],
    ['{"__coreclaw_other__":1}', ['__coreclaw_other__']],
    ['{"a":1,"a":2}', ['a']],
  ])('%s', (json, keys) => {
    expect(parseRow(json)).toEqual({ text: json, keys });
  });

  test.each<[string, string[]]>([
    ['{"b":1,"2":2,"1":3}', ['b', '2', '1']],
    ['{"10":1,"9":2}', ['10', '9']],
    ['{"z":1,"1":12345678901234567890}', ['z', '1']],
  ])('columns of %s are in the order they are written', (json, keys) => {
    expect(parseRow(json)).toEqual({ text: json, keys });
  });
});

describe('parseRow: JSON written by Python', () => {
  test.each([
    ['{"a": NaN, "b": Infinity, "c": -Infinity}', '{"a": null, "b": null, "c": null}'],
    ['{"a": NaN, "id": 12345678901234567890}', '{"a": null, "id": 12345678901234567890}'],
    ['{"note": "NaN", "a": [NaN]}', '{"note": "NaN", "a": [null]}'],
  ])('%s', (json, text) => {
    expect(parseRow(json).text).toBe(text);
  });

  test.each([
    ['{"a":1}', '{"a":1}'],
    ['{"a": "x \\" y", "id": 12345678901234567890}', '{"a": "x \\" y", "id": 12345678901234567890}'],
    ['{"a": NaN}', '{"a": null}'],
  ])('a JSON string that contains %s is unwrapped', (inner, text) => {
    expect(parseRow(JSON.stringify(inner))).toEqual({ text, keys: Object.keys(JSON.parse(text)) });
  });

  test('the upsert pair is found in an unwrapped row', () => {
    expect(parseRow(JSON.stringify(JSON.stringify({ [key]: 'a', [value]: '1', a: 1 })))).toEqual({
      text: '{"a":1}',
      keys: ['a'],
      upsert: { key: 'a', value: '1' },
    });
  });
});

describe('parseRow: the upsert pair', () => {
  test.each<[name: string, valueText: string, expected: string]>([
    ['a string', '"abc"', 'abc'],
    ['an escaped string', '"a\\u00e9\\"\\n"', 'aé"\n'],
    ['an empty string', '""', ''],
    ['a number', '42', '42'],
    ['a big integer', '12345678901234567890', '12345678901234567890'],
    ['a Python float', '1.0', '1.0'],
    ['a boolean', 'true', 'true'],
    ['an object', '{"a": 1}', '{"a": 1}'],
    ['an array', '[1, "]"]', '[1, "]"]'],
    ['a string with U+0000', '"a\\u0000b"', 'a\uFFFDb'],
    ['a string with a lone surrogate', '"a\\ud800b"', 'a\uFFFDb'],
    ['a string with an emoji', '"\\ud83e\\udd80"', '🦀'],
  ])('%s has a string form', (_name, valueText, expected) => {
    const json = `{"x": 1, "${key}": "id", "id": 12345678901234567890, "${value}": ${valueText}, "y": [1, 2]}`;
    expect(parseRow(json)).toEqual({
      text: '{"x":1,"id":12345678901234567890,"y":[1, 2]}',
      keys: ['x', 'id', 'y'],
      upsert: { key: 'id', value: expected },
    });
  });

  test.each([
    `{"a":1,"${key}":"a"}`,
    `{"a":1,"${value}":"1"}`,
    `{"a":1,"${key}":null,"${value}":"1"}`,
    `{"a":1,"${key}":"a","${value}":null}`,
    `{"a":1,"${key}":"a","${value}":NaN}`,
    `{"a":1,"${key}":"","${value}":"1"}`,
    `{"a":1,"${key}":"  ","${value}":"1"}`,
  ])('half an upsert pair is stripped and makes no upsert: %s', (json) => {
    expect(parseRow(json)).toEqual({ text: '{"a":1}', keys: ['a'] });
  });

  test('a column name given as a number becomes a string too', () => {
    expect(parseRow(`{"${key}":7,"${value}":8}`)).toEqual({
      text: '{}',
      keys: [],
      upsert: { key: '7', value: '8' },
    });
  });

  test('escapes in the reserved keys are recognized', () => {
    expect(parseRow(`{"\\u005f_coreclaw_upsert_key__":"a","${value}":"1","a":1}`)).toEqual({
      text: '{"a":1}',
      keys: ['a'],
      upsert: { key: 'a', value: '1' },
    });
  });

  test('a column name too long for the index is refused', () => {
    const longest = 'ü'.repeat(800);
    expect(parseRow(`{"${key}":"${longest}","${value}":"1"}`).upsert?.key).toBe(longest);
    expect(() => parseRow(`{"${key}":"${longest}x","${value}":"1"}`)).toThrow(/longer than 800 characters/);
  });
});

describe('parseRow: reserved and unstorable content', () => {
  test('a __coreclaw_data_id__ set by a worker is dropped', () => {
    expect(parseRow('{"a":1,"__coreclaw_data_id__":"7","b":2}')).toEqual({
      text: '{"a":1,"b":2}',
      keys: ['a', 'b'],
    });
  });

  test.each<[string, string, string[]]>([
    ['{"a\\u0000b":1,"c":"\\u0000"}', '{"a\uFFFDb":1,"c":"\\u0000"}', ['a\uFFFDb', 'c']],
    ['{"a\\ud800":1}', '{"a\uFFFD":1}', ['a\uFFFD']],
    ['{"\\udd80\\ud83e":12345678901234567890}', '{"\uFFFD\uFFFD":12345678901234567890}', ['\uFFFD\uFFFD']],
    ['{"a":"x\ud800y"}', '{"a":"x\uFFFDy"}', ['a']],
    ['{"a\udc00":1}', '{"a\uFFFD":1}', ['a\uFFFD']],
    [JSON.stringify('{"a":"x\ud800y"}'), '{"a":"x\uFFFDy"}', ['a']],
  ])('%j is stored as %j', (json, text, keys) => {
    expect(parseRow(json)).toEqual({ text, keys });
  });

  test('keys too long for a column name stay in the row only', () => {
    const long = 'k'.repeat(801);
    for (const json of [`{"a":1,"${long}":2}`, `{"7":1,"${long}":2,"a":3}`]) {
      const row = parseRow(json);
      expect(row.text).toBe(json);
      expect(row.keys).toEqual(Object.keys(JSON.parse(json)).filter((name) => name !== long));
    }
  });
});

describe('parseRow refuses', () => {
  test.each<[string, string]>([
    ['', 'the row is not valid JSON'],
    ['abc', 'the row is not valid JSON'],
    ['{"a":1', 'the row is not valid JSON'],
    ['{"a":1}{"b":2}', 'the row is not valid JSON'],
    ['{"a":1},', 'the row is not valid JSON'],
    ["{'a': 1}", 'the row is not valid JSON'],
    ['{"a": nan}', 'the row is not valid JSON'],
    ['{"a":"\0"}', 'the row is not valid JSON'],
    ['{"a": NaN', 'the row is not valid JSON'],
    ['[]', 'the row must be a JSON object, but is an array'],
    ['[{"a":1}]', 'the row must be a JSON object, but is an array'],
    ['null', 'the row must be a JSON object, but is null'],
    ['NaN', 'the row must be a JSON object, but is null'],
    ['42', 'the row must be a JSON object, but is a number'],
    ['true', 'the row must be a JSON object, but is a boolean'],
    ['"[1]"', 'the row must be a JSON object, but is a string that contains an array'],
    ['"7"', 'the row must be a JSON object, but is a string that contains a number'],
    ['"hello"', 'the row is not valid JSON'],
    ['""', 'the row is not valid JSON'],
    [
      JSON.stringify(JSON.stringify('{"a":1}')),
      'the row must be a JSON object, but is a string that contains a string',
    ],
    [`{"a":${'['.repeat(200)}${']'.repeat(200)}}`, 'the row is nested deeper than 200 levels'],
    [
      JSON.stringify(`{"a":${'['.repeat(200)}${']'.repeat(200)}}`),
      'the row is nested deeper than 200 levels',
    ],
    ['['.repeat(1_000_000), 'the row is nested deeper than 200 levels'],
  ])('%.60s', (json, message) => {
    expect(() => parseRow(json)).toThrow(RowError);
    expect(() => parseRow(json)).toThrow(message);
  });
});

test('random rows are stored as valid, well-formed text equal to the pushed row without the reserved keys', () => {
  const random = new RandomJson(5);
  for (let round = 0; round < 3000; round += 1) {
    const reserved = random.pick([[], [], [key], [key, value], ['__coreclaw_data_id__']]);
    const added = reserved.map((name) => `${random.stringText(name)}:${random.value(1)}`);
    const members = [random.object().trim().slice(1, -1).trim(), ...random.pick([added, added.toReversed()])];
    const json = `{${members.filter((text) => text !== '').join(',')}}`;
    const row = parseRow(json);
    const pushed = JSON.parse(json.toWellFormed()) as Record<string, unknown>;
    const expected = new Map<string, unknown>();
    for (const [name, item] of Object.entries(pushed)) {
      if (!reserved.includes(name)) expected.set(name.replaceAll('\0', '\uFFFD').toWellFormed(), item);
    }
    expect(row.text.isWellFormed()).toBe(true);
    expect([json, JSON.parse(row.text)]).toEqual([json, Object.fromEntries(expected)]);
    expect([json, new Set(row.keys)]).toEqual([json, new Set(expected.keys())]);
    expect(row.keys.every((name) => name.isWellFormed() && !name.includes('\0'))).toBe(true);
  }
});

describe('mergeRow', () => {
  test.each<[existing: string, patch: string, merged: string]>([
    ['{}', '{}', '{}'],
    ['{"a":1}', '{}', '{"a":1}'],
    ['{}', '{"a":1}', '{"a":1}'],
    ['{"a":1,"b":2}', '{"b":3}', '{"a":1,"b":3}'],
    ['{"a":1,"b":2}', '{"c":3,"a":null}', '{"a":null,"b":2,"c":3}'],
    ['{"id":12345678901234567890,"f":1.00}', '{"g":1e400}', '{"id":12345678901234567890,"f":1.00,"g":1e400}'],
    ['{"z":1,"2":2}', '{"1":3,"z":4}', '{"z":4,"2":2,"1":3}'],
    ['{"a":{"x":1,"y":2}}', '{"a":{"x":3}}', '{"a":{"x":3}}'],
    ['{"\\u0061":1}', '{"a":2}', '{"a":2}'],
    [' { "a" : [ 1 ] ,\n"b":"}" } ', '{ "c" : "{" }', '{"a":[ 1 ],"b":"}","c":"{"}'],
    ['{"__proto__":1}', '{"__proto__":2,"a":"\\u0000"}', '{"__proto__":2,"a":"\\u0000"}'],
    ['{"a":1,"b":2,"a":3}', '{"b":4,"b":5}', '{"a":3,"b":5}'],
  ])('%s and %s make %s', (existing, patch, merged) => {
    expect(mergeRow(existing, patch)).toBe(merged);
  });

  test('equals object spread for random rows', () => {
    const random = new RandomJson(6);
    for (let round = 0; round < 2000; round += 1) {
      const [existing, patch] = [random.object(), random.object()];
      const merged = JSON.parse(mergeRow(existing, patch)) as unknown;
      expect([existing, patch, merged]).toEqual([
        existing,
        patch,
        { ...JSON.parse(existing), ...JSON.parse(patch) },
      ]);
    }
  });
});
