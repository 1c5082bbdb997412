/** JSON whose numbers keep all their digits, as on the server. */
import { isRawNumber, parseJson as parseLossless, type RawNumber } from '../../../src/json/lossless-json.ts';

/** Browsers older than 2025 lack this and round numbers that are too long. */
const keepsNumbers = 'rawJSON' in JSON;

/** @throws Error if the text is not JSON */
export function parseJson(text: string): unknown {
  return keepsNumbers ? parseLossless(text) : JSON.parse(text);
}

/** Whether a value is a number that was kept as text, which is an object in JavaScript. */
export function isLongNumber(value: unknown): value is RawNumber {
  return keepsNumbers && isRawNumber(value);
}

export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isLongNumber(value);
}

export function stringifyJson(value: unknown, indent?: number): string {
  return JSON.stringify(value ?? null, undefined, indent);
}
