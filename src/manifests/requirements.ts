/** Reads a package's requirements.txt: only names and versions are allowed, nothing that reaches elsewhere. */
import path from 'node:path';
import { manifestText } from './manifest-file.ts';
import { shortened, type ManifestProblem } from './manifest-problem.ts';
import { requirementProblem } from './requirement.ts';
import { readRequirementOptions, type RequirementFlag } from './requirement-options.ts';

export const requirementsFile = 'requirements.txt';

const maxFiles = 20;
const maxLines = 10_000;
const fileLimitBytes = 1024 * 1024;
const lineLimitCharacters = 8 * 1024;
/** Including continuation lines: a package with many files has a hash for each. */
const joinedLimitCharacters = 64 * 1024;

export interface Requirements {
  /** One requirement each. */
  readonly requirements: readonly string[];
  /** Restrict versions of packages without causing their installation. */
  readonly constraints: readonly string[];
  /** pip options that apply to all of them. */
  readonly flags: readonly RequirementFlag[];
  /** Whether it lists the package itself, whose own dependencies are then included. */
  readonly namesPackage: boolean;
  readonly problems: readonly ManifestProblem[];
}

interface Line {
  readonly text: string;
  /** 1-based; the first line of joined ones. */
  readonly number: number;
}

/** Logical lines: joins continuation lines, drops comments and blank lines. @throws Error if a line is too long */
function linesOf(file: string, content: string): Line[] {
  const lines: Line[] = [];
  let parts: string[] = [];
  let length = 0;
  let number = 1;
  function tooLong(at: number, limit: number): Error {
    return new Error(`line ${at} of ${file} is longer than ${limit} characters`);
  }
  for (const [index, line] of content.split(/\r\n|\n|\r/).entries()) {
    if (line.length > lineLimitCharacters) throw tooLong(index + 1, lineLimitCharacters);
    if (parts.length === 0) number = index + 1;
    // As in pip: a continuation of a comment belongs to it, unless the comment is the whole line.
    const isJoined = line.endsWith('\\') && !line.trimStart().startsWith('#');
    parts.push(isJoined ? line.slice(0, -1) : line);
    length += line.length;
    if (length > joinedLimitCharacters) throw tooLong(number, joinedLimitCharacters);
    if (isJoined) continue;
    lines.push({ text: parts.join(' '), number });
    parts = [];
    length = 0;
  }
  if (parts.length > 0) lines.push({ text: parts.join(' '), number });
  return lines
    .map((line) => ({ ...line, text: line.text.replace(/(?:^|\s)#.*/s, '').trim() }))
    .filter(({ text }) => text !== '');
}

/** @returns why a line is not a requirement; undefined if it is */
export function requirementRefusal(line: string): string | undefined {
  const problem = requirementProblem(line);
  if (problem === undefined) return undefined;
  if (line.includes('://') || line.includes('@'))
    return 'packages must come from the package index by name, not from a URL: write the name and version, or put the code into the package';
  if (/^\.{0,2}\//.test(line))
    return 'packages must come from the package index by name, not from a path: write the name and version, or import the code from the package';
  return `not a valid requirement: ${problem}`;
}

/** A file to read, and its kind: lines of a constraints file only restrict. */
interface Included {
  readonly file: string;
  readonly as: 'requirements' | 'constraints';
  /** The line that includes it. */
  readonly from?: { readonly source: Included; readonly line: Line };
}

class RequirementsReader {
  readonly #packageDir: string;
  readonly #waiting: Included[] = [];
  readonly #seen = new Set<string>();
  readonly #found = { requirements: [] as string[], constraints: [] as string[] };
  readonly #flags = new Set<RequirementFlag>();
  readonly #problems: ManifestProblem[] = [];
  #namesPackage = false;

  constructor(packageDir: string) {
    this.#packageDir = packageDir;
  }

  #include(included: Included): void {
    const key = `${included.as} ${included.file}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#waiting.push(included);
    if (this.#seen.size > maxFiles)
      throw new Error(`${requirementsFile} and the files it includes are more than ${maxFiles} files`);
  }

  #problem(kind: ManifestProblem['kind'], { file }: Included, line: Line, reason: string): void {
    this.#problems.push({ kind, file, line: line.number, text: shortened(line.text), reason });
  }

  #readOptions(source: Included, line: Line): void {
    for (const option of readRequirementOptions(line.text)) {
      switch (option.kind) {
        case 'requirements':
        case 'constraints': {
          const file = path.posix.join(path.posix.dirname(source.file), option.file);
          // Files included by constraints are constraints too.
          const as = source.as === 'constraints' ? 'constraints' : option.kind;
          this.#include({ file, as, from: { source, line } });
          break;
        }
        case 'flag':
          this.#flags.add(option.flag);
          break;
        case 'package':
          this.#readPackageItself(source, line);
          break;
        case 'refused':
        case 'ignored':
          this.#problem(option.kind, source, line, option.reason);
          break;
        default:
          option satisfies never;
      }
    }
  }

  #readPackageItself(source: Included, line: Line): void {
    this.#namesPackage = true;
    const reason = 'the package itself is not installed: its modules are imported from its folder';
    this.#problem('ignored', source, line, reason);
  }

  #readLine(source: Included, line: Line): void {
    if (line.text.startsWith('-')) {
      this.#readOptions(source, line);
      return;
    }
    if (line.text === '.' || line.text === './') {
      this.#readPackageItself(source, line);
      return;
    }
    const refusal = requirementRefusal(line.text);
    if (refusal !== undefined) this.#problem('refused', source, line, refusal);
    else this.#found[source.as].push(line.text);
    if (this.#found[source.as].length > maxLines || this.#problems.length > maxLines)
      throw new Error(
        `${requirementsFile} and the files it includes have more than ${maxLines} requirements`,
      );
  }

  async read(): Promise<Requirements> {
    this.#include({ file: requirementsFile, as: 'requirements' });
    for (const source of this.#waiting) {
      const content = await manifestText(this.#packageDir, source.file, fileLimitBytes);
      if (content === undefined && source.from !== undefined)
        this.#problem(
          'refused',
          source.from.source,
          source.from.line,
          `${source.file} is not in the package`,
        );
      for (const line of linesOf(source.file, content ?? '')) this.#readLine(source, line);
    }
    return {
      ...this.#found,
      flags: [...this.#flags].toSorted(),
      namesPackage: this.#namesPackage,
      problems: this.#problems,
    };
  }
}

/**
 * The requirements of a package, including those in included files.
 * @returns also the problems that were found line by line
 * @throws Error if a file is outside the package, too large or not text, or there are too many
 */
export async function readRequirements(packageDir: string): Promise<Requirements> {
  return new RequirementsReader(packageDir).read();
}
