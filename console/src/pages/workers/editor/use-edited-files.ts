/** The files of a worker while they are edited: those of its base, and what was changed, added and deleted. */
import { useCallback, useMemo, useState } from 'react';
import type { WrittenFile } from '../../../api/editing.ts';
import { useKeptDraft } from '../../../components/use-kept-draft.ts';
import { changeText, moveFile, originOf, removeFile, renameText } from './draft-changes.ts';
import { dropEdit, readEdit, writeEdit, type EditBase, type EditDraft } from './edit-draft.ts';

/** What is edited. */
export interface EditSource {
  /** Key of the draft. */
  readonly key: string;
  /** Absent for a new worker. */
  readonly base?: EditBase;
  /** Paths of the base's files. */
  readonly paths: readonly string[];
  /** Title of a new worker. */
  readonly title: string;
}

/** Saves the draft while it is edited, and when the page is left. @returns whether the storage had room */
function useKeptEdit(key: string, draft: EditDraft, isEdited: boolean): boolean {
  const [hasRoom, setHasRoom] = useState(true);
  const save = useCallback(() => {
    if (isEdited) setHasRoom(writeEdit(key, draft));
    else dropEdit(key);
  }, [key, draft, isEdited]);
  useKeptDraft(save);
  return hasRoom;
}

export function useEditedFiles({ key, base, paths, title }: EditSource) {
  const [kept] = useState(() => readEdit(key));
  const empty: EditDraft = { base, title, texts: {}, removed: [], renamed: {} };
  const [draft, setDraft] = useState<EditDraft>(kept ?? empty);
  const { texts, removed, renamed } = draft;
  const isEdited =
    Object.keys(texts).length > 0 ||
    removed.length > 0 ||
    Object.keys(renamed).length > 0 ||
    draft.title !== title;
  const isKept = useKeptEdit(key, draft, isEdited);
  const all = useMemo(() => {
    const gone = new Set(removed);
    const kept = paths.filter((path) => !gone.has(path)).map((path) => renamed[path] ?? path);
    return [...new Set([...kept, ...Object.keys(texts)])].toSorted();
  }, [paths, removed, renamed, texts]);

  return {
    paths: all,
    title: draft.title,
    base: draft.base ?? base,
    texts,
    removed,
    isEdited,
    /** Whether the changes survive a reload. */
    isKept,
    isRestored: kept !== undefined && draft === kept,
    renamed,
    originOf: (path: string) => originOf(draft, path),
    isChanged: (path: string) => Object.hasOwn(texts, path) || originOf(draft, path) !== path,
    setTitle: (next: string) => setDraft({ ...draft, title: next }),
    /** @param original text in the base; undefined if the file is not in it */
    change: (path: string, text: string, original: string | undefined) =>
      setDraft(changeText(draft, path, { text, original })),
    add: (path: string) =>
      setDraft({
        ...draft,
        texts: { ...texts, [path]: '' },
        removed: removed.filter((name) => name !== path),
      }),
    /** @param text undefined for a file that is not text, which keeps its content */
    rename: (path: string, next: string, text: string | undefined) =>
      setDraft(
        text === undefined ? moveFile(draft, path, next) : renameText(draft, paths, { path, next, text }),
      ),
    remove: (path: string) => setDraft(removeFile(draft, paths, path)),
    /** The changes apply to another version of the worker from now on. */
    rebase: (next: EditBase) => setDraft({ ...draft, base: next }),
    /** Forgets all changes, because they were saved or discarded. @param next the version that is edited from now on */
    reset: (next: EditBase | undefined) => {
      dropEdit(key);
      setDraft({ ...empty, base: next });
    },
    renames: (): { from: string; to: string }[] =>
      Object.entries(renamed).map(([from, to]) => ({ from, to })),
    written: (): WrittenFile[] => Object.entries(texts).map(([path, content]) => ({ path, content })),
  };
}

export type EditedFiles = ReturnType<typeof useEditedFiles>;
