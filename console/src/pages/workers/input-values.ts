/** What is entered in a worker's form, and the input that is made of it. */
import type { InputProperty, InputSchema } from '../../api/workers.ts';
import type { Texts } from '../../texts/texts.tsx';

/** Texts of most fields; booleans of switches; several texts of choices. By name of the property. */
export type Entered = string | boolean | readonly string[];
export type EnteredValues = Readonly<Record<string, Entered>>;
export type Problems = Readonly<Record<string, string>>;

const listEditors = new Set(['requestList', 'requestListSource', 'stringList']);

export function isList({ editor, type, options }: InputProperty): boolean {
  return listEditors.has(editor ?? '') || (type === 'array' && options === undefined && editor !== 'json');
}

function isJson({ editor, type }: InputProperty): boolean {
  return editor === 'json' || type === 'object';
}

export function isSeveral({ multiple, type, options, editor }: InputProperty): boolean {
  return options !== undefined && (multiple === true || (type === 'array' && editor !== 'json'));
}

/** Names of the parts of an item of a list; none where an item is a plain text. */
export function columnsOf(property: InputProperty): string[] {
  if (property.param_list !== undefined && property.param_list.length > 0) {
    return property.param_list.map(({ param }) => param);
  }
  const [first] = Array.isArray(property.default) ? (property.default as unknown[]) : [];
  if (typeof first === 'object' && first !== null) return Object.keys(first);
  return property.editor === 'requestList' || property.editor === 'requestListSource' ? ['url'] : [];
}

function textOfItem(item: unknown, columns: readonly string[]): string {
  if (typeof item !== 'object' || item === null) return textOf(item);
  const values = item as Readonly<Record<string, unknown>>;
  return columns.map((column) => textOf(values[column])).join('\t');
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** How a value of the input stands in its field. */
export function enteredOf(property: InputProperty, value: unknown): Entered {
  if (property.type === 'boolean') return value === true;
  if (isSeveral(property)) return Array.isArray(value) ? value.map(textOf) : [];
  if (isList(property)) {
    const columns = columnsOf(property);
    return Array.isArray(value) ? value.map((item) => textOfItem(item, columns)).join('\n') : '';
  }
  if (isJson(property)) return value === undefined ? '' : JSON.stringify(value, undefined, 2);
  return textOf(value);
}

/** The fields of a form, filled from an input; without one from the defaults. */
export function enteredValues(
  { properties }: InputSchema,
  input?: Readonly<Record<string, unknown>>,
): EnteredValues {
  const entries = properties.map((property) => {
    const value = input === undefined ? property.default : input[property.name];
    return [property.name, enteredOf(property, value)];
  });
  return Object.fromEntries(entries) as EnteredValues;
}

export function linesOf(text: string): string[] {
  return text.split(/\r?\n/).filter((line) => line.trim() !== '');
}

function listOf(property: InputProperty, text: string): unknown[] {
  const columns = columnsOf(property);
  return linesOf(text).map((line) => {
    if (columns.length === 0) return line.trim();
    const parts = columns.length === 1 ? [line] : line.split('\t');
    const values = columns.map((column, index) => [column, (parts[index] ?? '').trim()]);
    return Object.fromEntries(values) as unknown;
  });
}

/** The choice of that text, with its own type. */
function choiceOf({ options = [] }: InputProperty, text: string): unknown {
  return options.find(({ value }) => textOf(value) === text)?.value ?? text;
}

/** @returns undefined where the field is empty, and the input goes without it */
function valueOf(property: InputProperty, entered: Entered): unknown {
  if (typeof entered === 'boolean') return entered;
  if (typeof entered !== 'string') return entered.map((text) => choiceOf(property, text));
  if (isList(property)) return listOf(property, entered);
  if (entered.trim() === '') return undefined;
  if (isJson(property)) return JSON.parse(entered);
  if (property.type === 'integer' || property.type === 'number') return Number(entered);
  return property.options === undefined ? entered : choiceOf(property, entered);
}

/** The input of a run. @throws SyntaxError where a field of JSON is broken: check first */
export function inputOf({ properties }: InputSchema, values: EnteredValues): Record<string, unknown> {
  const entries = properties
    .map((property) => [property.name, valueOf(property, values[property.name] ?? '')] as const)
    .filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries);
}

function problemOf(property: InputProperty, entered: Entered, texts: Texts['workers']): string | undefined {
  const isEmpty =
    typeof entered === 'string'
      ? entered.trim() === ''
      : entered !== true && entered !== false && entered.length === 0;
  if (isEmpty) return property.required === true ? texts.requiredField : undefined;
  if (typeof entered !== 'string') return undefined;
  if (isJson(property)) {
    try {
      JSON.parse(entered);
    } catch (error) {
      return texts.brokenJson((error as Error).message);
    }
  }
  if (property.type !== 'integer' && property.type !== 'number') return undefined;
  const value = Number(entered);
  if (Number.isNaN(value)) return texts.notANumber;
  const { minimum, maximum } = property;
  if (minimum !== undefined && value < minimum) return texts.tooSmall(minimum);
  return maximum !== undefined && value > maximum ? texts.tooLarge(maximum) : undefined;
}

/** What is wrong, by name of the property. */
export function problemsOf(
  { properties }: InputSchema,
  values: EnteredValues,
  texts: Texts['workers'],
): Problems {
  const found = properties
    .map((property) => [property.name, problemOf(property, values[property.name] ?? '', texts)] as const)
    .filter(([, problem]) => problem !== undefined);
  return Object.fromEntries(found) as Problems;
}
