/**
 * Splits the input of a run into the inputs of its subtasks: one per item of each field that the schema names for it.
 * The rules and the error messages are from section 4 of the worker runtime contract.
 */
import { invalidArgument } from '../errors.ts';
import { isJsonObject, stringifyJson } from '../json/lossless-json.ts';
import type { RunSchema } from './run-schema.ts';

type Custom = Readonly<Record<string, unknown>>;

/** The value of a field, prepared for the split. */
interface FieldValue {
  /** Non-blank items, all of one kind. */
  readonly items: readonly unknown[];
  /** A value that is not an array, and that the schema does not declare as one: it cannot be split. */
  readonly isSingle: boolean;
  readonly isMeaningful: boolean;
}

interface SplitPlan {
  /** Items of the fields to split by. */
  readonly itemsByField: ReadonlyMap<string, readonly unknown[]>;
  /** Keys to omit from all subtasks. */
  readonly removed: readonly string[];
}

export const customNotObject = 'custom parameters must contain a single JSON object';

function names(list: readonly string[] | null | undefined): string[] {
  return [...new Set((list ?? []).map((name) => name.trim()).filter((name) => name !== ''))];
}

/**
 * The fields that runs of this schema are split by: those in `concurrency`, otherwise the one in `b`, otherwise none.
 */
export function splitFields(schema: RunSchema): string[] {
  const fields = names(schema.concurrency?.fields);
  return fields.length > 0 ? fields : names([schema.b ?? '']);
}

function isMeaningful(value: unknown): boolean {
  if (value === null || value === undefined) return false;
  if (typeof value === 'string') return value.trim() !== '';
  return isJsonObject(value) ? Object.values(value).some(isMeaningful) : true;
}

/** @throws ChelaError for an item that is an array, and for a mix of objects and primitives */
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

/** Names of the properties that are declared as arrays. */
function arrayNames(schema: RunSchema): ReadonlySet<string> {
  return new Set(schema.properties.filter(({ type }) => type === 'array').map(({ name }) => name));
}

/**
 * @param arrays names of the properties that must be arrays
 * @throws ChelaError if one of them is not
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
  // Every subtask would get a copy of such a value and repeat its work, so the run is not split.
  if (single.some((value) => value.isMeaningful)) return undefined;
  if (active.values().every((value) => value.items.length === 0)) {
    if (single.length > 0) return undefined;
    throw invalidArgument('concurrency fields have no non-empty fields');
  }
  const itemsByField = new Map(Array.from(active, ([field, { items }]) => [field, items]));
  return { itemsByField, removed: prefers ? [...removable] : [] };
}

/** @returns undefined if the run is a single subtask with the whole input */
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

/** The fields that all subtasks share. A subtask's item replaces the value of its field. */
function sharedFields(custom: Custom, { itemsByField, removed }: SplitPlan): Map<string, unknown> {
  const base = new Map(Object.entries(custom));
  for (const key of removed) base.delete(key);
  for (const field of itemsByField.keys()) base.set(field, ['']);
  return base;
}

function memberBytes(key: string, value: unknown): number {
  return Buffer.byteLength(JSON.stringify(key)) + 1 + Buffer.byteLength(stringifyJson(value));
}

/** Size of all inputs as JSON in bytes, computed before they are built, because together they may be huge. */
function inputBytes(base: ReadonlyMap<string, unknown>, plan: SplitPlan | undefined): number {
  // Each member counts with a trailing comma. The braces add one byte net, because the last member has no comma.
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
  /** Maximum number of subtasks of a run. */
  readonly subtasks: number;
  /**
   * Maximum size of all their inputs as JSON, in bytes. Shared fields are copied into each, so a small request can grow
   * large.
   */
  readonly bytes: number;
}

/**
 * The inputs of the subtasks, in the order of the fields and their items. They share common values.
 * @param custom as returned by `parseJson`
 * @returns a generator, because the inputs take much more memory than their text
 * @throws ChelaError INVALID_ARGUMENT for an input that cannot be split or that exceeds a limit
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
      `the inputs of the ${count} subtasks together are larger than ${limits.bytes} bytes: shorten the fields that every subtask gets, or start several runs`,
    );
  }
  return plan === undefined ? [{ ...custom }] : expand(base, plan);
}
