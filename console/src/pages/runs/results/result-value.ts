/** How a value of a row is shown, by its column's format and its own type. */
import { pictureAddress } from '../../../../../src/results/pictures.ts';
import { referredFile } from '../../../api/run-files.ts';
import { isJsonObject, isLongNumber, stringifyJson } from '../../../api/lossless-json.ts';

/** Only http and https: a `javascript:` URL must stay text. */
const linkPattern = /^https?:\/\/\S+$/i;
const dayPattern = /^\d{4}-\d\d-\d\d$/;
const momentPattern = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/;

export type ShownValue =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'text' | 'number' | 'link'; readonly text: string }
  /** `address` is a data URL, or its start. */
  | { readonly kind: 'picture'; readonly address: string }
  /** A file of the run. */
  | { readonly kind: 'file'; readonly name: string }
  | { readonly kind: 'boolean'; readonly isTrue: boolean }
  | { readonly kind: 'moment'; readonly text: string; readonly moment: Date; readonly hasTime: boolean }
  | { readonly kind: 'nested'; readonly value: object; readonly count: number; readonly isList: boolean };

function isNested(value: unknown): value is object {
  return Array.isArray(value) || isJsonObject(value);
}

function shownText(text: string, format: string): ShownValue {
  if (linkPattern.test(text)) return { kind: 'link', text };
  const name = referredFile(text);
  if (name !== undefined) return { kind: 'file', name };
  // Remote images are shown as links, because loading them would reveal the reader to their host.
  const address = pictureAddress(text);
  if (address !== undefined) return { kind: 'picture', address };
  const isMoment = momentPattern.test(text);
  if (/^(date|datetime|date-time|time|timestamp)$/i.test(format) && (isMoment || dayPattern.test(text))) {
    const moment = new Date(text);
    if (!Number.isNaN(moment.getTime())) return { kind: 'moment', text, moment, hasTime: isMoment };
  }
  return { kind: 'text', text };
}

/** @param isCut whether the value is only the start of a text, which is then not a link */
export function shownValue(value: unknown, format: string, isCut: boolean): ShownValue {
  if (value === null || value === undefined) return { kind: 'nothing' };
  if (typeof value === 'boolean') return { kind: 'boolean', isTrue: value };
  if (typeof value === 'number') return { kind: 'number', text: String(value) };
  if (isLongNumber(value)) return { kind: 'number', text: value.rawJSON };
  if (typeof value === 'string') {
    const shown = shownText(value, format);
    return isCut && (shown.kind === 'link' || shown.kind === 'file') ? { kind: 'text', text: value } : shown;
  }
  if (isNested(value)) {
    const isList = Array.isArray(value);
    return { kind: 'nested', value, isList, count: isList ? value.length : Object.keys(value).length };
  }
  return { kind: 'text', text: stringifyJson(value) };
}

/** Whether a column's values are right-aligned, so that digits line up. */
export function isNumeric(format: string): boolean {
  return /^(number|integer|int|float|double|decimal|currency|price)$/i.test(format);
}

const narrow = 110;
const usual = 230;
const broad = 300;

/** Minimum width in pixels of a column with this format. */
export function columnWidth(format: string): number {
  if (isNumeric(format) || /^bool/i.test(format)) return narrow;
  return /^(link|url|image|text|array|object)$/i.test(format) && format !== 'text' ? broad : usual;
}
