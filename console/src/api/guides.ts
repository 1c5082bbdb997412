/** The guides of this installation. */
import { queryOptions } from '@tanstack/react-query';
import type { Guide } from '../../../src/documentation/guide-list.ts';
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

/** The guide as Markdown. */
export function guideQuery(name: string, language: Language) {
  return queryOptions({
    queryKey: ['guide', name, language],
    queryFn: async ({ signal }) => (await read(`/docs/${name}.md?language=${language}`, signal)).text(),
    staleTime: Number.POSITIVE_INFINITY,
  });
}
