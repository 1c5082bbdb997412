import { describe, expect, test } from 'vitest';
import { ChelaError } from '../../src/errors.ts';
import { type Finding, Findings } from '../../src/workers/findings.ts';
import { inspectInputSchema } from '../../src/workers/input-schema.ts';
import { inspectOutputSchema } from '../../src/workers/output-schema.ts';

/** A valid property; members given as undefined are omitted. */
function property(members: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    title: 'URLs',
    name: 'urls',
    type: 'array',
    editor: 'stringList',
    description: 'What to visit',
    required: true,
    ...members,
  };
}

function schema(members: Record<string, unknown>, ...properties: unknown[]): string {
  return JSON.stringify({ description: 'A worker', properties, ...members });
}

type Inspect = (text: string, findings: Findings) => unknown;

/** @throws ChelaError with every error of the text in its details */
function checked(inspect: Inspect, text: string): { schema: unknown; warnings: Finding[] } {
  const findings = new Findings();
  const found = inspect(text, findings);
  findings.throwErrors();
  return { schema: found, warnings: findings.warnings };
}

function refusal(check: () => unknown): ChelaError {
  try {
    check();
  } catch (error) {
    if (error instanceof ChelaError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

const source = property({
  name: 'sources',
  editor: 'requestListSource',
  param_list: [
    { param: 'url', title: 'URL', required: true, description: 'Where' },
    { param: 'posts', title: 'Posts', description: 'How many' },
  ],
});

describe('an input schema is refused with', () => {
  test.each<[string, string, RegExp]>([
    ['text that is not JSON', '{"properties": [}', /is not valid JSON/],
    ['no text', '', /is not valid JSON/],
    ['an array at its root', '[]', /must be an object with properties, but is an array/],
    ['null at its root', 'null', /must be an object with properties, but is null/],
    ['no properties', '{}', /properties must be an array, but is missing/],
    ['properties as an object', '{"properties": {"a": {}}}', /properties must be an array, but is an object/],
    [
      'a property that is a string',
      schema({}, 'urls'),
      /property number 1 must be an object, but is a string/,
    ],
    ['a property that is null', schema({}, property(), null), /property number 2 must be an object/],
    ['a property without a name', schema({}, property({ name: undefined })), /property number 1 has no name/],
    ['a blank name', schema({}, property({ name: ' ' })), /property number 1 has no name/],
    ['a name that is a number', schema({}, property({ name: 7 })), /has no name/],
    [
      'a duplicate name',
      schema({}, property(), property()),
      /"urls" has the same name as an earlier property/,
    ],
    ['an unknown type', schema({}, property({ type: 'text' })), /has the unknown type "text"/],
    ['a type that is a number', schema({}, property({ type: 7 })), /unknown type that is a number/],
    ['a type of Object.prototype', schema({}, property({ type: 'constructor' })), /unknown type/],
    [
      'required as text',
      schema({}, property({ required: 'true' })),
      /"required" that is a string; use true or false/,
    ],
    ['required as a number', schema({}, property({ required: 1 })), /"required" that is a number/],
    [
      'concurrency as an array',
      schema({ concurrency: ['urls'] }, property()),
      /concurrency must be an object/,
    ],
    ['concurrency as text', schema({ concurrency: 'urls' }, property()), /concurrency must be an object/],
    [
      'fields as text',
      schema({ concurrency: { fields: 'urls' } }, property()),
      /concurrency.fields must be an array/,
    ],
    [
      'a field as a number',
      schema({ concurrency: { fields: [1] } }, property()),
      /concurrency.fields must be an array/,
    ],
    [
      'remove_fields as an object',
      schema({ concurrency: { fields: ['urls'], remove_fields: {} } }, property()),
      /concurrency.remove_fields must be an array/,
    ],
    [
      'remove_fields not within fields',
      schema({ concurrency: { fields: ['urls'], remove_fields: ['ids'] } }, property()),
      /remove_fields names "ids", which concurrency.fields does not/,
    ],
    ['b that names no property', schema({ b: 'url' }, property()), /b names "url", which is not a property/],
    ['b as a list', schema({ b: ['urls'] }, property()), /b must be the name of a property, but is an array/],
  ])('%s', (_title, text, message) => {
    const error = refusal(() => checked(inspectInputSchema, text));
    expect(error.key).toBe('INVALID_ARGUMENT');
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/^input_schema\.json: /);
    expect(error.details).toHaveLength(1);
  });

  test('all its errors at once', () => {
    const text = schema(
      { b: 7, concurrency: [] },
      property({ type: 'text', required: 'yes' }),
      property({ name: '', type: 'list' }),
      5,
    );
    const error = refusal(() => checked(inspectInputSchema, text));
    expect(error.message).toMatch(/has 7 errors; the first is: input_schema\.json: property "urls"/);
    expect(error.details).toHaveLength(7);
  });

  test('at most a hundred of its errors', () => {
    const error = refusal(() => checked(inspectInputSchema, `{"properties": [${'0,'.repeat(5000)}0]}`));
    expect(error.details).toHaveLength(101);
    expect(error.details?.at(-1)).toBe('4901 more errors');
  });
});

describe('an input schema is accepted with a warning about', () => {
  test.each<[string, string, string | undefined, RegExp]>([
    ['no title', schema({}, property({ title: undefined })), 'properties[0].title', /"urls" has no title/],
    [
      'a blank description',
      schema({}, property({ description: '' })),
      'properties[0].description',
      /no description/,
    ],
    ['no editor', schema({}, property({ editor: undefined })), 'properties[0].editor', /no editor/],
    [
      'switch for a string',
      schema({}, property({ type: 'string', editor: 'switch' })),
      'properties[0].editor',
      /the editor switch is for boolean/,
    ],
    [
      'input for an array',
      schema({}, property({ editor: 'input' })),
      'properties[0].editor',
      /for string or integer or number/,
    ],
    [
      'stringList for a string',
      schema({}, property({ type: 'string' })),
      'properties[0].editor',
      /is for array/,
    ],
    [
      'a single select for an array',
      schema({}, property({ editor: 'select', options: [{ label: 'A', value: 1 }] })),
      'properties[0].editor',
      /the editor select/,
    ],
    [
      'select without options',
      schema({}, property({ type: 'string', editor: 'select' })),
      'properties[0].options',
      /no options/,
    ],
    [
      'options of the wrong shape',
      schema({}, property({ editor: 'checkbox', options: ['a'] })),
      'properties[0].options',
      /not of the form/,
    ],
    [
      'a param_list of the wrong shape',
      schema({}, { ...source, param_list: {} }),
      'properties[0].param_list',
      /param_list/,
    ],
    [
      'no type',
      schema({}, property({ type: undefined, editor: 'input' })),
      'properties[0].type',
      /"urls" has no type and counts as a string; use one of string, integer/,
    ],
    ['a blank type', schema({}, property({ type: '', editor: 'input' })), 'properties[0].type', /no type/],
    [
      'an unknown editor',
      schema({}, property({ editor: 'text' })),
      'properties[0].editor',
      /unknown editor "text", so the form shows the plain field of its type; use one of input, /,
    ],
    [
      'an editor of Object.prototype',
      schema({}, property({ editor: 'toString' })),
      'properties[0].editor',
      /unknown editor/,
    ],
    [
      'an editor that is a number',
      schema({}, property({ editor: 1 })),
      'properties[0].editor',
      /unknown editor that is a number/,
    ],
    [
      'a string as default of an array',
      schema({}, property({ default: 'a' })),
      'properties[0].default',
      /default that is a string, but its type is array/,
    ],
    [
      'a fraction as default of an integer',
      schema({}, property({ type: 'integer', editor: 'number', default: 1.5 })),
      'properties[0].default',
      /its type is integer/,
    ],
    [
      'text as default of a boolean',
      schema({}, property({ type: 'boolean', editor: 'switch', default: 'no' })),
      'properties[0].default',
      /its type is boolean/,
    ],
    [
      'an array as default of an object',
      schema({}, property({ type: 'object', editor: 'json', default: [] })),
      'properties[0].default',
      /its type is object/,
    ],
    [
      'a number as default of a string',
      schema({}, property({ type: 'string', editor: 'input', default: 1 })),
      'properties[0].default',
      /its type is string/,
    ],
    [
      'a source without its required param',
      schema({}, { ...source, default: [{ url: 'a' }, { posts: 1 }] }),
      'properties[0].default[1]',
      /item number 2 lacks the required param "url"/,
    ],
    [
      'a source whose required param is null',
      schema({}, { ...source, default: [{ url: null }] }),
      'properties[0].default[0]',
      /item number 1 lacks/,
    ],
    [
      'a source that is plain text',
      schema({}, { ...source, default: ['https://a'] }),
      'properties[0].default[0]',
      /item number 1 lacks/,
    ],
    ['an unknown root key', schema({ title: 'x' }, property()), undefined, /the key "title" is unknown/],
    [
      'a split field that is not an array',
      schema({ concurrency: { fields: ['n'] } }, property({ name: 'n', type: 'string', editor: 'input' })),
      'concurrency.fields',
      /names "n", which is not an array/,
    ],
    [
      'a split field that is not a property',
      schema({ concurrency: { fields: ['ids', 'urls'] } }, property()),
      'concurrency.fields',
      /"ids", which is not a property/,
    ],
    [
      'b that is not an array',
      schema({ b: ' n ' }, property({ name: 'n', type: 'string', editor: 'input' })),
      'b',
      /b names "n", which is not an array/,
    ],
    [
      'b that concurrency overrides',
      schema({ b: 'gone', concurrency: { fields: ['urls'] } }, property()),
      'b',
      /"gone", which is not a property/,
    ],
    [
      'concurrency without fields',
      schema({ concurrency: {} }, property()),
      'concurrency.fields',
      /no effect/,
    ],
    [
      'a default below its minimum',
      schema({}, property({ type: 'integer', editor: 'number', default: 0, minimum: 1 })),
      'properties[0].default',
      /default 0, which is below its minimum 1/,
    ],
    [
      'a default above its maximum',
      schema({}, property({ type: 'number', editor: 'number', default: 1.5, maximum: 1 })),
      'properties[0].default',
      /above its maximum 1/,
    ],
    [
      'a minimum above the maximum',
      schema({}, property({ type: 'integer', editor: 'number', minimum: 2, maximum: 1 })),
      'properties[0].minimum',
      /minimum \(2\) above/,
    ],
    [
      'a minimum that is text',
      schema({}, property({ type: 'integer', editor: 'number', minimum: '2' })),
      'properties[0].minimum',
      /is not a number/,
    ],
  ])('%s', (_title, text, field, message) => {
    const { warnings } = checked(inspectInputSchema, text);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toEqual({
      file: 'input_schema.json',
      field,
      message: expect.stringMatching(message) as string,
    });
  });

  test('any text, and the database can store the warnings', () => {
    const { warnings } = checked(inspectInputSchema, String.raw`{"\u0000\ud800": 1, "properties": []}`);
    expect(JSON.stringify(warnings)).not.toMatch(/(?<!\\)\\u/);
  });
});

describe('an input schema is accepted without warnings', () => {
  test.each<[string, string]>([
    ['without properties in its list', schema({})],
    ['with a byte order mark', `\uFEFF${schema({}, property())}`],
    ['without its own description', schema({ description: undefined }, property())],
    ['without "required"', schema({}, property({ required: undefined }))],
    [
      'with null for omitted members',
      schema({ b: null, concurrency: null }, property({ required: null, default: null })),
    ],
    ['with a blank b', schema({ b: '  ' }, property())],
    ['with b', schema({ b: 'urls' }, property())],
    [
      'with concurrency',
      schema({ concurrency: { fields: ['urls', 'sources'], remove_fields: ['urls'] } }, property(), source),
    ],
    ['with plain texts as a default', schema({}, property({ default: ['a', 'b'] }))],
    [
      'with objects with any keys as a default',
      schema({}, property({ default: [{ url: 'a' }, { string: 'b' }, { keyword: 'c' }] })),
    ],
    ['with a default of each required param', schema({}, { ...source, default: [{ url: 'a' }] })],
    [
      'with a multiple select',
      schema({}, property({ editor: 'select', multiple: true, options: [{ label: 'A', value: 'a' }] })),
    ],
    [
      'with radio buttons of numbers',
      schema(
        {},
        property({ type: 'integer', editor: 'radio', default: 1, options: [{ label: 'A', value: 1 }] }),
      ),
    ],
    ['with a switch', schema({}, property({ type: 'boolean', editor: 'switch', default: false }))],
    [
      'with a date',
      schema(
        {},
        property({ type: 'string', editor: 'datepicker', format: 'DD/MM/YYYY', valueFormat: 'DD/MM/YYYY' }),
      ),
    ],
    ['with an object', schema({}, property({ type: 'object', editor: 'json', default: {} }))],
    [
      'with a whole number as 10.0',
      '{"properties": [{"name": "n", "type": "integer", "editor": "number", "title": "N", "description": "N", "default": 10.0}]}',
    ],
    [
      'with an integer beyond 2^53',
      '{"properties": [{"name": "n", "type": "integer", "editor": "number", "title": "N", "description": "N", "default": 12345678901234567890}]}',
    ],
    [
      'with a default at its bounds',
      schema({}, property({ type: 'integer', editor: 'number', default: 1, minimum: 1, maximum: 1 })),
    ],
    [
      'with sections and placeholders',
      schema({}, property({ sectionCaption: 'More', sectionDescription: 'x', placeholder: 'y' })),
    ],
  ])('%s', (_title, text) => {
    expect(checked(inspectInputSchema, text).warnings).toEqual([]);
  });

  test('and returned as written', () => {
    const text = schema({ b: 'urls' }, property({ placeholder: 'x' }));
    expect(checked(inspectInputSchema, `\uFEFF${text}`).schema).toEqual(JSON.parse(text));
  });
});

describe('an output schema', () => {
  test.each<[string, string]>([
    ['empty', '[]'],
    [
      'of all types',
      JSON.stringify(
        ['string', 'integer', 'number', 'boolean', 'array', 'object'].map((type) => ({ name: type, type })),
      ),
    ],
    [
      'with a byte order mark and descriptions',
      '\uFEFF[{"name": "a", "type": "string", "description": "A"}]',
    ],
  ])('is accepted: %s', (_title, text) => {
    const { schema: columns, warnings } = checked(inspectOutputSchema, text);
    expect(warnings).toEqual([]);
    expect(columns).toEqual(JSON.parse(text.replace('\uFEFF', '')));
  });

  test.each<[string, string, RegExp]>([
    ['text that is not JSON', 'x', /is not valid JSON/],
    ['an object', '{}', /must be an array of columns, but is an object/],
    ['a column that is text', '["a"]', /column number 1 must be an object/],
    ['no name', '[{"type": "string"}]', /column number 1 has no name/],
    ['a blank name', '[{"name": " ", "type": "string"}]', /has no name/],
    [
      'a duplicate name',
      '[{"name": "a", "type": "string"}, {"name": "a", "type": "number"}]',
      /the name "a" is used by two columns/,
    ],
    ['no type', '[{"name": "a"}]', /column "a" has no type; use one of string/],
    ['an unknown type', '[{"name": "a", "type": "text"}]', /column "a" has the unknown type "text"/],
  ])('is refused with %s', (_title, text, message) => {
    const error = refusal(() => checked(inspectOutputSchema, text));
    expect(error.key).toBe('INVALID_ARGUMENT');
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/^output_schema\.json: /);
  });

  test('is refused with all its errors at once', () => {
    expect(
      refusal(() => checked(inspectOutputSchema, '[1, {}, {"name": "a", "type": 1}]')).details,
    ).toHaveLength(4);
  });
});

// Comparing every pair would take billions of steps, or report billions of errors.
describe('a schema of a megabyte is read in one pass', () => {
  test('with many params, and many items without them', () => {
    const param_list = Array.from({ length: 15_000 }, (_, index) => ({ param: `p${index}`, required: true }));
    const value = { ...source, param_list, default: Array.from({ length: 200_000 }, () => 1) };
    const { warnings } = checked(inspectInputSchema, schema({}, value));
    expect(warnings).toHaveLength(101);
    expect(warnings[0]?.message).toMatch(/item number 1 lacks/);
    expect(warnings.at(-1)?.message).toBe('199900 more warnings are not listed');
  });

  test('with many fields that split, and many to remove', () => {
    const fields = Array.from({ length: 60_000 }, (_, index) => `f${index}`);
    const concurrency = { fields, remove_fields: fields.map((name) => `${name}x`) };
    const { message } = refusal(() => checked(inspectInputSchema, schema({ concurrency }, property())));
    expect(message).toMatch(/has 60000 errors; the first is: .*remove_fields names "f0x"/);
  });
});
