/**
 * JSON to values and back without changing a number. A number that a JS number cannot hold (an integer beyond 2^53,
 * 1e400, 40 decimals) becomes a `RawNumber`, which `stringifyJson` writes letter by letter; every other number is a
 * plain one, so `1.00` is written back as `1`, the same value. Use `isJsonObject` rather than `typeof`: a `RawNumber`
 * is an object to JS.
 */
import { depthLimit, inspectJson, isLossyNumber } from './json-text.ts';

/** A number kept as its text. Frozen, made by `parseJson` only, written by `JSON.stringify` as what it stands for. */
export interface RawNumber {
  readonly rawJSON: string;
}

/** What Node 24 has and TypeScript's libraries do not declare yet. */
interface SourceTextJson {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): RawNumber;
  isRawJSON(value: unknown): value is RawNumber;
}

const sourceTextJson = JSON as unknown as SourceTextJson;

/** A text that is no JSON, or too deep; the message is for the one who sent it. */
export class JsonError extends Error {
  override name = 'JsonError';
}

export function isRawNumber(value: unknown): value is RawNumber {
  return sourceTextJson.isRawJSON(value);
}

/** An object of JSON, which arrays, null and numbers kept as text are not. */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawNumber(value);
}

function keepNumber(_key: string, value: unknown, { source }: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || source === undefined || !isLossyNumber(source)) return value;
  return sourceTextJson.rawJSON(source);
}

/**
 * Own keys named `__proto__` stay plain keys: copy with spread, `Object.entries` and `Object.fromEntries`, not with
 * `target[key] =` or `Object.assign`.
 * @returns numbers that a JS number cannot hold as `RawNumber`
 * @throws JsonError for a text that is not one JSON value, or nests deeper than `depthLimit` arrays and objects
 */
export function parseJson(text: string): unknown {
  const { isTooDeep, hasLossyNumber } = inspectJson(text);
  if (isTooDeep) throw new JsonError(`the JSON is nested deeper than ${depthLimit} levels`);
  try {
    // A reviver makes parsing several times slower.
    return hasLossyNumber ? sourceTextJson.parse(text, keepNumber) : JSON.parse(text);
  } catch (error) {
    throw new JsonError((error as Error).message, { cause: error });
  }
}

/**
 * The way back from `parseJson`. The text is valid UTF-8: lone surrogates are written as escapes.
 * @param value what JSON can hold; `undefined` alone is written as `null`
 */
export function stringifyJson(value: unknown): string {
  return JSON.stringify(value ?? null);
}
