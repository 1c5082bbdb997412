/**
 * The Node that a package asks for: by .node-version or .nvmrc, otherwise by `engines.node` of package.json. A package
 * whose entry is TypeScript also needs a Node that strips types.
 */
import { Range, intersects, satisfies, validRange } from 'semver';
import { printable } from '../text/printable-text.ts';
import { problemMessage, shortened, type ManifestProblem } from './manifest-problem.ts';
import { isObject, readPackageJson } from './package-json.ts';
import { readPins } from './pin-file.ts';

/** Majors that can be downloaded, newest first. */
const nodeMajors = [24, 22, 20, 18] as const;
const availableMajors = 'Node 18, 20, 22 and 24 are available';
/** Also bounds the time for reading it. */
const rangeLimitCharacters = 256;

/** Names that version managers accept. */
const aliases: Readonly<Record<string, string>> = {
  node: '*',
  stable: '*',
  latest: '*',
  current: '*',
  system: '*',
  default: '*',
  'lts/*': nodeMajors.join(' || '),
  'lts/argon': '4',
  'lts/boron': '6',
  'lts/carbon': '8',
  'lts/dubnium': '10',
  'lts/erbium': '12',
  'lts/fermium': '14',
  'lts/gallium': '16',
  'lts/hydrogen': '18',
  'lts/iron': '20',
  'lts/jod': '22',
  'lts/krypton': '24',
};

/** Node versions that strip types without an option. */
const strippingRange = '>=22.18.0 <23 || >=23.6.0';

/** A range of versions, and where it comes from. */
interface NodeDemand {
  readonly range: string;
  readonly place: Pick<ManifestProblem, 'file' | 'field' | 'text'>;
}

export interface NodeRequest {
  /** What the package declares, and what its entry needs. */
  readonly demands: readonly NodeDemand[];
  /** Declarations that are not used. */
  readonly problems: readonly ManifestProblem[];
}

export type NodeChoice =
  | { readonly kind: 'running' }
  /** Ranges within one major each, newest first. The registry may have no version of a range. */
  | { readonly kind: 'other'; readonly ranges: readonly string[]; readonly reason: string }
  | { readonly kind: 'none'; readonly problem: ManifestProblem };

function rangeOf(text: string): string | undefined {
  if (text.length > rangeLimitCharacters) return undefined;
  const word = text.trim().toLowerCase();
  return (Object.hasOwn(aliases, word) ? aliases[word] : validRange(word)) ?? undefined;
}

/** @returns undefined if there is none */
async function readEngines(packageDir: string): Promise<NodeDemand['place'] | undefined> {
  const engines = (await readPackageJson(packageDir))?.['engines'];
  if (!isObject(engines)) return undefined;
  const { node } = engines;
  if (typeof node !== 'string' || node.trim() === '') return undefined;
  return { file: 'package.json', field: 'engines.node', text: node.trim() };
}

/**
 * @param entry path of the file to run
 * @throws Error if a file cannot be read
 */
export async function readNodeRequest(packageDir: string, entry: string): Promise<NodeRequest> {
  const pins = await readPins(packageDir, ['.node-version', '.nvmrc']);
  const place: NodeDemand['place'] | undefined = pins.pin ?? (await readEngines(packageDir));
  const range = place?.text === undefined ? undefined : rangeOf(place.text);
  const shown = place && { ...place, text: shortened(place.text ?? '') };
  const demands: NodeDemand[] = [];
  if (shown !== undefined && range !== undefined) demands.push({ range, place: shown });
  if (/\.[cm]?ts$/.test(entry)) demands.push({ range: strippingRange, place: { file: entry } });
  const problems = [...pins.problems];
  if (shown !== undefined && range === undefined)
    problems.push({ kind: 'ignored', ...shown, reason: 'not a version of Node, or a range of versions' });
  return { demands, problems };
}

/** @returns the versions in all ranges; undefined if there are none */
function intersection(ranges: readonly string[]): string | undefined {
  const [first = '*', ...others] = ranges;
  let sets = setsOf(first);
  for (const range of others) sets = sets.flatMap((one) => setsOf(range).map((other) => `${one} ${other}`));
  const possible = sets.filter((set) => intersects(set, '*'));
  return possible.length === 0 ? undefined : possible.join(' || ');
}

/** The alternatives of a range. */
function setsOf(range: string): string[] {
  return new Range(range).set.map((comparators) => comparators.map(({ value }) => value).join(' '));
}

function reasonOf(demands: readonly NodeDemand[]): string {
  const reasons = demands.map(({ place: { file, field, text } }) => {
    const where = field === undefined ? file : `${field} of ${file}`;
    return text === undefined ? `${where} is TypeScript` : `${where} asks for "${text}"`;
  });
  return printable(reasons.join(', and '));
}

function noneOf(demands: readonly NodeDemand[]): ManifestProblem {
  const place = demands[0]?.place ?? { file: 'package.json' };
  const isTypeScript = demands.some((demand) => demand.place.text === undefined);
  const stripping = isTypeScript ? '; a TypeScript entry needs Node 22.18 or newer' : '';
  const reason = `no available Node has this version: ${availableMajors}${stripping}`;
  return { kind: 'refused', ...place, reason };
}

/**
 * Chooses the running Node if it suits, otherwise the newest major that does.
 * @param running version of the running Node
 */
export function chooseNode(demands: readonly NodeDemand[], running: string): NodeChoice {
  const ranges = demands.map(({ range }) => range);
  if (ranges.every((range) => satisfies(running, range))) return { kind: 'running' };
  const others = nodeMajors.flatMap((major) => intersection([...ranges, `${major}.x`]) ?? []);
  if (others.length === 0) return { kind: 'none', problem: noneOf(demands) };
  return { kind: 'other', ranges: others, reason: reasonOf(demands) };
}

/** @returns the problem of a choice that the registry cannot serve, as a message */
export function missingNodeMessage({ demands }: NodeRequest): string {
  return problemMessage(noneOf(demands));
}

/**
 * What a package's files reveal about the Node that it asks for.
 * @returns its problems, and whether it needs another Node than the running one
 * @throws Error if a file cannot be read
 */
export async function inspectNodeVersion(
  packageDir: string,
  entry: string,
): Promise<{ problems: ManifestProblem[]; isOther: boolean }> {
  const { demands, problems } = await readNodeRequest(packageDir, entry);
  const choice = chooseNode(demands, process.versions.node);
  return {
    problems: choice.kind === 'none' ? [...problems, choice.problem] : [...problems],
    isOther: choice.kind !== 'running',
  };
}
