/** The entered values of a worker's form, and the input built from them. */
import { isJsonObject, parseJson, stringifyJson } from '../../../api/lossless-json.ts';
import type { InputProperty, InputSchema } from '../../../api/input-schema.ts';
import { itemsOf, rowsOf, textOf, type ListRow } from './list-items.ts';

/** A string for most fields, a boolean for a switch, several strings for choices, rows for a list. */
export type Entered = string | boolean | readonly string[] | ListEntered;

export interface ListEntered {
  readonly rows: readonly ListRow[];
}

export interface FieldValue {
  readonly entered: Entered;
  /**
   * The value that the field was filled from. Until somebody edits the field, this value is sent back unchanged, even
   * if its type is not the field's. Absent after an edit.
   */
  readonly source?: { readonly value: unknown };
}

export interface FormValues {
  /** By property name. */
  readonly fields: Readonly<Record<string, FieldValue>>;
  /** Members of the input that are not in the schema. */
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

/** Converts a value of the input to what its field shows. */
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

/** An unedited field. */
function fieldOf(property: InputProperty, input: Readonly<Record<string, unknown>> | undefined): FieldValue {
  if (input !== undefined) {
    const value = Object.hasOwn(input, property.name) ? input[property.name] : undefined;
    return { entered: enteredOf(property, value), source: { value } };
  }
  const value = property.default ?? undefined;
  return { entered: enteredOf(property, value), ...(value !== undefined && { source: { value } }) };
}

/** The form, filled from an input, or from the defaults if there is none. */
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

/** The choice with that text, in its own type. */
function choiceOf({ options = [] }: InputProperty, text: string): unknown {
  return options.find(({ value }) => textOf(value) === text)?.value ?? text;
}

function numberOf(text: string): unknown {
  const isJsonNumber = /^-?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?$/i.test(text.trim());
  return isJsonNumber ? parseJson(text) : Number(text);
}

/** @returns undefined if the field is empty, so that the input omits it */
function valueOf(property: InputProperty, entered: Entered): unknown {
  if (typeof entered === 'boolean') return entered;
  if (isListEntered(entered)) return itemsOf(entered.rows);
  if (typeof entered !== 'string') return entered.map((text) => choiceOf(property, text));
  if (entered.trim() === '') return undefined;
  if (isJson(property)) return parseJson(entered);
  if (property.options !== undefined) return choiceOf(property, entered);
  return property.type === 'integer' || property.type === 'number' ? numberOf(entered) : entered;
}

/** The input of a run. @throws Error if a JSON field is malformed; check that first */
export function inputOf({ properties }: InputSchema, values: FormValues): Record<string, unknown> {
  const entries = properties
    .map((property) => {
      const { entered, source } = values.fields[property.name] ?? { entered: '' };
      return [property.name, source === undefined ? valueOf(property, entered) : source.value] as const;
    })
    .filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(entries), ...values.further };
}

/** @throws Error if the text is not a JSON object */
export function parseInput(text: string): Record<string, unknown> {
  const value = parseJson(text);
  if (isJsonObject(value)) return value;
  throw new Error('{ … }');
}
