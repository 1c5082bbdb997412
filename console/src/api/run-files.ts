/** Files of a run. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import type { RunFileList } from '../../../src/answers/files.ts';
import { apiPath, call } from './client.ts';
import { liveMilliseconds, runPath, runsKey } from './runs.ts';

export type { RunFile } from '../../../src/answers/files.ts';

export const filesAtOnce = 50;
/** How much of a text the preview shows. */
export const shownTextBytes = 64 * 1024;

/** What rows contain to refer to a file of their run: this, and its name. */
const referencePrefix = 'chela-file:';

/** @returns the name of the file to which a value of a row refers; undefined if it is another text */
export function referredFile(text: string): string | undefined {
  return text.startsWith(referencePrefix) && text.length > referencePrefix.length
    ? text.slice(referencePrefix.length)
    : undefined;
}

/** Address of a file's content, for links and pictures. The session's cookie is the credential. */
export function fileAddress(slug: string, name: string): string {
  return apiPath(`${runPath(slug)}/file`, { name });
}

/** @param isLive whether the run is still going on */
export function filesQuery(slug: string, page: number, isLive: boolean) {
  return queryOptions({
    queryKey: [...runsKey, slug, 'files', page, isLive],
    queryFn: ({ signal }) =>
      call<RunFileList>(`${runPath(slug)}/files`, {
        query: { offset: page, limit: filesAtOnce },
        signal,
      }),
    placeholderData: keepPreviousData,
    refetchInterval: isLive && liveMilliseconds,
  });
}

/** The start of a text file. @param hash changes with the content */
export function fileTextQuery(slug: string, name: string, hash: string) {
  return queryOptions({
    queryKey: [...runsKey, slug, 'file', name, hash],
    queryFn: async ({ signal }) => {
      const range = `bytes=0-${shownTextBytes - 1}`;
      const answer = await fetch(fileAddress(slug, name), { headers: { range }, signal });
      if (!answer.ok) throw new Error(answer.statusText);
      return answer.text();
    },
  });
}
