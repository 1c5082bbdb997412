/** Reads the dependencies in pyproject.toml, and the versions that uv.lock has for them. */
import { parse } from 'smol-toml';
import { lockLimitBytes, manifestText } from './manifest-file.ts';
import { shortened, type ManifestProblem } from './manifest-problem.ts';
import { requirementRefusal } from './requirements.ts';

export const pyprojectFile = 'pyproject.toml';
export const uvLockFile = 'uv.lock';

const fileLimitBytes = 1024 * 1024;
const depthLimit = 200;

export interface ProjectRequirements {
  readonly requirements: readonly string[];
  readonly problems: readonly ManifestProblem[];
}

type Table = Readonly<Record<string, unknown>>;

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseToml(name: string, text: string): Table {
  try {
    return parse(text, { maxDepth: depthLimit });
  } catch (error) {
    // The rest of the message shows the location.
    const [reason = ''] = (error as Error).message.split('\n');
    throw new Error(`${name} is not valid TOML: ${reason}`, { cause: error });
  }
}

/**
 * Reads `[project] dependencies`.
 * @returns undefined if there is no pyproject.toml
 * @throws Error if the file cannot be read
 */
export async function readPyproject(packageDir: string): Promise<ProjectRequirements | undefined> {
  const text = await manifestText(packageDir, pyprojectFile, fileLimitBytes);
  if (text === undefined) return undefined;
  const { project, tool } = parseToml(pyprojectFile, text);
  const listed = isTable(project) ? project['dependencies'] : undefined;
  const requirements: string[] = [];
  const problems: ManifestProblem[] = [];
  for (const [index, item] of (Array.isArray(listed) ? (listed as unknown[]) : []).entries()) {
    const field = `project.dependencies[${index}]`;
    const line = typeof item === 'string' ? item.trim() : '';
    const refusal = requirementRefusal(line);
    if (refusal === undefined) requirements.push(line);
    else
      problems.push({
        kind: 'refused',
        file: pyprojectFile,
        field,
        text: shortened(line),
        reason: refusal,
      });
  }
  const poetry = isTable(tool) && isTable(tool['poetry']) ? tool['poetry'] : undefined;
  if (!Array.isArray(listed) && poetry?.['dependencies'] !== undefined) {
    problems.push({
      kind: 'ignored',
      file: pyprojectFile,
      field: 'tool.poetry.dependencies',
      reason:
        'is not read: list the dependencies in [project] or in requirements.txt (poetry export writes it)',
    });
  }
  return { requirements, problems };
}

/** The files that uv reads, by name. @throws Error if they cannot be read */
export async function readUvProject(packageDir: string): Promise<Record<string, string>> {
  const project = await manifestText(packageDir, pyprojectFile, fileLimitBytes);
  const lock = await manifestText(packageDir, uvLockFile, lockLimitBytes);
  return { [pyprojectFile]: project ?? '', [uvLockFile]: lock ?? '' };
}

/** A declaration of Python versions, and its field. */
export interface RequiredPython {
  readonly file: string;
  readonly field: string;
  readonly text: string;
  /** Whether it is in the syntax of Poetry. */
  readonly isPoetry: boolean;
}

/** @returns undefined if there is none @throws Error if the file cannot be read */
export async function readRequiredPython(packageDir: string): Promise<RequiredPython | undefined> {
  const content = await manifestText(packageDir, pyprojectFile, fileLimitBytes);
  if (content === undefined) return undefined;
  const { project, tool } = parseToml(pyprojectFile, content);
  const required = isTable(project) ? project['requires-python'] : undefined;
  const file = pyprojectFile;
  if (typeof required === 'string')
    return { file, field: 'project.requires-python', text: required.trim(), isPoetry: false };
  const poetry = isTable(tool) && isTable(tool['poetry']) ? tool['poetry']['dependencies'] : undefined;
  const python = isTable(poetry) ? poetry['python'] : undefined;
  if (typeof python !== 'string') return undefined;
  return { file, field: 'tool.poetry.dependencies.python', text: python.trim(), isPoetry: true };
}

/** A version must be one word, because it becomes part of a line for pip. */
function isWord(value: unknown): value is string {
  return typeof value === 'string' && requirementRefusal(`a==${value}`) === undefined;
}

/**
 * The versions in uv.lock, as constraints. If a package has several versions, for several platforms, pip decides.
 * @returns undefined if there is no uv.lock
 * @throws Error if the file cannot be read
 */
export async function readUvLock(packageDir: string): Promise<string[] | undefined> {
  const text = await manifestText(packageDir, uvLockFile, lockLimitBytes);
  if (text === undefined) return undefined;
  const { package: locked } = parseToml(uvLockFile, text);
  const versions = new Map<string, Set<string>>();
  for (const entry of Array.isArray(locked) ? (locked as unknown[]) : []) {
    if (!isTable(entry) || !isTable(entry['source']) || entry['source']['registry'] === undefined) continue;
    const { name, version } = entry;
    if (typeof name !== 'string' || requirementRefusal(name) !== undefined || !isWord(version)) continue;
    versions.set(name, (versions.get(name) ?? new Set()).add(version));
  }
  return [...versions].flatMap(([name, [version, ...others]]) =>
    version === undefined || others.length > 0 ? [] : [`${name}==${version}`],
  );
}
