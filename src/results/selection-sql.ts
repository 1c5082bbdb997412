/** Statements that find the numbers of selected rows. They read the rows of one run; no index covers their values. */
import { containing, containingInJson } from '../database/database.ts';
import type { RunReference } from '../runs/runs.ts';
import { isNumberText, type RowFilter, type RowSelection } from './row-selection.ts';

export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Sorting compares texts by this many characters, so that it does not copy megabytes. */
const comparedCharacters = 200;

class Parameters {
  readonly values: unknown[] = [];

  /** @returns a placeholder for the value */
  add(value: unknown, type: string): string {
    this.values.push(value);
    return `$${this.values.length}::${type}`;
  }
}

/** Rows that contain the words in a value; keys do not count. */
function wordsCondition(words: string, parameters: Parameters): string {
  const text = parameters.add(containing(words), 'text');
  const json = parameters.add(containingInJson(words), 'text[]');
  const readable = `CASE WHEN strpos(data::text, '\\u') = 0 THEN data ELSE storable_json(data) END`;
  return `data::text ILIKE ANY (${json}) AND EXISTS (
      SELECT FROM json_each_text(${readable}) AS member (key, value)
      WHERE value ILIKE ANY (array_append(${json}, ${text})))`;
}

/** Dates are compared as they are written, as far as the bound goes: `2026-05-31` includes the whole day. */
function dateCondition(
  value: string,
  comparison: '>=' | '<=',
  bound: string,
  parameters: Parameters,
): string {
  const text = parameters.add(bound.replace(' ', 'T').toUpperCase(), 'text');
  return `upper(replace(left(${value}, ${bound.length}), ' ', 'T')) COLLATE "C" ${comparison} ${text}`;
}

function filterCondition(filter: RowFilter, value: string, parameters: Parameters): string {
  switch (filter.operator) {
    case 'contains':
      return `${value} ILIKE ${parameters.add(containing(filter.value), 'text')}`;
    case 'equals': {
      const text = parameters.add(filter.value, 'text');
      if (!isNumberText(filter.value)) return `${value} = ${text}`;
      return `(${value} = ${text} OR text_as_number(${value}) = text_as_number(${text}))`;
    }
    case 'empty':
      return `coalesce(${value}, '') = ''`;
    case 'not_empty':
      return `${value} <> ''`;
    case 'range': {
      const bounds = [
        ['>=', filter.from],
        ['<=', filter.to],
      ] as const;
      const conditions = bounds.flatMap(([comparison, bound]) => {
        if (bound === undefined) return [];
        if (filter.kind === 'date') return dateCondition(value, comparison, bound, parameters);
        return `text_as_number(${value}) ${comparison} ${parameters.add(bound, 'numeric')}`;
      });
      if (filter.kind === 'date') conditions.push(`left(${value}, 10) ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'`);
      return conditions.join(' AND ');
    }
    default:
      return filter satisfies never;
  }
}

/** A sub-select whose columns are the rows' number, data, and the values of the keys as v0, v1 and so on. */
function valuesOf(
  run: RunReference,
  keys: readonly string[],
  within: string,
  parameters: Parameters,
): string {
  const values = keys.map((key, index) => `, row_value(data, ${parameters.add(key, 'text')}) AS v${index}`);
  return `(SELECT number, data${values.join('')} FROM result_row
    WHERE day = ${parameters.add(run.day, 'date')} AND run_id = ${parameters.add(run.id, 'bigint')} AND ${within}
    OFFSET 0) AS shown`;
}

function conditionsOf(
  { words, filters }: RowSelection,
  keys: readonly string[],
  parameters: Parameters,
): string {
  const conditions = filters.map((filter) =>
    filterCondition(filter, `v${keys.indexOf(filter.key)}`, parameters),
  );
  if (words !== '') conditions.push(wordsCondition(words, parameters));
  return conditions.length === 0 ? 'true' : conditions.join('\n    AND ');
}

/**
 * Finds the selected rows of a range in the order of first arrival.
 * @param range `from` is included, `before` is not; numbers from 0
 * @returns a statement whose only value `numbers` has the rows' numbers **from 1** as big-endian 32-bit integers
 */
export function matchingRows(
  run: RunReference,
  selection: RowSelection,
  range: { from: number; before: number },
): Statement {
  const parameters = new Parameters();
  const keys = [...new Set(selection.filters.map(({ key }) => key))];
  const within = `number >= ${parameters.add(range.from, 'bigint')} AND number < ${parameters.add(range.before, 'bigint')}`;
  const rows = valuesOf(run, keys, within, parameters);
  const conditions = conditionsOf(selection, keys, parameters);
  const text = `SELECT string_agg(int4send((number + 1)::int4), ''::bytea ORDER BY number) AS numbers
    FROM ${rows} WHERE ${conditions}`;
  return { text, values: parameters.values };
}

/**
 * Rows without a value come last. Numbers, also those written as text, come before texts, whose case is ignored; in
 * descending order after them.
 * @param value of the row, and the number that it is
 */
function orderOf(value: string, number: string, direction: 'asc' | 'desc'): string {
  return `(coalesce(${value}, '') = ''), (${number} IS NULL) ${direction}, ${number} ${direction},
    (CASE WHEN ${number} IS NULL THEN lower(left(${value}, ${comparedCharacters})) END) COLLATE "C" ${direction}, number`;
}

/**
 * Sorts rows.
 * @param rows the numbers of the rows to sort, from 0; otherwise the selected ones among the first `rowCount` of the run
 * @returns a statement whose only value `numbers` has the rows' numbers **from 0** as big-endian 32-bit integers
 */
export function orderedRows(
  run: RunReference,
  selection: RowSelection,
  rowCount: number,
  rows?: readonly number[],
): Statement {
  const parameters = new Parameters();
  const { order } = selection;
  const filters = rows === undefined ? selection.filters : [];
  const keys = [...new Set([...filters, ...(order === undefined ? [] : [order])].map(({ key }) => key))];
  const within = [
    `number < ${parameters.add(rowCount, 'bigint')}`,
    ...(rows === undefined ? [] : [`number = ANY (${parameters.add(`{${rows.join(',')}}`, 'bigint[]')})`]),
  ].join(' AND ');
  const shown = valuesOf(run, keys, within, parameters);
  const conditions = rows === undefined ? conditionsOf(selection, keys, parameters) : 'true';
  const matching = `SELECT * FROM ${shown} WHERE ${conditions}`;
  if (order === undefined) {
    const text = `SELECT string_agg(int4send(number::int4), ''::bytea ORDER BY number) AS numbers FROM (${matching}) AS matching`;
    return { text, values: parameters.values };
  }
  const value = `v${keys.indexOf(order.key)}`;
  const text = `SELECT string_agg(int4send(number::int4), ''::bytea ORDER BY ${orderOf('value', 'value_number', order.direction)}) AS numbers
    FROM (SELECT number, ${value} AS value, text_as_number(${value}) AS value_number FROM (${matching}) AS matching
          OFFSET 0) AS sorted`;
  return { text, values: parameters.values };
}

/** Reads the value `numbers` of these statements. */
export function readNumbers(numbers: Buffer | null): Int32Array {
  // A copy, because the bytes may share their memory at an unaligned offset.
  const copy = new Uint8Array(numbers ?? []);
  Buffer.from(copy.buffer).swap32();
  return new Int32Array(copy.buffer);
}
