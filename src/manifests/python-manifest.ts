/** The dependencies of a Python package, from requirements.txt or else from pyproject.toml. */
import { hasManifest } from './manifest-file.ts';
import type { ManifestProblem } from './manifest-problem.ts';
import { pyprojectFile, readPyproject, readUvLock, readUvProject, uvLockFile } from './pyproject.ts';
import type { RequirementFlag } from './requirement-options.ts';
import { readRequirements, requirementsFile } from './requirements.ts';

export { requirementRefusal } from './requirements.ts';

export interface PythonManifest {
  /** File that declares the dependencies; requirements.txt if there is none. */
  readonly file: string;
  readonly requirements: readonly string[];
  /** Restrict versions without causing an installation. */
  readonly constraints: readonly string[];
  /** pip options that apply to all of them. */
  readonly flags: readonly RequirementFlag[];
  /** pyproject.toml and uv.lock by name, if they alone declare the dependencies. */
  readonly uvProject?: Readonly<Record<string, string>> | undefined;
  readonly problems: readonly ManifestProblem[];
}

/** Dependency files of other tools, and what to do so that their content is used. */
const otherLists: Readonly<Record<string, string>> = {
  Pipfile: 'pipenv requirements > requirements.txt',
  'Pipfile.lock': 'pipenv requirements > requirements.txt',
  'poetry.lock': 'poetry export -o requirements.txt',
  'pdm.lock': 'pdm export -o requirements.txt',
  'pylock.toml': 'list the versions in requirements.txt',
  'environment.yml': 'list what comes from PyPI in requirements.txt',
  'setup.py': 'list the dependencies in requirements.txt',
  'setup.cfg': 'list the dependencies in requirements.txt',
};

async function unreadLists(packageDir: string): Promise<ManifestProblem[]> {
  const problems: ManifestProblem[] = [];
  for (const [file, advice] of Object.entries(otherLists)) {
    if (await hasManifest(packageDir, file))
      problems.push({ kind: 'ignored', file, reason: `is not read: ${advice}` });
  }
  return problems;
}

/**
 * Reads the dependencies of a package from requirements.txt if it exists; otherwise from pyproject.toml, with the
 * versions in uv.lock. A line `.` or `-e .` in requirements.txt adds the dependencies in pyproject.toml.
 * @throws Error if a file cannot be read
 */
export async function readPythonManifest(packageDir: string): Promise<PythonManifest> {
  const listed = await readRequirements(packageDir);
  if ((await hasManifest(packageDir, requirementsFile)) && !listed.namesPackage) {
    const problems = [...listed.problems];
    if (await hasManifest(packageDir, uvLockFile))
      problems.push({
        kind: 'ignored',
        file: uvLockFile,
        reason: `is not read: ${requirementsFile} takes precedence`,
      });
    return { ...listed, file: requirementsFile, problems };
  }
  const project = await readPyproject(packageDir);
  const locked = project === undefined ? undefined : await readUvLock(packageDir);
  const requirements = [...listed.requirements, ...(project?.requirements ?? [])];
  const isUv = locked !== undefined && !listed.namesPackage && requirements.length > 0;
  return {
    uvProject: isUv ? await readUvProject(packageDir) : undefined,
    file: project === undefined || listed.namesPackage ? requirementsFile : pyprojectFile,
    requirements,
    constraints: [...listed.constraints, ...(locked ?? [])],
    flags: listed.flags,
    problems: [
      ...listed.problems,
      ...(project?.problems ?? []),
      ...(requirements.length === 0 ? await unreadLists(packageDir) : []),
    ],
  };
}
