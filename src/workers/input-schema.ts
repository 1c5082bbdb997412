import { quoted, type Findings } from './findings.ts';
import {
  isJsonObject,
  isOfType,
  isValueType,
  parseJson,
  typeText,
  valueTypes,
  type JsonObject,
  type ValueType,
} from './value-types.ts';

export type { Finding } from './findings.ts';

export const inputSchemaFile = 'input_schema.json';

/** The editors of the input form, and the types that each can edit. */
export const editorTypes = {
  input: ['string', 'integer', 'number'],
  textarea: ['string'],
  number: ['integer', 'number'],
  select: ['string', 'integer', 'number'],
  radio: ['string', 'integer', 'number'],
  checkbox: ['array'],
  switch: ['boolean'],
  datepicker: ['string'],
  requestList: ['array'],
  requestListSource: ['array'],
  stringList: ['array'],
  json: ['object', 'array'],
} as const satisfies Record<string, readonly ValueType[]>;

export type Editor = keyof typeof editorTypes;

/** The checked members; other members may have any type. */
export interface InputProperty {
  readonly name: string;
  /** A string if absent or blank. */
  readonly type?: ValueType | '' | null;
  readonly required?: boolean | null;
  readonly default?: unknown;
}

/** A checked input_schema.json. */
export interface InputSchema {
  readonly properties: readonly InputProperty[];
  /** How a run is split into subtasks. */
  readonly concurrency?: {
    readonly fields?: readonly string[] | null;
    readonly remove_fields?: readonly string[] | null;
  } | null;
  /** Older way to name a single field to split by. */
  readonly b?: string | null;
}

const rootKeys = new Set(['description', 'concurrency', 'b', 'properties']);

/** Many generators write null for "none". */
function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

function isBlank(value: unknown): boolean {
  return typeof value !== 'string' || value.trim() === '';
}

/** Checks one property. Its findings name the property and its path in the file. */
class PropertyInspection {
  readonly #value: JsonObject;
  readonly #index: number;
  readonly #findings: Findings;
  readonly #label: string;

  constructor(value: JsonObject, index: number, findings: Findings) {
    this.#value = value;
    this.#index = index;
    this.#findings = findings;
    const { name } = value;
    this.#label =
      typeof name === 'string' && !isBlank(name)
        ? `property ${quoted(name)}`
        : `property number ${index + 1}`;
  }

  #error(key: string, message: string): void {
    const field = `properties[${this.#index}].${key}`;
    this.#findings.error(inputSchemaFile, `${this.#label} ${message}`, field);
  }

  #warn(key: string, message: string): void {
    const field = `properties[${this.#index}].${key}`;
    this.#findings.warn(inputSchemaFile, `${this.#label} ${message}`, field);
  }

  #checkName(names: Set<string>): void {
    const { name } = this.#value;
    if (typeof name !== 'string' || isBlank(name)) {
      this.#error('name', 'has no name');
      return;
    }
    if (names.has(name)) this.#error('name', 'has the same name as an earlier property');
    names.add(name);
  }

  /** @returns the effective type of the property; undefined if it is unknown */
  #checkType(): ValueType | undefined {
    const { type } = this.#value;
    if (isValueType(type)) return type;
    const known = `use one of ${valueTypes.join(', ')}`;
    if (isAbsent(type) || type === '') {
      this.#warn('type', `has no type and counts as a string; ${known}`);
      return 'string';
    }
    const given = typeof type === 'string' ? quoted(type) : `that is ${typeText(type)}`;
    this.#error('type', `has the unknown type ${given}; ${known}`);
    return undefined;
  }

  #checkEditor(type: ValueType | undefined): Editor | undefined {
    const { editor, multiple } = this.#value;
    if (isAbsent(editor) || editor === '') {
      this.#warn('editor', 'has no editor, so the form shows the plain field of its type');
      return undefined;
    }
    if (typeof editor !== 'string' || !Object.hasOwn(editorTypes, editor)) {
      const given = typeof editor === 'string' ? quoted(editor) : `that is ${typeText(editor)}`;
      const known = Object.keys(editorTypes).join(', ');
      this.#warn(
        'editor',
        `has the unknown editor ${given}, so the form shows the plain field of its type; use one of ${known}`,
      );
      return undefined;
    }
    const known = editor as Editor;
    const types: readonly ValueType[] =
      known === 'select' && multiple === true ? ['array'] : editorTypes[known];
    if (type !== undefined && !types.includes(type)) {
      const message = `has the type ${type}, but the editor ${editor} is for ${types.join(' or ')}`;
      this.#warn('editor', message);
    }
    return known;
  }

  #checkTexts(): void {
    for (const key of ['title', 'description']) {
      if (isBlank(this.#value[key])) this.#warn(key, `has no ${key}`);
    }
  }

  #checkRequired(): void {
    const { required } = this.#value;
    if (isAbsent(required) || typeof required === 'boolean') return;
    this.#error('required', `has a "required" that is ${typeText(required)}; use true or false`);
  }

  #checkOptions(editor: Editor | undefined): void {
    const { options } = this.#value;
    const items: unknown[] = Array.isArray(options) ? options : [];
    const offersChoice = editor === 'select' || editor === 'radio' || editor === 'checkbox';
    if (offersChoice && items.length === 0) {
      this.#warn('options', `has the editor ${editor} but no options to choose from`);
    }
    if (items.some((item) => !isJsonObject(item) || !('label' in item) || !('value' in item))) {
      this.#warn('options', 'has options that are not of the form {"label": ..., "value": ...}');
    }
  }

  /** @returns the params that each item of a requestListSource must have */
  #checkParameters(): string[] {
    const list = this.#value.param_list;
    if (isAbsent(list)) return [];
    const items: unknown[] = Array.isArray(list) ? list : [list];
    const usable = items.filter((item): item is JsonObject => isJsonObject(item) && !isBlank(item.param));
    if (!Array.isArray(list) || usable.length < items.length) {
      this.#warn('param_list', 'has a param_list that is not an array of {"param": ..., "title": ...}');
    }
    const required = usable.filter((item) => item.required === true).map(({ param }) => param as string);
    return [...new Set(required)];
  }

  #checkBound(key: 'minimum' | 'maximum'): number | undefined {
    const bound = this.#value[key];
    if (typeof bound === 'number') return bound;
    if (!isAbsent(bound)) this.#warn(key, `has a ${key} that is not a number, so it has no effect`);
    return undefined;
  }

  #checkDefault(type: ValueType): void {
    const minimum = this.#checkBound('minimum');
    const maximum = this.#checkBound('maximum');
    if (minimum !== undefined && maximum !== undefined && minimum > maximum) {
      this.#warn('minimum', `has a minimum (${minimum}) above its maximum (${maximum})`);
    }
    const value = this.#value.default;
    if (isAbsent(value)) return;
    if (!isOfType(value, type)) {
      this.#warn('default', `has a default that is ${typeText(value)}, but its type is ${type}`);
      return;
    }
    if (typeof value !== 'number') return;
    if (minimum !== undefined && value < minimum) {
      this.#warn('default', `has the default ${value}, which is below its minimum ${minimum}`);
    }
    if (maximum !== undefined && value > maximum) {
      this.#warn('default', `has the default ${value}, which is above its maximum ${maximum}`);
    }
  }

  #checkSourceDefault(requiredParams: readonly string[]): void {
    const items = this.#value.default;
    if (!Array.isArray(items)) return;
    for (const [position, item] of (items as unknown[]).entries()) {
      // One finding per item: one for each missing param of each item could exceed the memory.
      const lacking = requiredParams.find(
        (param) => !isJsonObject(item) || !Object.hasOwn(item, param) || isAbsent(item[param]),
      );
      if (lacking === undefined) continue;
      const message = `has a default whose item number ${position + 1} lacks the required param ${quoted(lacking)}`;
      this.#warn(`default[${position}]`, message);
    }
  }

  /** @param names of the previous properties; adds its own */
  run(names: Set<string>): void {
    this.#checkName(names);
    const type = this.#checkType();
    const editor = this.#checkEditor(type);
    this.#checkTexts();
    this.#checkRequired();
    this.#checkOptions(editor);
    const requiredParams = this.#checkParameters();
    if (type !== undefined) this.#checkDefault(type);
    if (editor === 'requestListSource') this.#checkSourceDefault(requiredParams);
  }
}

/** @returns undefined if the value has the wrong shape */
function inspectNames(value: unknown, key: string, findings: Findings): string[] | undefined {
  if (isAbsent(value)) return [];
  if (Array.isArray(value) && value.every((name) => typeof name === 'string')) return value;
  findings.error(inputSchemaFile, `${key} must be an array of property names`, key);
  return undefined;
}

/** @returns the fields to split by, without blank names */
function inspectConcurrency(value: unknown, findings: Findings): string[] {
  if (isAbsent(value)) return [];
  if (!isJsonObject(value)) {
    const message = `concurrency must be an object {"fields": [...], "remove_fields": [...]}, but is ${typeText(value)}`;
    findings.error(inputSchemaFile, message, 'concurrency');
    return [];
  }
  const fields = inspectNames(value.fields, 'concurrency.fields', findings);
  const removed = inspectNames(value.remove_fields, 'concurrency.remove_fields', findings);
  if (fields === undefined) return [];
  const split = new Set(fields);
  for (const name of removed?.filter((name) => !split.has(name)) ?? []) {
    const message = `concurrency.remove_fields names ${quoted(name)}, which concurrency.fields does not`;
    findings.error(inputSchemaFile, message, 'concurrency.remove_fields');
  }
  const named = fields.filter((name) => !isBlank(name));
  if (named.length === 0) {
    findings.warn(inputSchemaFile, 'concurrency names no fields, so it has no effect', 'concurrency.fields');
  }
  return named;
}

/** @returns the field named by b, or an empty string */
function inspectB(value: unknown, findings: Findings): string {
  if (isAbsent(value)) return '';
  if (typeof value === 'string') return value.trim();
  findings.error(inputSchemaFile, `b must be the name of a property, but is ${typeText(value)}`, 'b');
  return '';
}

/** Checks that the fields to split by are properties. */
function inspectSplit(root: JsonObject, properties: readonly unknown[], findings: Findings): void {
  const types = new Map(
    properties.filter((property) => isJsonObject(property)).map(({ name, type }) => [name, type]),
  );
  const fields = inspectConcurrency(root.concurrency, findings);
  const b = inspectB(root.b, findings);
  function warnUnlessArray(name: string, key: string): void {
    if (types.get(name) === 'array') return;
    const reason = types.has(name)
      ? 'which is not an array, so runs are not split by it'
      : 'which is not a property';
    findings.warn(inputSchemaFile, `${key} names ${quoted(name)}, ${reason}`, key);
  }
  for (const name of fields) warnUnlessArray(name, 'concurrency.fields');
  if (b === '') return;
  // concurrency takes precedence over b, so an outdated b does no harm.
  if (fields.length === 0 && !types.has(b)) {
    findings.error(inputSchemaFile, `b names ${quoted(b)}, which is not a property`, 'b');
  } else {
    warnUnlessArray(b, 'b');
  }
}

/**
 * Checks the text of input_schema.json, which may start with a byte order mark. Null members count as absent.
 * @param findings receives all errors and warnings
 * @returns the parsed value, which is an `InputSchema` if there are no errors
 */
export function inspectInputSchema(text: string, findings: Findings): unknown {
  let root: unknown;
  try {
    root = parseJson(text);
  } catch (error) {
    findings.error(inputSchemaFile, `is not valid JSON: ${(error as Error).message}`);
    return undefined;
  }
  if (!isJsonObject(root)) {
    findings.error(inputSchemaFile, `must be an object with properties, but is ${typeText(root)}`);
    return undefined;
  }
  for (const key of Object.keys(root).filter((key) => !rootKeys.has(key))) {
    findings.warn(inputSchemaFile, `the key ${quoted(key)} is unknown and has no effect`);
  }
  const { properties } = root;
  const names = new Set<string>();
  if (!Array.isArray(properties)) {
    const given = isAbsent(properties) ? 'missing' : typeText(properties);
    findings.error(inputSchemaFile, `properties must be an array, but is ${given}`, 'properties');
  }
  const values: unknown[] = Array.isArray(properties) ? properties : [];
  for (const [index, value] of values.entries()) {
    if (isJsonObject(value)) {
      new PropertyInspection(value, index, findings).run(names);
      continue;
    }
    const message = `property number ${index + 1} must be an object, but is ${typeText(value)}`;
    findings.error(inputSchemaFile, message, `properties[${index}]`);
  }
  inspectSplit(root, values, findings);
  return root;
}
