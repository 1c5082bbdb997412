/**
 * Parses and writes JSON without changing numbers. A number that a JS number cannot hold (an integer beyond 2^53,
 * 1e400, 40 decimals) becomes a `RawNumber`, which `stringifyJson` writes with its exact text. All others become plain
 * numbers, so `1.00` is written as `1`, the same value. Use `isJsonObject` instead of `typeof`, because a `RawNumber`
 * is an object.
 */
import { depthLimit, inspectJson, isLossyNumber } from './json-text.ts';

/** A number kept as text. Frozen; created only by `parseJson`; `JSON.stringify` writes it as the number. */
export interface RawNumber {
  readonly rawJSON: string;
}

/** Features of Node 24 that TypeScript's libraries do not declare yet. */
interface SourceTextJson {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): RawNumber;
  isRawJSON(value: unknown): value is RawNumber;
}

const sourceTextJson = JSON as unknown as SourceTextJson;

/** The text is not valid JSON, or too deep. The message is meant for the sender. */
export class JsonError extends Error {
  override name = 'JsonError';
}

export function isRawNumber(value: unknown): value is RawNumber {
  return sourceTextJson.isRawJSON(value);
}

/** Whether a value is a JSON object, not an array, null or a number kept as text. */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawNumber(value);
}

function keepNumber(_key: string, value: unknown, { source }: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || source === undefined || !isLossyNumber(source)) return value;
  return sourceTextJson.rawJSON(source);
}

/**
 * Keys named `__proto__` stay ordinary own keys. Copy objects with spread, `Object.entries` and `Object.fromEntries`,
 * not with `target[key] =` or `Object.assign`.
 * @returns numbers that a JS number cannot hold as `RawNumber`
 * @throws JsonError if the text is not a single JSON value, or is nested deeper than `depthLimit`
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
 * The inverse of `parseJson`. The text is valid UTF-8, because lone surrogates are escaped.
 * @param value any JSON value; a top-level `undefined` is written as `null`
 */
export function stringifyJson(value: unknown): string {
  return JSON.stringify(value ?? null);
}
