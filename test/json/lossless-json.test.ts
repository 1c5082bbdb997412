import { describe, expect, test } from 'vitest';
import {
  isJsonObject,
  isRawNumber,
  JsonError,
  parseJson,
  stringifyJson,
} from '../../src/json/lossless-json.ts';
import { nonFiniteAsNull } from '../../src/json/json-text.ts';
import { RandomJson } from './random-json.ts';

/** Every number of a JSON text as an exact fraction of powers of ten, to compare values rather than notations. */
function exactNumbers(text: string): string[] {
  const outsideStrings = text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""');
  return (outsideStrings.match(/-?\d[\d.eE+-]*/g) ?? []).map((number) => {
    const [mantissa = '', exponent = '0'] = number.toLowerCase().replace(/^-/, '').split('e');
    const [whole = '', fraction = ''] = mantissa.split('.');
    let digits = BigInt(whole + fraction);
    if (digits === 0n) return '0';
    let power = Number(exponent) - fraction.length;
    while (digits % 10n === 0n) {
      digits /= 10n;
      power += 1;
    }
    return `${number.startsWith('-') ? '-' : ''}${digits}e${power}`;
  });
}

describe('parseJson and stringifyJson', () => {
  test.each([
    '{"id":9007199254740993}',
    '{"id":-12345678901234567890,"list":[18446744073709551615,{"deep":1e400}]}',
    '12345678901234567890',
    '[0.10000000000000000001,3.14159265358979323846]',
    '{"a":1,"b":"12345678901234567890","c":null,"d":[true,false],"e":{}}',
    '{"url":"https://example.com/?a=1&b=<2>"}',
    '"\\ud800"',
    '{"__proto__":{"id":12345678901234567890},"constructor":1}',
  ])('%s survives a round trip unchanged', (text) => {
    expect(stringifyJson(parseJson(text))).toBe(text);
  });

  test.each([
    ['1.00', '1'],
    ['1e3', '1000'],
    ['-0', '0'],
    ['0.50', '0.5'],
    ['100000000000000000000000', '1e+23'],
    ['{"a" : 1.0 , "b":\n[ ]}', '{"a":1,"b":[]}'],
    ['{"a":1,"a":12345678901234567890}', '{"a":12345678901234567890}'],
  ])('%s becomes %s, with the same value', (text, expected) => {
    expect(stringifyJson(parseJson(text))).toBe(expected);
  });

  test('numbers that a JS number can hold are plain numbers, even beside lossless ones', () => {
    const value = parseJson('{"small": 42, "big": 12345678901234567890}') as { small: unknown; big: unknown };
    expect(value.small).toBe(42);
    expect(isRawNumber(value.big) && value.big.rawJSON).toBe('12345678901234567890');
    expect(isJsonObject(value.big)).toBe(false);
    expect(isJsonObject(value)).toBe(true);
  });

  test("a client's object that looks like a lossless number stays an object", () => {
    const value = parseJson('{"rawJSON": "1"}');
    expect(isRawNumber(value)).toBe(false);
    expect(stringifyJson(value)).toBe('{"rawJSON":"1"}');
  });

  test.each(['{"__proto__":{"polluted":1}}', '{"__proto__":{"polluted":12345678901234567890}}'])(
    'the key __proto__ of %s is a plain key',
    (text) => {
      const value = parseJson(text) as Record<string, unknown>;
      expect(Object.keys(value)).toEqual(['__proto__']);
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    },
  );

  test('every number of random JSON keeps its exact value', () => {
    const random = new RandomJson(3);
    for (let round = 0; round < 5000; round += 1) {
      const text = `[${random.number()},{"a":${random.number()},"b":[${random.number()}, ${random.stringText()}]}]`;
      expect([text, ...exactNumbers(stringifyJson(parseJson(text)))]).toEqual([text, ...exactNumbers(text)]);
    }
  });

  test('equals JSON.parse for random JSON, except for lossless numbers', () => {
    const random = new RandomJson(4);
    for (let round = 0; round < 3000; round += 1) {
      const text = random.value();
      const written = stringifyJson(parseJson(text));
      // JSON.stringify writes -0 as 0.
      expect([text, JSON.parse(written)]).toEqual([text, JSON.parse(text.replaceAll('-0', '0'))]);
      expect(written.isWellFormed()).toBe(true);
    }
  });

  test.each([
    ['', /end of JSON/],
    ['{', /JSON/],
    ['{"a":1}{"b":2}', /after JSON/],
    ['{a:1}', /JSON/],
    ["{'a':1}", /JSON/],
    ['[1,]', /JSON/],
    ['01', /JSON/],
    ['012345678901234567890', /JSON/],
    ['1e400e', /JSON/],
    ['NaN', /JSON/],
    ['"\n"', /JSON/],
    ['\uFEFF{}', /JSON/],
  ])('refuses %j', (text, message) => {
    expect(() => parseJson(text)).toThrow(JsonError);
    expect(() => parseJson(text)).toThrow(message);
  });

  test.each([
    ['arrays', '[', ']'],
    ['objects', '{"a":', '}'],
  ])('reads 200 levels of %s, and refuses more without a stack overflow', (_name, open, close) => {
    const nested = (levels: number): string =>
      `${open.repeat(levels)}12345678901234567890${close.repeat(levels)}`;
    expect(stringifyJson(parseJson(nested(200)))).toBe(nested(200));
    for (const levels of [201, 1_000_000]) {
      expect(() => parseJson(nested(levels))).toThrow(
        new JsonError('the JSON is nested deeper than 200 levels'),
      );
    }
  });

  test('undefined alone is written as null', () => {
    expect(stringifyJson(undefined)).toBe('null');
  });
});

describe('JSON written by Python, read after nonFiniteAsNull', () => {
  test.each([
    ['{"a": NaN, "b": [Infinity, -Infinity]}', '{"a":null,"b":[null,null]}'],
    ['NaN', 'null'],
    ['{"a": NaN, "id": 12345678901234567890}', '{"a":null,"id":12345678901234567890}'],
    ['{"a": "NaN", "NaN": "-Infinity"}', '{"a":"NaN","NaN":"-Infinity"}'],
    ['{"a": "NaN \\" NaN", "b": NaN}', '{"a":"NaN \\" NaN","b":null}'],
    ['{"a": 1}', '{"a":1}'],
  ])('%s → %s', (text, expected) => {
    expect(stringifyJson(parseJson(nonFiniteAsNull(text)))).toBe(expected);
  });

  test.each([
    'nan',
    'inf',
    '+Infinity',
    '--Infinity',
    '1NaN',
    'NaNNaN',
    '{NaN: 1}',
    '{"a": -NaN}',
    '{"a": NaN',
    '"NaN',
  ])('refuses %s', (text) => {
    expect(() => parseJson(nonFiniteAsNull(text))).toThrow(JsonError);
  });
});
