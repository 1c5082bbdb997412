import { depthLimit, inspectJson } from '../json/json-text.ts';
import { withoutByteOrderMark } from '../text/decoded-text.ts';

/** The types of input properties and output columns. */
export const valueTypes = ['string', 'integer', 'number', 'boolean', 'array', 'object'] as const;

export type ValueType = (typeof valueTypes)[number];

export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isValueType(value: unknown): value is ValueType {
  return valueTypes.some((type) => type === value);
}

export function isOfType(value: unknown, type: ValueType): boolean {
  switch (type) {
    case 'string':
    case 'boolean':
      return typeof value === type;
    case 'integer':
      return Number.isInteger(value);
    case 'number':
      return Number.isFinite(value);
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isJsonObject(value);
    default:
      return type satisfies never;
  }
}

/** Name of a JSON value's type in messages: `a string`, `an array`. */
export function typeText(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/**
 * Parses the text of a JSON file, which may start with a byte order mark.
 * @throws SyntaxError also if it is nested deeper than `depthLimit`
 */
export function parseJson(text: string): unknown {
  const json = withoutByteOrderMark(text);
  if (inspectJson(json).isTooDeep) throw new SyntaxError(`it is nested deeper than ${depthLimit} levels`);
  return JSON.parse(json);
}
