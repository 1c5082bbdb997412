/** The rows of a run: windows of the selected ones, and single ones. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import type { FoundRows, ResultPage } from '../../../src/answers/results.ts';
import { dataIdKey, type ResultRow } from '../../../src/results/result-row.ts';
import { call } from './client.ts';
import { isEveryRow, rowParameters, type RowQuery } from './row-queries.ts';
import { liveMilliseconds, runPath, runsKey } from './runs.ts';

export type { ResultHeader } from '../../../src/answers/results.ts';
export { cutKey, dataIdKey, type ResultRow } from '../../../src/results/result-row.ts';

/** Rows that a table loads together. */
export const rowsAtOnce = 50;
/** Tables and lists load only the start of longer texts, because a picture may have megabytes. */
const textLimit = 1000;
/** A whole row may be large, so it is kept only while it is shown. */
const wholeRowMilliseconds = 10_000;
/** A search continues with each request. The server searches longer than this before it answers. */
const searchMilliseconds = 25;

/** Number of a row within its run, from 1. */
export function rowNumber(row: ResultRow): number {
  return Number(row[dataIdKey].split('-').at(-1));
}

/** @param isLive whether the run is still going on */
export function headersQuery(slug: string, isLive: boolean) {
  return queryOptions({
    queryKey: [...runsKey, slug, 'headers', isLive],
    queryFn: async ({ signal }) => {
      const { headers } = await call<ResultPage>(`${runPath(slug)}/result`, { query: { limit: 1 }, signal });
      // A column whose key is empty needs a name that can be read.
      return headers.map((header) => ({ ...header, label: header.label || header.key || '""' }));
    },
    placeholderData: keepPreviousData,
    refetchInterval: isLive && liveMilliseconds,
  });
}

/** How many rows are selected, as far as the search has got. */
export function searchQuery(slug: string, query: RowQuery, isLive: boolean) {
  return queryOptions({
    queryKey: [...runsKey, slug, 'search', query, isLive],
    queryFn: ({ signal }) =>
      call<FoundRows>(`${runPath(slug)}/result/search`, {
        query: { ...rowParameters(query), limit: 1 },
        signal,
      }),
    enabled: !isEveryRow(query),
    refetchInterval: ({ state }) => {
      if (state.data?.is_complete === false) return searchMilliseconds;
      return isLive && liveMilliseconds;
    },
  });
}

/**
 * Index of a row among the selected ones, from 0; null if it is not among them.
 * @param number of the row within the run, from 1
 */
export function placeQuery(slug: string, query: RowQuery, number: number, isLive: boolean) {
  return queryOptions({
    queryKey: [...runsKey, slug, 'place', query, number, isLive],
    queryFn: async ({ signal }) => {
      const { place, is_complete: isComplete } = await call<FoundRows>(`${runPath(slug)}/result/search`, {
        query: { ...rowParameters(query), place_of: number, limit: 1, text_limit: textLimit },
        signal,
      });
      return { index: place === undefined ? null : place - 1, isComplete };
    },
    // A search that has not got to the row yet continues with each request.
    refetchInterval: ({ state: { data } }) => {
      if (data?.index === null && !data.isComplete) return searchMilliseconds;
      return isLive && liveMilliseconds;
    },
  });
}

export interface PageOfRows {
  /** 0-based. */
  readonly page: number;
  readonly size: number;
}

/** Selected rows with long texts cut. */
export async function loadRows(
  slug: string,
  query: RowQuery,
  { page, size }: PageOfRows,
  signal?: AbortSignal,
): Promise<readonly ResultRow[]> {
  const path = `${runPath(slug)}/result${isEveryRow(query) ? '' : '/search'}`;
  const parameters = { ...rowParameters(query), text_limit: textLimit, offset: page + 1, limit: size };
  const options = { query: parameters, isLossless: true, ...(signal && { signal }) };
  return (await call<ResultPage>(path, options)).list;
}

/** One whole row, by its number. */
export async function loadRow(slug: string, number: number, signal?: AbortSignal): Promise<ResultRow> {
  const options = { query: { offset: number, limit: 1 }, isLossless: true, ...(signal && { signal }) };
  const [row] = (await call<ResultPage>(`${runPath(slug)}/result`, options)).list;
  if (row === undefined) throw new Error(`there is no row ${number}`);
  return row;
}

/** One whole row. @param number from 1 */
export function rowQuery(slug: string, number: number) {
  return queryOptions({
    queryKey: [...runsKey, slug, 'row', number],
    queryFn: ({ signal }) => loadRow(slug, number, signal),
    gcTime: wholeRowMilliseconds,
    placeholderData: keepPreviousData,
    // Comparing would copy the long numbers, because they are objects.
    structuralSharing: false,
  });
}

/** A page of selected rows. */
export function rowPageQuery(slug: string, query: RowQuery, { page, size }: PageOfRows) {
  return queryOptions({
    queryKey: [...runsKey, slug, 'row-page', query, page, size],
    queryFn: ({ signal }) => loadRows(slug, query, { page, size }, signal),
    placeholderData: keepPreviousData,
    structuralSharing: false,
  });
}
