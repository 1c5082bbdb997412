/** The text of a file before it was edited. */
import { useQuery } from '@tanstack/react-query';
import { versionFileQuery } from '../../../api/version-files.ts';

export interface BaseText {
  /** Undefined while it is loading, if the file is not in the base, and if it cannot be edited: it is no text, or large. */
  readonly text: string | undefined;
  readonly isLoading: boolean;
  readonly error: Error | null;
}

/** Where the texts of the base come from: a version of a worker, or a template, whose texts are all known. */
export type BaseTexts =
  | { readonly workerId: string; readonly version: string; readonly paths: readonly string[] }
  | { readonly texts: Readonly<Record<string, string>> };

/** @param path of the file; undefined reads nothing */
export function useBaseText(base: BaseTexts, path: string | undefined): BaseText {
  const isVersion = 'workerId' in base;
  const { data, isLoading, error } = useQuery({
    ...versionFileQuery(isVersion ? base.workerId : '', isVersion ? base.version : '', path ?? ''),
    enabled: isVersion && path !== undefined && base.paths.includes(path),
    staleTime: Infinity,
  });
  if (!isVersion) return { text: path && base.texts[path], isLoading: false, error: null };
  const isEditable = data?.is_text === true && !data.is_truncated;
  return { text: isEditable ? data.content : undefined, isLoading, error };
}
