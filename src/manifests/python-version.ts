/** The Python that a package asks for: in .python-version or runtime.txt, otherwise in pyproject.toml. */
import { shortened, type ManifestProblem } from './manifest-problem.ts';
import { readPins } from './pin-file.ts';
import { readRequiredPython } from './pyproject.ts';

const longestSpecifier = 256;

const comparisons = ['==', '!=', '~=', '<=', '>=', '<', '>'] as const;

/** One condition on a version. */
interface Condition {
  readonly comparison: (typeof comparisons)[number];
  /** Numbers of the version: `[3, 12]`. */
  readonly numbers: readonly number[];
  /** Whether only these numbers are compared: `==3.12.*`. */
  readonly isPrefix: boolean;
}

export interface PythonRequest {
  /** Where it is declared, such as `.python-version`, and the declaration. */
  readonly place: Pick<ManifestProblem, 'file' | 'field'> & { readonly text: string };
  /** All of them have to be met. */
  readonly conditions: readonly Condition[];
}

export interface PythonVersionManifest {
  /** Undefined if nothing is declared. */
  readonly request: PythonRequest | undefined;
  readonly problems: readonly ManifestProblem[];
}

/** @returns the numbers at the start of a version; undefined if it is not one */
function numbersOf(text: string): number[] | undefined {
  const [, digits] = /^v?(\d{1,6}(?:\.\d{1,6}){0,4})(?:(?:a|b|rc)\d{1,6})?$/.exec(text) ?? [];
  return digits?.split('.').map(Number);
}

function conditionOf(part: string): Condition | undefined {
  const comparison = comparisons.find((candidate) => part.startsWith(candidate));
  if (comparison === undefined) return undefined;
  const version = part.slice(comparison.length).trim();
  const isPrefix = version.endsWith('.*');
  const numbers = numbersOf(isPrefix ? version.slice(0, -2) : version);
  return numbers && { comparison, numbers, isPrefix };
}

/** @param text as in `requires-python`: `>=3.10, <3.13` @returns undefined if it cannot be read */
function specifierOf(text: string): Condition[] | undefined {
  if (text.length > longestSpecifier) return undefined;
  const parts = text.split(',').map((part) => part.trim());
  const conditions = parts.filter((part) => part !== '').map(conditionOf);
  return conditions.includes(undefined) ? undefined : (conditions as Condition[]);
}

/** The next version that a caret or tilde of Poetry excludes. */
function limitOf(sign: string, numbers: readonly number[]): number[] {
  const [major = 0, minor = 0] = numbers;
  return sign === '^' || numbers.length === 1 ? [major + 1] : [major, minor + 1];
}

/** One part of a declaration of Poetry, which has carets, tildes and bare versions too. */
function poetryPartOf(part: string): Condition[] | undefined {
  const [, sign, version = ''] = /^([\^~])([^=].*)$/.exec(part) ?? [];
  if (sign === undefined) return pinOf(part);
  const numbers = numbersOf(version.trim());
  if (numbers === undefined) return undefined;
  return [
    { comparison: '>=', numbers, isPrefix: false },
    { comparison: '<', numbers: limitOf(sign, numbers), isPrefix: false },
  ];
}

function poetryConditionsOf(text: string): Condition[] | undefined {
  if (text.length > longestSpecifier) return undefined;
  const parts = text.split(',').map((part) => poetryPartOf(part.trim()));
  return parts.includes(undefined) ? undefined : parts.flatMap((part) => part ?? []);
}

/**
 * A version without comparison: of the minor, any patch suits, because a machine has one patch of each.
 * @param text `3.12`, `3.12.1`, `python-3.12`, or a specifier
 */
function pinOf(text: string): Condition[] | undefined {
  if (text === 'system' || text === '*') return [];
  const version = text.replace(/^(?:c?python)-?/, '').replace(/\.\*$/, '');
  const numbers = numbersOf(version);
  if (numbers === undefined) return specifierOf(text);
  return [{ comparison: '==', numbers: numbers.slice(0, 2), isPrefix: true }];
}

interface Declaration {
  readonly place: PythonRequest['place'];
  readonly conditions: Condition[] | undefined;
}

async function readProject(packageDir: string): Promise<Declaration | undefined> {
  // If dependencies are in it too, reading these reports what is wrong with the file.
  const required = await readRequiredPython(packageDir).catch(() => undefined);
  if (required === undefined) return undefined;
  const { isPoetry, ...place } = required;
  return { place, conditions: isPoetry ? poetryConditionsOf(place.text) : specifierOf(place.text) };
}

/** @throws Error if a file cannot be read */
export async function readPythonVersion(packageDir: string): Promise<PythonVersionManifest> {
  const { pin, problems } = await readPins(packageDir, ['.python-version', 'runtime.txt']);
  const declaration =
    pin === undefined ? await readProject(packageDir) : { place: pin, conditions: pinOf(pin.text) };
  if (declaration === undefined) return { request: undefined, problems };
  const { conditions } = declaration;
  const place = { ...declaration.place, text: shortened(declaration.place.text) };
  if (conditions !== undefined) return { request: { place, conditions }, problems };
  const reason = 'not a version of Python, or a range of versions';
  return { request: undefined, problems: [...problems, { kind: 'ignored', ...place, reason }] };
}

/** Compares versions number by number; missing numbers are 0. */
function compare(one: readonly number[], other: readonly number[]): number {
  for (let index = 0; index < Math.max(one.length, other.length); index += 1) {
    const difference = (one[index] ?? 0) - (other[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function meets(version: readonly number[], { comparison, numbers, isPrefix }: Condition): boolean {
  const compared = isPrefix ? version.slice(0, numbers.length) : version;
  const order = compare(compared, numbers);
  switch (comparison) {
    case '==':
      return order === 0;
    case '!=':
      return order !== 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    case '~=':
      return order >= 0 && compare(version.slice(0, numbers.length - 1), numbers.slice(0, -1)) === 0;
    default:
      return comparison satisfies never;
  }
}

/** Whether a Python suits. @param version its numbers, such as `[3, 12, 1]` */
export function suits(version: readonly number[], { conditions }: PythonRequest): boolean {
  return conditions.every((condition) => meets(version, condition));
}

/** Negative if the first version is older. */
export function comparePythons(one: readonly number[], other: readonly number[]): number {
  return compare(one, other);
}
