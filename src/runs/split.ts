/**
 * Splits the input of one run into those of its subtasks: one per item of each field that the schema names for it.
 * The rules and the texts of errors are section 4 of the worker runtime contract.
 */
import { invalidArgument } from '../errors.ts';
import { isJsonObject, stringifyJson } from '../json/lossless-json.ts';
import type { RunSchema } from './run-schema.ts';

type Custom = Readonly<Record<string, unknown>>;

/** What a field offers to split by. */
interface FieldValue {
  /** Those that mean something, of one kind. */
  readonly items: readonly unknown[];
  /** The value is one that the schema does not expect to be an array, and is none: it cannot be split. */
  readonly isSingle: boolean;
  readonly isMeaningful: boolean;
}

interface SplitPlan {
  /** The items of the active fields. */
  readonly itemsByField: ReadonlyMap<string, readonly unknown[]>;
  /** Keys that no subtask gets. */
  readonly removed: readonly string[];
}

export const customNotObject = 'custom parameters must contain a single JSON object';

function names(list: readonly string[] | null | undefined): string[] {
  return [...new Set((list ?? []).map((name) => name.trim()).filter((name) => name !== ''))];
}

/** The fields a run of this schema is split by: those of `concurrency`, else the one in `b`, else none. */
export function splitFields(schema: RunSchema): string[] {
  const fields = names(schema.concurrency?.fields);
  return fields.length > 0 ? fields : names([schema.b ?? '']);
}

function isMeaningful(value: unknown): boolean {
  if (value === null || value === undefined) return false;
  if (typeof value === 'string') return value.trim() !== '';
  return isJsonObject(value) ? Object.values(value).some(isMeaningful) : true;
}

/** @throws ChelaError for an item that is an array, and for objects among primitives */
function readItems(field: string, array: readonly unknown[]): unknown[] {
  const items: unknown[] = [];
  let objects = 0;
  for (const [index, item] of array.entries()) {
    if (!isMeaningful(item)) continue;
    if (Array.isArray(item)) {
      throw invalidArgument(`item at index ${index} in [${field}] must be an object or primitive value`);
    }
    if (isJsonObject(item)) objects += 1;
    items.push(item);
  }
  if (objects > 0 && objects < items.length) {
    throw invalidArgument(`field [${field}] must not mix object and primitive items`);
  }
  return items;
}

/** Names of the properties that the schema declares as arrays. */
function arrayNames(schema: RunSchema): ReadonlySet<string> {
  return new Set(schema.properties.filter(({ type }) => type === 'array').map(({ name }) => name));
}

/**
 * @param arrays names of the properties that have to be arrays
 * @throws ChelaError for one of those that is none
 */
function readField(custom: Custom, arrays: ReadonlySet<string>, field: string): FieldValue {
  const value = Object.hasOwn(custom, field) ? custom[field] : undefined;
  if (Array.isArray(value)) {
    const items = readItems(field, value);
    return { items, isSingle: false, isMeaningful: items.length > 0 };
  }
  if (value === undefined || value === null) return { items: [], isSingle: false, isMeaningful: false };
  if (arrays.has(field)) {
    throw invalidArgument(`field [${field}] must be an array`);
  }
  return { items: [], isSingle: true, isMeaningful: isMeaningful(value) };
}

function planOneField(custom: Custom, schema: RunSchema, field: string): SplitPlan | undefined {
  if (!Object.hasOwn(custom, field) || custom[field] === null) {
    throw invalidArgument(`missing concurrency field [${field}]`);
  }
  const { items, isSingle } = readField(custom, arrayNames(schema), field);
  if (isSingle) return undefined;
  if (items.length === 0) throw invalidArgument(`concurrency field [${field}] is empty`);
  return { itemsByField: new Map([[field, items]]), removed: [] };
}

function planFields(custom: Custom, schema: RunSchema, fields: readonly string[]): SplitPlan | undefined {
  const removable = new Set(names(schema.concurrency?.remove_fields));
  const arrays = arrayNames(schema);
  const read = (active: readonly string[]): Map<string, FieldValue> =>
    new Map(active.map((field) => [field, readField(custom, arrays, field)]));
  const preferred = read(fields.filter((field) => !removable.has(field)));
  const prefers = preferred.values().some((value) => value.isMeaningful);
  const active = prefers ? preferred : read(fields);

  const single = [...active.values()].filter((value) => value.isSingle);
  // Copied to every subtask, the work such a value asks for would be done again in each.
  if (single.some((value) => value.isMeaningful)) return undefined;
  if (active.values().every((value) => value.items.length === 0)) {
    if (single.length > 0) return undefined;
    throw invalidArgument('concurrency fields have no non-empty fields');
  }
  const itemsByField = new Map(Array.from(active, ([field, { items }]) => [field, items]));
  return { itemsByField, removed: prefers ? [...removable] : [] };
}

/** @returns undefined if the run is one subtask with all of its input */
function planSplit(custom: Custom, schema: RunSchema): SplitPlan | undefined {
  if (!isJsonObject(custom)) throw invalidArgument(customNotObject);
  const fields = names(schema.concurrency?.fields);
  if (fields.length > 0) return planFields(custom, schema, fields);
  const [field] = splitFields(schema);
  if (field !== undefined) return planOneField(custom, schema, field);
  if (names(schema.concurrency?.remove_fields).length > 0) {
    throw invalidArgument('concurrency fields must have at least one field');
  }
  return undefined;
}

function countItems(plan: SplitPlan | undefined): number {
  if (plan === undefined) return 1;
  return plan.itemsByField.values().reduce((count, items) => count + items.length, 0);
}

/** What all subtasks have in common: the item of a subtask comes in the place of its field. */
function sharedFields(custom: Custom, { itemsByField, removed }: SplitPlan): Map<string, unknown> {
  const base = new Map(Object.entries(custom));
  for (const key of removed) base.delete(key);
  for (const field of itemsByField.keys()) base.set(field, ['']);
  return base;
}

function memberBytes(key: string, value: unknown): number {
  return Buffer.byteLength(JSON.stringify(key)) + 1 + Buffer.byteLength(stringifyJson(value));
}

/** Bytes of all inputs as JSON, known before they are made: together they may be huge. */
function inputBytes(base: ReadonlyMap<string, unknown>, plan: SplitPlan | undefined): number {
  // With the comma behind each member; the braces take one byte more than the last one's.
  const bytesOf = new Map(Array.from(base, ([key, value]) => [key, memberBytes(key, value) + 1]));
  const allBytes = 1 + bytesOf.values().reduce((sum, bytes) => sum + bytes, 0);
  if (plan === undefined) return allBytes;
  let total = 0;
  for (const [field, items] of plan.itemsByField) {
    const withoutField = allBytes - (bytesOf.get(field) ?? 0);
    for (const item of items) {
      total += withoutField;
      const members = isJsonObject(item) ? Object.entries(item) : [[field, [item]] as const];
      for (const [key, value] of members) {
        const replacedBytes = key === field ? 0 : (bytesOf.get(key) ?? 0);
        total += memberBytes(key, value) + 1 - replacedBytes;
      }
    }
  }
  return total;
}

function* expand(
  base: ReadonlyMap<string, unknown>,
  { itemsByField }: SplitPlan,
): Generator<Record<string, unknown>> {
  for (const [field, items] of itemsByField) {
    for (const item of items) {
      const input = new Map(base);
      if (isJsonObject(item)) {
        input.delete(field);
        for (const [key, value] of Object.entries(item)) input.set(key, value);
      } else {
        input.set(field, [item]);
      }
      yield Object.fromEntries(input);
    }
  }
}

export interface SplitLimits {
  /** Most subtasks of a run. */
  readonly subtasks: number;
  /** Most bytes of the inputs of all of them, as JSON. What they share is copied into each, so a modest request can grow large. */
  readonly bytes: number;
}

/**
 * The inputs of the subtasks, in the order of the fields and of their items. They share the values they have in common.
 * @param custom as parsed by `parseJson`
 * @returns one after the other: they hold much more memory than as text
 * @throws ChelaError INVALID_ARGUMENT for an input that cannot be split, or that would exceed a limit
 */
export function splitInput(
  custom: Custom,
  schema: RunSchema,
  limits: SplitLimits,
): Iterable<Record<string, unknown>> {
  const plan = planSplit(custom, schema);
  const count = countItems(plan);
  if (count > limits.subtasks)
    throw invalidArgument(`concurrency_num (${count}) exceeds limit (${limits.subtasks})`);
  const base = plan === undefined ? new Map(Object.entries(custom)) : sharedFields(custom, plan);
  if (inputBytes(base, plan) > limits.bytes) {
    throw invalidArgument(
      `the inputs of the ${count} subtasks are larger than ${limits.bytes} bytes together: shorten the fields that they share, or start several runs`,
    );
  }
  return plan === undefined ? [{ ...custom }] : expand(base, plan);
}
