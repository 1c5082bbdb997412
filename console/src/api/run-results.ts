/** The rows of a run: windows of them, and rows that contain certain words. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import type { FoundRows, ResultPage } from '../../../src/answers/results.ts';
import { dataIdKey, type ResultRow } from '../../../src/results/result-row.ts';
import { call } from './client.ts';
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
    queryFn: async ({ signal }) =>
      (await call<ResultPage>(`${runPath(slug)}/result`, { query: { limit: 1 }, signal })).headers,
    placeholderData: keepPreviousData,
    refetchInterval: isLive && liveMilliseconds,
  });
}

/** How many rows contain the words, as far as the search has got. */
export function searchQuery(slug: string, words: string, isLive: boolean) {
  return queryOptions({
    queryKey: [...runsKey, slug, 'search', words, isLive],
    queryFn: ({ signal }) =>
      call<FoundRows>(`${runPath(slug)}/result/search`, { query: { search: words, limit: 1 }, signal }),
    enabled: words !== '',
    refetchInterval: ({ state }) => {
      if (state.data?.is_complete === false) return searchMilliseconds;
      return isLive && liveMilliseconds;
    },
  });
}

/** Rows with long texts cut. @param words `''` for all rows @param page 0-based */
export async function loadRows(
  slug: string,
  words: string,
  { page, size }: { page: number; size: number },
  signal: AbortSignal,
): Promise<readonly ResultRow[]> {
  return rowsWith({ text_limit: textLimit }, slug, words, { page, size }, signal);
}

async function rowsWith(
  options: { readonly text_limit?: number },
  slug: string,
  words: string,
  { page, size }: { page: number; size: number },
  signal: AbortSignal,
): Promise<readonly ResultRow[]> {
  const path = `${runPath(slug)}/result${words === '' ? '' : '/search'}`;
  const query = { ...options, search: words, offset: page + 1, limit: size };
  return (await call<ResultPage>(path, { query, signal, isLossless: true })).list;
}

/** One whole row. @param index among the rows that contain the words, 0-based */
export function rowQuery(slug: string, words: string, index: number) {
  return queryOptions({
    queryKey: [...runsKey, slug, 'row', words, index],
    queryFn: async ({ signal }) => {
      const [row] = await rowsWith({}, slug, words, { page: index, size: 1 }, signal);
      if (row === undefined) throw new Error(`there is no row at ${index}`);
      return row;
    },
    gcTime: wholeRowMilliseconds,
    placeholderData: keepPreviousData,
    // Comparing would copy the long numbers, because they are objects.
    structuralSharing: false,
  });
}

/** A page of rows. @param page 0-based */
export function rowPageQuery(slug: string, words: string, { page, size }: { page: number; size: number }) {
  return queryOptions({
    queryKey: [...runsKey, slug, 'row-page', words, page, size],
    queryFn: ({ signal }) => loadRows(slug, words, { page, size }, signal),
    placeholderData: keepPreviousData,
    structuralSharing: false,
  });
}
