/** JSON whose numbers keep all their digits, as the server reads and writes it. */
import { isRawNumber, parseJson as parseLossless, type RawNumber } from '../../../src/json/lossless-json.ts';

/** Browsers from before 2025 read a number that is too long for them as the nearest that is not. */
const keepsNumbers = 'rawJSON' in JSON;

/** @throws Error for a text that is no JSON */
export function parseJson(text: string): unknown {
  return keepsNumbers ? parseLossless(text) : JSON.parse(text);
}

/** A number that is kept as its text, which is an object to JavaScript. */
export function isLongNumber(value: unknown): value is RawNumber {
  return keepsNumbers && isRawNumber(value);
}

export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isLongNumber(value);
}

export function stringifyJson(value: unknown, indent?: number): string {
  return JSON.stringify(value ?? null, undefined, indent);
}
