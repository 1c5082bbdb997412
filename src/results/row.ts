/**
 * One row that a worker pushed: checked, without the platform's own keys, and otherwise kept as exact text, so that
 * large numbers and the worker's formatting survive.
 */
import { inspectJson, nonFiniteAsNull, depthLimit, readMembers, writeMembers } from '../json/json-text.ts';

const upsertKeyName = '__coreclaw_upsert_key__';
const upsertValueName = '__coreclaw_upsert_value__';
/** Assigned by the platform when rows are read. */
const dataIdName = '__coreclaw_data_id__';

/** Keys are indexed. An index entry in PostgreSQL holds at most 2,704 bytes, and a character takes up to three. */
export const keyLengthLimit = 800;

export interface ParsedRow {
  /** One JSON object that PostgreSQL's json type and UTF-8 can hold. */
  readonly text: string;
  /** The columns in written order, except those too long for a table header, which only `text` contains. */
  readonly keys: string[];
  /** Length of the first key that is too long for a table header, if there is one. */
  readonly longKeyLength?: number;
  /** Updates the columns of the earlier row in the run with the same pair. PostgreSQL's text type can hold both. */
  readonly upsert?: { readonly key: string; readonly value: string };
}

/** A row that cannot be stored. The message explains it to the worker's author. */
export class RowError extends Error {
  override name = 'RowError';
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return `a ${typeof value}`;
}

/** @returns the value and its text, with NaN and Infinity replaced by null, and lone surrogates by U+FFFD */
function parseText(json: string): { text: string; value: unknown } {
  const wellFormed = json.isWellFormed() ? json : json.toWellFormed();
  const { isTooDeep, hasNonFinite } = inspectJson(wellFormed);
  if (isTooDeep) throw new RowError(`the row is nested deeper than ${depthLimit} levels`);
  const text = hasNonFinite ? nonFiniteAsNull(wellFormed) : wellFormed;
  try {
    return { text, value: JSON.parse(text) };
  } catch (error) {
    throw new RowError(`the row is not valid JSON: ${(error as Error).message}`);
  }
}

/** @throws RowError unless the text is an object, or a JSON string that contains one */
function parseObject(json: string): { text: string; value: object } {
  const outer = parseText(json);
  const isString = typeof outer.value === 'string';
  const { text, value } = isString ? parseText(outer.value as string) : outer;
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { text, value };
  const given = isString ? `a string that contains ${kindOf(value)}` : kindOf(value);
  throw new RowError(`the row must be a JSON object, but is ${given}`);
}

/** PostgreSQL's text cannot contain U+0000, and UTF-8 has no lone surrogates. */
function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

function toStorable(text: string): string {
  return text.replaceAll('\0', '\uFFFD').toWellFormed();
}

function isReserved(key: string): boolean {
  return key === upsertKeyName || key === upsertValueName || key === dataIdName;
}

/** A member's value as a string; undefined for null and for an absent member. */
function stringForm(valueText: string | undefined): string | undefined {
  if (valueText === undefined || valueText === 'null') return undefined;
  return toStorable(valueText.startsWith('"') ? (JSON.parse(valueText) as string) : valueText);
}

/**
 * An incomplete pair or a blank column name is not an upsert: the row is appended, so that nothing is overwritten by
 * mistake.
 */
function readUpsert(members: ReadonlyMap<string, string>): ParsedRow['upsert'] {
  const key = stringForm(members.get(upsertKeyName));
  const value = stringForm(members.get(upsertValueName));
  if (key === undefined || value === undefined || key.trim() === '') return undefined;
  if (key.length > keyLengthLimit) {
    throw new RowError(`the column name in ${upsertKeyName} is longer than ${keyLengthLimit} characters`);
  }
  return { key, value };
}

function withKeys(text: string, keys: string[]): ParsedRow {
  const long = keys.find((key) => key.length > keyLengthLimit);
  if (long === undefined) return { text, keys };
  return { text, keys: keys.filter((key) => key.length <= keyLengthLimit), longKeyLength: long.length };
}

/** Removes reserved keys and renames keys that PostgreSQL cannot hold. */
function rewrite(text: string): ParsedRow {
  const members = readMembers(text);
  const upsert = readUpsert(members);
  const columns = new Map<string, string>();
  for (const [key, valueText] of members) {
    if (!isReserved(key)) columns.set(toStorable(key), valueText);
  }
  const row = withKeys(writeMembers(columns), [...columns.keys()]);
  return upsert === undefined ? row : { ...row, upsert };
}

/** Whether JS would move the key before all others instead of keeping the written order. */
function isIntegerLike(key: string | undefined): boolean {
  return key !== undefined && /^\d+$/.test(key);
}

/**
 * Parses a pushed row. NaN and Infinity become null, a string that contains an object is unwrapped once, the upsert
 * pair is extracted (as strings), and `__coreclaw_data_id__` is removed. A row that needs none of this keeps its exact
 * text.
 * @throws RowError
 */
export function parseRow(json: string): ParsedRow {
  const { text, value } = parseObject(json);
  const keys = Object.keys(value);
  // Keys can contain such characters only as escapes.
  const mayBeUnstorable = text.includes('\\u');
  if (keys.some((key) => isReserved(key) || (mayBeUnstorable && !isStorable(key)))) return rewrite(text);
  if (isIntegerLike(keys[0])) return withKeys(text, [...readMembers(text).keys()]);
  return withKeys(text, keys);
}

/**
 * Merges the columns of a later row into an earlier one. Columns keep the position of their first arrival; values keep
 * their exact text.
 * @param existingText text of a stored row
 * @param patchText text of a `ParsedRow`
 */
export function mergeRow(existingText: string, patchText: string): string {
  const members = readMembers(existingText);
  for (const [key, valueText] of readMembers(patchText)) members.set(key, valueText);
  return writeMembers(members);
}
