/** Keeps unsaved changes of a worker's files for as long as the browser tab is open. */

/** The version that is edited, as the author knew it. */
export interface EditBase {
  readonly version: string;
  /** Newest version of the worker. */
  readonly newest: string;
  readonly packageHash: string;
}

export interface EditDraft {
  /** Absent for a new worker. */
  readonly base?: EditBase | undefined;
  /** Title of a new worker. */
  readonly title: string;
  /** Texts of the files that were added or changed, by path. */
  readonly texts: Readonly<Record<string, string>>;
  /** Paths of the base's files that were deleted. */
  readonly removed: readonly string[];
  /** Paths that files of the base get, by their paths in it. Files whose text is known are removed and added instead. */
  readonly renamed: Readonly<Record<string, string>>;
}

/** @param subject what is edited: the path of a worker, or the name of a template */
export function editKey(subject: string): string {
  return `chela.edit.${subject}`;
}

/** Key of what is entered in the form beside the files. It outlives their changes. @param key of the changes */
export function formKey(key: string): string {
  return `chela.form.${key}`;
}

function isTexts(value: unknown): value is Record<string, string> {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((text) => typeof text === 'string')
  );
}

export function readEdit(key: string): EditDraft | undefined {
  const text = sessionStorage.getItem(key);
  if (text === null) return undefined;
  try {
    const read = JSON.parse(text) as EditDraft;
    const draft = { ...read, renamed: read.renamed ?? {} };
    return isTexts(draft.texts) &&
      isTexts(draft.renamed) &&
      Array.isArray(draft.removed) &&
      typeof draft.title === 'string'
      ? draft
      : undefined;
  } catch {
    return undefined;
  }
}

/** @returns whether it was kept; it may be too large for the browser's storage */
export function writeEdit(key: string, draft: EditDraft): boolean {
  try {
    sessionStorage.setItem(key, JSON.stringify(draft));
    return true;
  } catch {
    sessionStorage.removeItem(key);
    return false;
  }
}

export function dropEdit(key: string): void {
  sessionStorage.removeItem(key);
}
