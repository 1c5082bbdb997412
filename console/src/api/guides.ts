/** The guides of this installation. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import type { Guide } from '../../../src/documentation/guide-list.ts';
import type { GuideMatch } from '../../../src/documentation/guide-search.ts';
import type { Language } from '../texts/language.ts';

export type { Guide, GuideGroup } from '../../../src/documentation/guide-list.ts';

async function read(address: string, signal: AbortSignal): Promise<Response> {
  const response = await fetch(address, { signal, credentials: 'omit' });
  if (!response.ok) throw new Error(`${address} answered ${response.status}`);
  return response;
}

export function guidesQuery(language: Language) {
  return queryOptions({
    queryKey: ['guides', language],
    queryFn: async ({ signal }): Promise<readonly Guide[]> => {
      const response = await read(`/docs/guides.json?language=${language}`, signal);
      return ((await response.json()) as { list: Guide[] }).list;
    },
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** The sections of guides in which all words are found, best first. */
export function guideMatchesQuery(words: string, language: Language) {
  return queryOptions({
    queryKey: ['guide-matches', words, language],
    queryFn: async ({ signal }): Promise<readonly GuideMatch[]> => {
      const query = new URLSearchParams({ query: words, language });
      const response = await read(`/docs/search.json?${query}`, signal);
      return ((await response.json()) as { list: GuideMatch[] }).list;
    },
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: keepPreviousData,
  });
}

/** The guide as Markdown. */
export function guideQuery(name: string, language: Language) {
  return queryOptions({
    queryKey: ['guide', name, language],
    queryFn: async ({ signal }) => (await read(`/docs/${name}.md?language=${language}`, signal)).text(),
    staleTime: Number.POSITIVE_INFINITY,
  });
}
