/** Changes of edited files: a file of the base is found by the path that it has now. */
import type { EditDraft } from './edit-draft.ts';

/** Path in the base of a file that got another one, otherwise the path itself. */
export function originOf({ renamed }: Pick<EditDraft, 'renamed'>, path: string): string {
  return Object.keys(renamed).find((origin) => renamed[origin] === path) ?? path;
}

function without<Value>(entries: Readonly<Record<string, Value>>, key: string): Record<string, Value> {
  return Object.fromEntries(Object.entries(entries).filter(([name]) => name !== key));
}

/**
 * The file of the base that has a path now. None if the file is new, also if the base's file of that path got another one.
 * @param paths of the base's files
 */
function baseFileAt(draft: EditDraft, paths: readonly string[], path: string): string | undefined {
  const origin = originOf(draft, path);
  const isElsewhere = origin === path && Object.hasOwn(draft.renamed, path);
  return paths.includes(origin) && !isElsewhere ? origin : undefined;
}

export function removeFile(draft: EditDraft, paths: readonly string[], path: string): EditDraft {
  const file = baseFileAt(draft, paths, path);
  const texts = without(draft.texts, path);
  if (file === undefined) return { ...draft, texts };
  return { ...draft, texts, renamed: without(draft.renamed, file), removed: [...draft.removed, file] };
}

/** Gives a file that is not text another path. It keeps its content. */
export function moveFile(draft: EditDraft, path: string, next: string): EditDraft {
  const origin = originOf(draft, path);
  const others = without(draft.renamed, origin);
  return { ...draft, renamed: next === origin ? others : { ...others, [origin]: next } };
}

/** Gives a file with a text another path. */
export function renameText(
  draft: EditDraft,
  paths: readonly string[],
  { path, next, text }: { readonly path: string; readonly next: string; readonly text: string },
): EditDraft {
  const { texts, removed, ...left } = removeFile(draft, paths, path);
  return { ...left, texts: { ...texts, [next]: text }, removed: removed.filter((name) => name !== next) };
}

/** @param original text in the base; undefined if the file is not in it */
export function changeText(
  draft: EditDraft,
  path: string,
  { text, original }: { readonly text: string; readonly original: string | undefined },
): EditDraft {
  const others = without(draft.texts, path);
  return { ...draft, texts: text === original ? others : { ...others, [path]: text } };
}
