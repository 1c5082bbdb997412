/**
 * One row as a worker pushes it: checked, freed of the platform's own keys, and otherwise kept letter by letter, so
 * that numbers of any size and the worker's spelling survive.
 */
import { inspectJson, nonFiniteAsNull, depthLimit, readMembers, writeMembers } from '../json/json-text.ts';

const upsertKeyName = '__coreclaw_upsert_key__';
const upsertValueName = '__coreclaw_upsert_value__';
/** Given out by the platform when rows are read. */
const dataIdName = '__coreclaw_data_id__';

/** Keys are indexed; an entry of PostgreSQL's index holds at most 2,704 bytes, and a character takes up to three. */
const keyLengthLimit = 800;

export interface ParsedRow {
  /** One JSON object, fit for PostgreSQL's type json and for UTF-8. */
  readonly text: string;
  /** The columns in the order they are written; without those too long for a table header, which `text` has. */
  readonly keys: string[];
  /** The row replaces the columns of the run's earlier row with the same pair. Fit for PostgreSQL's type text. */
  readonly upsert?: { readonly key: string; readonly value: string };
}

/** A row that cannot be stored; the message tells the worker's author why. */
export class RowError extends Error {
  override name = 'RowError';
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return `a ${typeof value}`;
}

/** @returns the value and the text it was read from, where NaN and Infinity are null and lone surrogates are replaced */
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

/** @throws RowError unless the text is one object, or a JSON string that is the text of one */
function parseObject(json: string): { text: string; value: object } {
  const outer = parseText(json);
  const isString = typeof outer.value === 'string';
  const { text, value } = isString ? parseText(outer.value as string) : outer;
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { text, value };
  const given = isString ? `a string that holds ${kindOf(value)}` : kindOf(value);
  throw new RowError(`the row must be one JSON object, but is ${given}`);
}

/** PostgreSQL's text holds every character but U+0000, and UTF-8 has no lone surrogates. */
function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

function toStorable(text: string): string {
  return text.replaceAll('\0', '\uFFFD').toWellFormed();
}

function isReserved(key: string): boolean {
  return key === upsertKeyName || key === upsertValueName || key === dataIdName;
}

/** The string form of a member's value; undefined for null and for no member. */
function stringForm(valueText: string | undefined): string | undefined {
  if (valueText === undefined || valueText === 'null') return undefined;
  return toStorable(valueText.startsWith('"') ? (JSON.parse(valueText) as string) : valueText);
}

/** Half a pair, or a blank column name, is no upsert: the row is appended, so nothing is overwritten by mistake. */
function readUpsert(members: ReadonlyMap<string, string>): ParsedRow['upsert'] {
  const key = stringForm(members.get(upsertKeyName));
  const value = stringForm(members.get(upsertValueName));
  if (key === undefined || value === undefined || key.trim() === '') return undefined;
  if (key.length > keyLengthLimit) {
    throw new RowError(`${upsertKeyName} names a column longer than ${keyLengthLimit} characters`);
  }
  return { key, value };
}

function shortKeys(keys: readonly string[]): string[] {
  return keys.filter((key) => key.length <= keyLengthLimit);
}

/** Strips reserved keys and renames those PostgreSQL cannot hold. */
function rewrite(text: string): ParsedRow {
  const members = readMembers(text);
  const upsert = readUpsert(members);
  const columns = new Map<string, string>();
  for (const [key, valueText] of members) {
    if (!isReserved(key)) columns.set(toStorable(key), valueText);
  }
  const row = { text: writeMembers(columns), keys: shortKeys([...columns.keys()]) };
  return upsert === undefined ? row : { ...row, upsert };
}

/** JS lists these keys before all others, not where they are written. */
function isIntegerLike(key: string | undefined): boolean {
  return key !== undefined && /^\d+$/.test(key);
}

/**
 * Reads one pushed row. NaN and Infinity are null, a string that holds an object is unwrapped once, the upsert pair is
 * taken out (numbers and other values in their string form), and a `__coreclaw_data_id__` is dropped. A row that needs
 * none of this keeps its text as it is.
 * @throws RowError
 */
export function parseRow(json: string): ParsedRow {
  const { text, value } = parseObject(json);
  const keys = Object.keys(value);
  // Only an escape can put such characters into a key here.
  const mayBeUnstorable = text.includes('\\u');
  if (keys.some((key) => isReserved(key) || (mayBeUnstorable && !isStorable(key)))) return rewrite(text);
  if (isIntegerLike(keys[0])) return { text, keys: shortKeys([...readMembers(text).keys()]) };
  return { text, keys: keys.some((key) => key.length > keyLengthLimit) ? shortKeys(keys) : keys };
}

/**
 * Lays the columns of a later row over an earlier one. Columns keep the place where they first arrived; values are
 * taken letter by letter.
 * @param existingText of a stored row
 * @param patchText of a `ParsedRow`
 */
export function mergeRow(existingText: string, patchText: string): string {
  const members = readMembers(existingText);
  for (const [key, valueText] of readMembers(patchText)) members.set(key, valueText);
  return writeMembers(members);
}
