/** Reads package.json and other JSON files of a package. */
import { depthLimit, inspectJson } from '../json/json-text.ts';
import { manifestText } from './manifest-file.ts';

const manifestLimitBytes = 1024 * 1024;

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws Error if the text is not a JSON object */
export function parseJson(name: string, text: string): Record<string, unknown> {
  if (inspectJson(text).isTooDeep) throw new Error(`${name} is nested deeper than ${depthLimit} levels`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`${name} is not valid JSON: ${(error as Error).message}`, { cause: error });
  }
  if (!isObject(value)) throw new Error(`${name} must be a JSON object`);
  return value;
}

/** @returns undefined if there is none @throws Error if it cannot be read */
export async function readPackageJson(packageDir: string): Promise<Record<string, unknown> | undefined> {
  const content = await manifestText(packageDir, 'package.json', manifestLimitBytes);
  return content === undefined ? undefined : parseJson('package.json', content);
}
