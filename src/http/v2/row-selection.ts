/** Query parameters that select and sort the rows of a run, for lists and exports. */
import { Type } from 'typebox';
import { enumeration } from '../../answers/enumeration.ts';
import { invalidArgument } from '../../errors.ts';
import { isJsonObject, isRawNumber, parseJson } from '../../json/lossless-json.ts';
import {
  filterOperators,
  isNumberText,
  maxNumberLength,
  sortDirections,
  type FilterOperator,
  type RowFilter,
  type RowSelection,
} from '../../results/row-selection.ts';

const maxFilters = 20;
const maxKeyLength = 800;
const maxValueLength = 1000;

/** The part of the parameters besides `search`. */
export const orderAndFilter = {
  filter: Type.Optional(
    Type.String({
      description: `Extension: conditions on columns, all of which apply: a JSON array of up to ${maxFilters} objects with the key of a column and an operator. contains (ignores case) and equals take a value. empty and not_empty take none: a value is empty if it is absent, null or "". range takes from, to or both, included: numbers, or dates such as "2026-05-31" or "2026-05-31T10:00", compared as they are written. Numbers in texts count as numbers.`,
      maxLength: 16_000,
      examples: ['[{"key":"price","operator":"range","from":10,"to":20}]'],
    }),
  ),
  sort: Type.Optional(
    Type.String({
      description:
        'Extension: key of the column to sort by: numbers, then texts without regard to case (their first 200 characters), then rows without a value. The order of arrival if omitted.',
      maxLength: maxKeyLength,
      examples: ['price'],
    }),
  ),
  order: Type.Optional(
    enumeration(sortDirections, {
      description: 'Extension: direction of sort. Rows without a value come last in both.',
      default: 'asc',
    }),
  ),
};

/** Description of `search` where it is optional. */
export const optionalSearch = Type.Optional(
  Type.String({
    description:
      'Extension: returns only rows that contain this text in a value, at any depth, case-insensitive.',
    maxLength: 200,
    examples: ['blue'],
  }),
);

interface SelectionQuery {
  readonly search?: string;
  readonly filter?: string;
  readonly sort?: string;
  readonly order?: (typeof sortDirections)[number];
}

/** @throws ChelaError unless PostgreSQL can compare with the text */
function checked(text: string, what: string, maxLength: number): string {
  if (text.length > maxLength)
    throw invalidArgument(`${what} has ${text.length} characters, but the limit is ${maxLength}`);
  if (text.includes('\0') || !text.isWellFormed())
    throw invalidArgument(`${what} must not contain U+0000 or lone surrogates`);
  return text;
}

/** As much of an ISO 8601 moment as one needs. */
const dateText = /^\d{4}-\d\d-\d\d(?:[T ]\d\d(?::\d\d(?::\d\d(?:\.\d{1,9})?)?)?(?:Z|[+-]\d\d:?\d\d)?)?$/i;

/** @param text YYYY-MM-DD */
function isDay(text: string): boolean {
  return !Number.isNaN(Date.parse(text));
}

type Bound = { readonly kind: 'number' | 'date'; readonly text: string } | undefined;

function boundOf(value: unknown, what: string): Bound {
  if (value === undefined || value === null) return undefined;
  const number = typeof value === 'number' ? String(value) : isRawNumber(value) ? value.rawJSON : undefined;
  if (number !== undefined && isNumberText(number)) return { kind: 'number', text: number };
  if (typeof value === 'string' && value.length <= 40 && dateText.test(value) && isDay(value.slice(0, 10)))
    return { kind: 'date', text: value };
  throw invalidArgument(
    `${what} must be a number of up to ${maxNumberLength} characters, or a date such as "2026-05-31" or "2026-05-31T10:00"`,
  );
}

function rangeOf(key: string, filter: Record<string, unknown>, place: string): RowFilter {
  const from = boundOf(filter['from'], `from of ${place}`);
  const to = boundOf(filter['to'], `to of ${place}`);
  const kind = from?.kind ?? to?.kind;
  if (kind === undefined) throw invalidArgument(`${place} needs from, to or both`);
  if (from !== undefined && to !== undefined && from.kind !== to.kind)
    throw invalidArgument(`from and to of ${place} must both be numbers or both be dates`);
  return { key, operator: 'range', kind, from: from?.text, to: to?.text };
}

function valueOf(value: unknown, place: string): string {
  if (isRawNumber(value)) return checked(value.rawJSON, `value of ${place}`, maxValueLength);
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return checked(String(value), `value of ${place}`, maxValueLength);
  throw invalidArgument(`value of ${place} must be a string, a number, true or false`);
}

const fieldsOf: Readonly<Record<FilterOperator, readonly string[]>> = {
  contains: ['value'],
  equals: ['value'],
  empty: [],
  not_empty: [],
  range: ['from', 'to'],
};

function filterOf(filter: unknown, place: string): RowFilter {
  if (!isJsonObject(filter)) throw invalidArgument(`${place} must be an object with key and operator`);
  const { key } = filter;
  if (typeof key !== 'string') throw invalidArgument(`key of ${place} must be a string`);
  checked(key, `key of ${place}`, maxKeyLength);
  const operator = filterOperators.find((known) => known === filter['operator']);
  if (operator === undefined)
    throw invalidArgument(`operator of ${place} must be one of ${filterOperators.join(', ')}`);
  const known = ['key', 'operator', ...fieldsOf[operator]];
  const unknown = Object.keys(filter).find((field) => !known.includes(field));
  if (unknown !== undefined) {
    const name = JSON.stringify(unknown.slice(0, 50).toWellFormed());
    throw invalidArgument(`${place} has the field ${name}, but ${operator} takes only ${known.join(', ')}`);
  }
  switch (operator) {
    case 'contains':
    case 'equals':
      return { key, operator, value: valueOf(filter['value'], place) };
    case 'empty':
    case 'not_empty':
      return { key, operator };
    case 'range':
      return rangeOf(key, filter, place);
    default:
      return operator satisfies never;
  }
}

function filtersOf(text: string | undefined): readonly RowFilter[] {
  if (text === undefined || text === '') return [];
  let list: unknown;
  try {
    list = parseJson(text);
  } catch (error) {
    throw invalidArgument(`filter is not valid JSON: ${(error as Error).message}`);
  }
  if (!Array.isArray(list)) throw invalidArgument('filter must be a JSON array of conditions');
  if (list.length > maxFilters)
    throw invalidArgument(`filter has ${list.length} conditions, but the limit is ${maxFilters}`);
  return list.map((filter, index) => filterOf(filter, `condition ${index + 1} of filter`));
}

/** @throws ChelaError that says what is wrong with a parameter */
export function selectionOf({ search = '', filter, sort, order = 'asc' }: SelectionQuery): RowSelection {
  return {
    words: checked(search, 'search', maxValueLength),
    filters: filtersOf(filter),
    order:
      sort === undefined || sort === ''
        ? undefined
        : { key: checked(sort, 'sort', maxKeyLength), direction: order },
  };
}
