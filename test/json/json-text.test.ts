import { describe, expect, test } from 'vitest';
import {
  depthLimit,
  inspectJson,
  isLossyNumber,
  nonFiniteAsNull,
  readMembers,
  writeMembers,
} from '../../src/json/json-text.ts';
import { RandomJson } from './random-json.ts';

describe('isLossyNumber', () => {
  test.each([
    '0',
    '-0',
    '0.0',
    '0e999',
    '-0.000e-999',
    '1',
    '-1',
    '1.0',
    '1.00',
    '10',
    '1e2',
    '1E+2',
    '1e-7',
    '0.1',
    '12.50',
    '9007199254740991',
    '9007199254740992',
    '9007199254740994',
    '18014398509481984',
    '1e22',
    '1e23',
    '100000000000000000000000',
    '1.7976931348623157e308',
    '5e-324',
    '123456789.12345678',
    '0.30000000000000004',
    `1${'0'.repeat(300)}`,
    `0.${'0'.repeat(300)}1`,
    `1.${'0'.repeat(500)}`,
  ])('a JS number can hold %.40s', (text) => {
    expect(isLossyNumber(text)).toBe(false);
  });

  test.each([
    '9007199254740993',
    '-9007199254740993',
    '12345678901234567890',
    '18446744073709551615',
    '1e400',
    '-1e400',
    '1e-400',
    '1e99999999999999999999',
    '0.10000000000000000001',
    '3.14159265358979323846',
    '1.7976931348623159e309',
    '123456789012345.678901',
    '4e-324',
    '2.5e-324',
    '1234567890123456789e10',
    '0.1000000000000000055511151231257827',
    `1${'0'.repeat(300)}1`,
    `0.${'0'.repeat(400)}1`,
  ])('a JS number cannot hold %.40s', (text) => {
    expect(isLossyNumber(text)).toBe(true);
  });

  test('agrees with exact arithmetic on random integers', () => {
    const random = new RandomJson(1);
    for (let round = 0; round < 5000; round += 1) {
      const length = 1 + random.below(30);
      const digits = Array.from({ length }, () => random.below(10)).join('');
      const integer = BigInt(digits);
      // JSON.stringify writes the shortest text of the number, read as a decimal: BigInt(Number()) is longer.
      const printed = String(Number(integer));
      const [mantissa = '', exponent = '0'] = printed.split('e+');
      const [whole = '', fraction = ''] = mantissa.split('.');
      const value = BigInt(whole + fraction) * 10n ** BigInt(Number(exponent) - fraction.length);
      expect([digits, isLossyNumber(integer.toString())]).toEqual([digits, value !== integer]);
    }
  });

  test('takes linear time on a hostile run of zeros', () => {
    expect(isLossyNumber(`1${'0'.repeat(2_000_000)}1`)).toBe(true);
  });
});

describe('inspectJson', () => {
  test.each([
    ['{"id": 12345678901234567890}', true],
    ['[1,-9007199254740993]', true],
    ['1e400', true],
    ['{"a": [{"b": 0.10000000000000000001}]}', true],
    ['{"id": "12345678901234567890"}', false],
    ['{"12345678901234567890": 1}', false],
    ['{"a \\" 12345678901234567890": 1}', false],
    ['{"a\\\\": 12345678901234567890}', true],
    ['{"price": 1.00, "list": [1, 2.5, 1e3]}', false],
    ['{"hash": "1e999 2e999"}', false],
    ['true', false],
    ['', false],
  ])('%s contains a number that JS would change: %s', (text, hasLossyNumber) => {
    expect(inspectJson(text)).toEqual({ isTooDeep: false, hasLossyNumber, hasNonFinite: false });
  });

  test.each([
    ['arrays', 1, '[', ']'],
    ['objects', 1, '{"a":', '}'],
    ['both, spread out', 2, '[[], "[", {"b": "{", "a" :\n', '}, {}]'],
  ])('counts nesting levels of %s', (_name, levels, open, close) => {
    const isTooDeep = (rounds: number): boolean =>
      inspectJson(`${open.repeat(rounds)}0${close.repeat(rounds)}`).isTooDeep;
    expect(isTooDeep(depthLimit / levels)).toBe(false);
    expect(isTooDeep(depthLimit / levels + 1)).toBe(true);
  });

  test('adjacent brackets do not add depth', () => {
    expect(inspectJson(`[${'[],{},'.repeat(1000)}"${'['.repeat(1000)}"]`).isTooDeep).toBe(false);
  });

  test.each(['"', '"\\', '{"a', '12e', '1-2e+e+', ']]]]', '\\"', '[{"a":"b\\\\\\"'])(
    'survives the malformed text %s',
    (text) => {
      expect(inspectJson(text).isTooDeep).toBe(false);
    },
  );
});

describe('nonFiniteAsNull', () => {
  test.each([
    ['NaN', 'null'],
    ['{"a": NaN, "b": Infinity, "c": -Infinity}', '{"a": null, "b": null, "c": null}'],
    ['[NaN,NaN]', '[null,null]'],
    ['{"NaN": "Infinity", "x": "-Infinity \\" NaN"}', '{"NaN": "Infinity", "x": "-Infinity \\" NaN"}'],
    ['{"a\\\\":NaN,"b\\"NaN":"\\\\\\"NaN"}', '{"a\\\\":null,"b\\"NaN":"\\\\\\"NaN"}'],
    ['{"a": 1}', '{"a": 1}'],
    ['"NaN', '"NaN'],
    ['NaN "NaN', 'null "NaN'],
  ])('%s → %s', (text, expected) => {
    expect(nonFiniteAsNull(text)).toBe(expected);
  });
});

describe('readMembers', () => {
  test.each<[string, [string, string][]]>([
    ['{}', []],
    [' {\n} ', []],
    ['{"a":1}', [['a', '1']]],
    [
      ' { "a" : 1 , "b" : [ 1 , {"c": "}"} ] } ',
      [
        ['a', '1'],
        ['b', '[ 1 , {"c": "}"} ]'],
      ],
    ],
    [
      '{"b":1,"1":2,"0":3}',
      [
        ['b', '1'],
        ['1', '2'],
        ['0', '3'],
      ],
    ],
    [
      '{"a":1,"b":2,"a":3}',
      [
        ['a', '3'],
        ['b', '2'],
      ],
    ],
    [
      '{"\\u0061":1,"q\\"uote":"x\\\\","":null}',
      [
        ['a', '1'],
        ['q"uote', '"x\\\\"'],
        ['', 'null'],
      ],
    ],
    [
      '{"a":":,\\"{","b":-1.50E+10}',
      [
        ['a', '":,\\"{"'],
        ['b', '-1.50E+10'],
      ],
    ],
    [
      '{"__proto__":{"x":1},"n":true\n}',
      [
        ['__proto__', '{"x":1}'],
        ['n', 'true'],
      ],
    ],
  ])('%s', (text, members) => {
    expect([...readMembers(text)]).toEqual(members);
  });

  test('reads random objects as JSON.parse does, and writes them back', () => {
    const random = new RandomJson(2);
    for (let round = 0; round < 3000; round += 1) {
      const text = random.object();
      const members = readMembers(text);
      const parsed = Array.from(members, ([key, value]) => [key, JSON.parse(value) as unknown] as const);
      expect([text, Object.fromEntries(parsed)]).toEqual([text, JSON.parse(text)]);
      expect([text, ...readMembers(writeMembers(members))]).toEqual([text, ...members]);
    }
  });
});
