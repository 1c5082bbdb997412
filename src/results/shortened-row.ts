/** Cuts long texts in rows, so that a table of screenshots loads as quickly as any other. */
import { isJsonObject } from '../json/lossless-json.ts';
import { cutKey, type ResultRow } from './result-row.ts';

interface Cut {
  readonly value: unknown;
  /** Total length of the texts in the value that were cut, in characters; 0 if there are none. */
  readonly length: number;
}

function cutText(text: string, limit: number): Cut {
  if (text.length <= limit) return { value: text, length: 0 };
  const kept = text.slice(0, limit);
  // Do not split a surrogate pair.
  return { value: kept.isWellFormed() ? kept : kept.slice(0, -1).toWellFormed(), length: text.length };
}

function cutValue(value: unknown, limit: number): Cut {
  if (typeof value === 'string') return cutText(value, limit);
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => cutValue(item, limit));
    return { value: items.map((item) => item.value), length: sum(items) };
  }
  if (!isJsonObject(value)) return { value, length: 0 };
  const members = Object.entries(value).map(([key, member]) => [key, cutValue(member, limit)] as const);
  return {
    value: Object.fromEntries(members.map(([key, cut]) => [key, cut.value])),
    length: sum(members.map(([, cut]) => cut)),
  };
}

function sum(cuts: readonly Cut[]): number {
  return cuts.reduce((total, { length }) => total + length, 0);
}

/**
 * Cuts texts that are longer than the limit, at any depth. `__coreclaw_cut__` then has the number of characters in such
 * texts, by column.
 */
export function shortenedRow(row: ResultRow, limit: number): ResultRow {
  const members = Object.entries(row).map(([key, value]) => [key, cutValue(value, limit)] as const);
  const cut = members.filter(([, { length }]) => length > 0);
  if (cut.length === 0) return row;
  return {
    ...(Object.fromEntries(members.map(([key, { value }]) => [key, value])) as ResultRow),
    [cutKey]: Object.fromEntries(cut.map(([key, { length }]) => [key, length])),
  };
}
