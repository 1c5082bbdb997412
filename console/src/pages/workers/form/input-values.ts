/** What is entered in a worker's form, and the input that is made of it. */
import { isJsonObject, parseJson, stringifyJson } from '../../../api/lossless-json.ts';
import type { InputProperty, InputSchema } from '../../../api/input-schema.ts';
import { itemsOf, rowsOf, textOf, type ListRow } from './list-items.ts';

/** Texts of most fields; booleans of switches; several texts of choices; rows of lists. */
export type Entered = string | boolean | readonly string[] | ListEntered;

export interface ListEntered {
  readonly rows: readonly ListRow[];
}

export interface FieldValue {
  readonly entered: Entered;
  /**
   * What the field was filled from, until somebody edits it: it goes back as it came, be it of another type than the
   * field makes. Absent where the field was edited.
   */
  readonly source?: { readonly value: unknown };
}

export interface FormValues {
  /** By name of the property. */
  readonly fields: Readonly<Record<string, FieldValue>>;
  /** Members of the input that the schema does not know. */
  readonly further: Readonly<Record<string, unknown>>;
}

const listEditors = new Set(['requestList', 'requestListSource', 'stringList']);

export function isList({ editor, type, options }: InputProperty): boolean {
  return listEditors.has(editor ?? '') || (type === 'array' && options === undefined && editor !== 'json');
}

export function isJson({ editor, type }: InputProperty): boolean {
  return editor === 'json' || type === 'object';
}

export function isSeveral({ multiple, type, options, editor }: InputProperty): boolean {
  return options !== undefined && (multiple || (type === 'array' && editor !== 'json'));
}

export function isListEntered(entered: Entered): entered is ListEntered {
  return typeof entered === 'object' && 'rows' in entered;
}

/** How a value of the input stands in its field. */
function enteredOf(property: InputProperty, value: unknown): Entered {
  if (property.type === 'boolean') return value === true || textOf(value).trim().toLowerCase() === 'true';
  if (isSeveral(property)) {
    if (Array.isArray(value)) return value.map(textOf);
    return textOf(value) === '' ? [] : [textOf(value)];
  }
  if (isList(property)) return { rows: rowsOf(value) };
  if (isJson(property)) return value === undefined || value === null ? '' : stringifyJson(value, 2);
  return textOf(value);
}

/** The field as it is while nobody edited anything. */
function fieldOf(property: InputProperty, input: Readonly<Record<string, unknown>> | undefined): FieldValue {
  if (input !== undefined) {
    const value = Object.hasOwn(input, property.name) ? input[property.name] : undefined;
    return { entered: enteredOf(property, value), source: { value } };
  }
  const value = property.default ?? undefined;
  return { entered: enteredOf(property, value), ...(value !== undefined && { source: { value } }) };
}

/** The form, filled from an input; without one from the defaults. */
export function formValues(
  { properties }: InputSchema,
  input?: Readonly<Record<string, unknown>>,
): FormValues {
  const names = new Set(properties.map(({ name }) => name));
  return {
    fields: Object.fromEntries(properties.map((property) => [property.name, fieldOf(property, input)])),
    further: Object.fromEntries(Object.entries(input ?? {}).filter(([name]) => !names.has(name))),
  };
}

/** The choice of that text, with its own type. */
function choiceOf({ options = [] }: InputProperty, text: string): unknown {
  return options.find(({ value }) => textOf(value) === text)?.value ?? text;
}

function numberOf(text: string): unknown {
  const isJsonNumber = /^-?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?$/i.test(text.trim());
  return isJsonNumber ? parseJson(text) : Number(text);
}

/** @returns undefined where the field is empty, and the input goes without it */
function valueOf(property: InputProperty, entered: Entered): unknown {
  if (typeof entered === 'boolean') return entered;
  if (isListEntered(entered)) return itemsOf(entered.rows);
  if (typeof entered !== 'string') return entered.map((text) => choiceOf(property, text));
  if (entered.trim() === '') return undefined;
  if (isJson(property)) return parseJson(entered);
  if (property.options !== undefined) return choiceOf(property, entered);
  return property.type === 'integer' || property.type === 'number' ? numberOf(entered) : entered;
}

/** The input of a run. @throws Error where a field of JSON is broken: check first */
export function inputOf({ properties }: InputSchema, values: FormValues): Record<string, unknown> {
  const entries = properties
    .map((property) => {
      const { entered, source } = values.fields[property.name] ?? { entered: '' };
      return [property.name, source === undefined ? valueOf(property, entered) : source.value] as const;
    })
    .filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(entries), ...values.further };
}

/** @throws Error where the text is no JSON object */
export function parseInput(text: string): Record<string, unknown> {
  const value = parseJson(text);
  if (isJsonObject(value)) return value;
  throw new Error('{ … }');
}
