/** Keeps unsaved entries of the form for as long as the browser tab is open. */
import { parseJson, stringifyJson } from '../../../api/lossless-json.ts';
import { isListEntered, type FieldValue, type FormValues } from './input-values.ts';
import { rowOf } from './list-items.ts';
import { noOptions, type RunOptions } from './option-values.ts';

export type Mode = 'form' | 'json';

export interface Draft {
  readonly values: FormValues;
  readonly options: RunOptions;
  readonly mode: Mode;
  /** Text in the JSON view. */
  readonly json: string;
}

/** @param origin what the form was filled from; each origin and each version has its own draft */
export function draftKey(workerId: string, version: string, origin: string): string {
  return `chela.input.${workerId}.${version}.${origin}`;
}

/** Assigns new row ids: the stored ones may clash with those of this page. */
function withFreshRows(field: FieldValue): FieldValue {
  const { entered } = field;
  if (!isListEntered(entered)) return field;
  return { ...field, entered: { rows: entered.rows.map(({ item }) => rowOf(item)) } };
}

export function readDraft(key: string): Draft | undefined {
  const text = sessionStorage.getItem(key);
  if (text === null) return undefined;
  try {
    const draft = parseJson(text) as Draft;
    const fields = Object.entries(draft.values.fields).map(([name, field]) => [name, withFreshRows(field)]);
    return {
      ...draft,
      options: { ...noOptions, ...draft.options },
      values: { ...draft.values, fields: Object.fromEntries(fields) as FormValues['fields'] },
    };
  } catch {
    return undefined;
  }
}

/** A draft that is too large for the browser's storage is not kept. */
export function writeDraft(key: string, draft: Draft): void {
  try {
    sessionStorage.setItem(key, stringifyJson(draft));
  } catch {
    sessionStorage.removeItem(key);
  }
}

export function dropDraft(key: string): void {
  sessionStorage.removeItem(key);
}
