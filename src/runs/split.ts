/**
 * Splits the input of one run into those of its subtasks: one per item of each field that the schema names for it.
 * The rules and the texts of errors are section 4 of the worker runtime contract.
 */
import { invalidArgument } from '../errors.ts';
import { isJsonObject } from '../json/lossless-json.ts';
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

/** @throws ChelaError for a value that is no array where the schema declares one */
function readField(custom: Custom, schema: RunSchema, field: string): FieldValue {
  const value = Object.hasOwn(custom, field) ? custom[field] : undefined;
  if (Array.isArray(value)) {
    const items = readItems(field, value);
    return { items, isSingle: false, isMeaningful: items.length > 0 };
  }
  if (value === undefined || value === null) return { items: [], isSingle: false, isMeaningful: false };
  if (schema.properties.some(({ name, type }) => name === field && type === 'array')) {
    throw invalidArgument(`field [${field}] must be an array`);
  }
  return { items: [], isSingle: true, isMeaningful: isMeaningful(value) };
}

function planOneField(custom: Custom, schema: RunSchema, field: string): SplitPlan | undefined {
  if (!Object.hasOwn(custom, field) || custom[field] === null) {
    throw invalidArgument(`missing concurrency field [${field}]`);
  }
  const { items, isSingle } = readField(custom, schema, field);
  if (isSingle) return undefined;
  if (items.length === 0) throw invalidArgument(`concurrency field [${field}] is empty`);
  return { itemsByField: new Map([[field, items]]), removed: [] };
}

function planFields(custom: Custom, schema: RunSchema, fields: readonly string[]): SplitPlan | undefined {
  const removable = names(schema.concurrency?.remove_fields);
  const read = (active: readonly string[]): Map<string, FieldValue> =>
    new Map(active.map((field) => [field, readField(custom, schema, field)]));
  const preferred = read(fields.filter((field) => !removable.includes(field)));
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
  return { itemsByField, removed: prefers ? removable : [] };
}

/** @returns undefined where the run is one subtask with all of its input */
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

function expand(custom: Custom, { itemsByField, removed }: SplitPlan): Record<string, unknown>[] {
  const base = new Map(Object.entries(custom));
  for (const key of removed) base.delete(key);
  for (const field of itemsByField.keys()) base.set(field, ['']);

  const inputs: Record<string, unknown>[] = [];
  for (const [field, items] of itemsByField) {
    for (const item of items) {
      const input = new Map(base);
      if (isJsonObject(item)) {
        input.delete(field);
        for (const [key, value] of Object.entries(item)) input.set(key, value);
      } else {
        input.set(field, [item]);
      }
      inputs.push(Object.fromEntries(input));
    }
  }
  return inputs;
}

/**
 * The inputs of the subtasks, in the order of the fields and of their items. They share the values they have in common.
 * @param custom as parsed by `parseJson`
 * @param limit most subtasks a run may have
 * @throws ChelaError INVALID_ARGUMENT for an input that cannot be split, or that would make more subtasks than `limit`
 */
export function splitInput(custom: Custom, schema: RunSchema, limit: number): Record<string, unknown>[] {
  const plan = planSplit(custom, schema);
  const count = countItems(plan);
  if (count > limit) throw invalidArgument(`concurrency_num (${count}) exceeds limit (${limit})`);
  return plan === undefined ? [{ ...custom }] : expand(custom, plan);
}
