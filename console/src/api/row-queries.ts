/** Which rows of a run the reader looks at, in the form of the API's parameters, which the page's address has too. */
import { filterOperators, sortDirections, type FilterOperator } from '../../../src/results/row-selection.ts';

export { filterOperators, type FilterOperator } from '../../../src/results/row-selection.ts';

/** A condition on a column, as the API takes it. */
export interface ColumnFilter {
  readonly key: string;
  readonly operator: FilterOperator;
  readonly value?: string;
  readonly from?: string | number;
  readonly to?: string | number;
}

/** As in the address: absent parts have their defaults. */
export interface RowQuery {
  readonly search?: string;
  readonly filter?: readonly ColumnFilter[];
  /** Key of the column to sort by. */
  readonly sort?: string;
  readonly order?: (typeof sortDirections)[number];
}

const maxFilters = 20;

function readBound(value: unknown): string | number | undefined {
  return typeof value === 'string' || typeof value === 'number' ? value : undefined;
}

/** @returns undefined for anything but a condition, as addresses are untrusted */
function readFilter(filter: unknown): ColumnFilter | undefined {
  if (typeof filter !== 'object' || filter === null) return undefined;
  const { key, operator, value, from, to } = filter as Record<string, unknown>;
  const known = filterOperators.find((name) => name === operator);
  if (typeof key !== 'string' || known === undefined) return undefined;
  const [start, end] = [readBound(from), readBound(to)];
  switch (known) {
    case 'contains':
    case 'equals':
      return { key, operator: known, value: String(readBound(value) ?? '') };
    case 'empty':
    case 'not_empty':
      return { key, operator: known };
    case 'range':
      if (start === undefined && end === undefined) return undefined;
      return {
        key,
        operator: known,
        ...(start !== undefined && { from: start }),
        ...(end !== undefined && { to: end }),
      };
    default:
      return known satisfies never;
  }
}

/** Reads the parameters of an address. */
export function readRowQuery({ search, filter, sort, order }: Record<string, unknown>): RowQuery {
  const filters = Array.isArray(filter)
    ? filter.slice(0, maxFilters).flatMap((each) => readFilter(each) ?? [])
    : [];
  const words = readBound(search);
  const key = readBound(sort);
  const direction = sortDirections.find((known) => known === order);
  return {
    ...(words !== undefined && words !== '' && { search: String(words) }),
    ...(filters.length > 0 && { filter: filters }),
    ...(key !== undefined && key !== '' && { sort: String(key) }),
    ...(key !== undefined && direction === 'desc' && { order: direction }),
  };
}

/** The parameters of a request. */
export function rowParameters({ search, filter, sort, order }: RowQuery): Record<string, string | undefined> {
  return {
    search,
    filter: filter && JSON.stringify(filter),
    sort,
    order: sort === undefined ? undefined : order,
  };
}

/** Whether these are all rows in the order of first arrival. */
export function isEveryRow({ search, filter, sort }: RowQuery): boolean {
  return search === undefined && filter === undefined && sort === undefined;
}

/** Only what selects and sorts rows. */
export function rowQueryOf({ search, filter, sort, order }: RowQuery): RowQuery {
  return {
    ...(search !== undefined && { search }),
    ...(filter !== undefined && { filter }),
    ...(sort !== undefined && { sort }),
    ...(order !== undefined && { order }),
  };
}

/** The words to mark in a column: those of the search, or of its own filter. */
export function wordsOf({ search = '', filter = [] }: RowQuery, key: string): string {
  return filter.find((each) => each.key === key && each.operator === 'contains')?.value || search;
}
