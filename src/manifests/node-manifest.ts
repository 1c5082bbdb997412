/** The parts of a Node package that determine its dependencies: fields of package.json, and the lock file. */
import { createHash } from 'node:crypto';
import { lockLimitBytes, manifestText } from './manifest-file.ts';
import { shortened, type ManifestProblem } from './manifest-problem.ts';
import { readOtherLock, unreadLock, type OtherLock } from './other-locks.ts';
import { isObject, parseJson, readPackageJson } from './package-json.ts';
import { readPackageNpmSettings } from './package-npm-settings.ts';
import { pnpmWorkspaceFile, readPnpmSettings } from './pnpm-workspace.ts';

/** Sources besides the registry that npm on the host may use. Others could reach files or secrets of the host. */
const remoteSpec = /^(https?:|git\+https:|github:|gitlab:|bitbucket:)/;
const lockNames = ['npm-shrinkwrap.json', 'package-lock.json'];
const keptFields = ['dependencies', 'optionalDependencies', 'overrides'] as const;
const otherWay =
  'use a version from the registry, or put the code into the package and require it by its path';

type Manifest = Partial<Record<(typeof keptFields)[number], Record<string, unknown>>>;

/** Rules for the installation, from the configuration. */
export interface NodeRules {
  /** Whether it can reach only registries. */
  readonly isFenced: boolean;
  readonly runsScripts: boolean;
  /** Whether lock files of pnpm and yarn are installed by these. */
  readonly usesLockTools: boolean;
  /** Version of the Node that the packages are installed for. */
  readonly nodeVersion: string;
}

export interface NodeDeclaration {
  /** Hash of what determines the installation. */
  readonly key: string;
  /** The package.json for npm. */
  readonly manifestText: string;
  readonly lock: { readonly name: string; readonly text: string } | undefined;
  /** The lock file of another tool, which installs it; only if there is none of npm. */
  readonly otherLock:
    | (OtherLock & {
        readonly manifestText: string;
        /** Further files that the tool reads, by name. */
        readonly settingsFiles: Readonly<Record<string, string>>;
      })
    | undefined;
  /** Name of a lock file that is not used. */
  readonly unreadLock: string | undefined;
  /** Whether conflicting peer dependencies are installed anyway. */
  readonly legacyPeerDeps: boolean;
}

/** Fields of package.json that pnpm and yarn compare with their lock files. Scripts are not among them. */
const comparedFields = [
  'name',
  'version',
  'dependencies',
  'devDependencies',
  'optionalDependencies',
  'peerDependencies',
  'peerDependenciesMeta',
  'dependenciesMeta',
  'bin',
  'overrides',
  'resolutions',
  'pnpm',
] as const;

/** The default: a sandbox that can reach only registries. */
const fenced = 'only packages from the registry are supported';

/** The part of package.json that determines the installation. */
function readManifest(all: Record<string, unknown>): Manifest {
  const manifest: Manifest = {};
  for (const field of keptFields) {
    const value = all[field];
    if (value === undefined) continue;
    if (!isObject(value)) throw new Error(`"${field}" in package.json must be an object`);
    if (Object.keys(value).length > 0) manifest[field] = value;
  }
  for (const [name, spec] of Object.entries({ ...manifest.dependencies, ...manifest.optionalDependencies })) {
    if (typeof spec !== 'string')
      throw new Error(`the version of dependency "${name}" in package.json must be a string`);
  }
  return manifest;
}

/** Refuses dependencies from places that the runner must not read. */
function refuseLocalPlaces(manifest: Manifest): void {
  for (const [name, spec] of Object.entries({ ...manifest.dependencies, ...manifest.optionalDependencies })) {
    refuseLocal(`dependency "${name}" in package.json`, String(spec));
  }
  refuseLocalWithin('the overrides of package.json', manifest.overrides ?? {});
}

/** Whether a dependency's version is a location: a URL, a path, or a project on a code host. */
function isPlace(spec: string): boolean {
  return !/^(?:npm:|catalog:|\$)/.test(spec) && /[:/]/.test(spec);
}

/** Refuses dependencies from outside the registry, whose installation would fail. */
function refusePlaces(what: string, value: Record<string, unknown>, names?: readonly string[]): void {
  for (const [name, entry] of Object.entries(value)) {
    if (isObject(entry)) refusePlaces(what, entry, names);
    else if (typeof entry === 'string' && (names?.includes(name) ?? true) && isPlace(entry))
      throw new Error(`"${name}" in ${what} comes from "${entry}": ${fenced}; ${otherWay}`);
  }
}

/** Refuses paths and other kinds of URLs, which could reach the host's files and accounts. */
function refuseLocal(what: string, spec: string): void {
  const isLocal =
    /^(\.{0,2}\/|~\/)/.test(spec) || (/^[a-z+]+:/i.test(spec) && !/^(?:npm|catalog):/.test(spec));
  if (!isLocal || remoteSpec.test(spec)) return;
  throw new Error(
    `${what} comes from "${spec}": only the registry, http, https and git over https are supported; ${otherWay}`,
  );
}

/** Checks every text below `value` whose key is in `names`, or every text if `names` is omitted. */
function refuseLocalWithin(what: string, value: Record<string, unknown>, names?: readonly string[]): void {
  for (const [name, entry] of Object.entries(value)) {
    if (isObject(entry)) refuseLocalWithin(what, entry, names);
    else if (typeof entry === 'string' && (names?.includes(name) ?? true))
      refuseLocal(`"${name}" in ${what}`, entry);
  }
}

async function readLock(packageDir: string): Promise<NodeDeclaration['lock']> {
  for (const name of lockNames) {
    const text = await manifestText(packageDir, name, lockLimitBytes);
    if (text !== undefined) return { name, text };
  }
  return undefined;
}

/**
 * @returns undefined if there are no dependencies
 * @throws Error if it cannot be read, or dependencies come from places that are not allowed
 */
export async function readNodeDeclaration(
  packageDir: string,
  { isFenced, runsScripts, usesLockTools, nodeVersion }: NodeRules,
): Promise<NodeDeclaration | undefined> {
  const content = await readPackageJson(packageDir);
  if (content === undefined) return undefined;
  const manifest = readManifest(content);
  refuseLocalPlaces(manifest);
  if (manifest.dependencies === undefined && manifest.optionalDependencies === undefined) return undefined;
  const { legacyPeerDeps } = await readPackageNpmSettings(packageDir);
  const lock = await readLock(packageDir);
  const locked = lock && parseJson(lock.name, lock.text);
  if (lock !== undefined && locked !== undefined)
    refuseLocalWithin(lock.name, locked, ['resolved', 'version']);
  if (isFenced) {
    const { dependencies = {}, optionalDependencies = {}, overrides = {} } = manifest;
    refusePlaces('package.json', { ...dependencies, ...optionalDependencies, overrides });
    if (lock !== undefined && locked !== undefined) refusePlaces(lock.name, locked, ['version']);
  }
  const otherLock = lock === undefined && usesLockTools ? await readOther(packageDir, content) : undefined;
  const major = nodeVersion.split('.')[0];
  const decisive = [manifest, lock?.name, lock?.text, major, process.platform, process.arch];
  if (legacyPeerDeps) decisive.push('legacy-peer-deps');
  if (otherLock !== undefined) decisive.push(JSON.stringify(otherLock));
  return {
    key: createHash('sha256')
      .update(JSON.stringify([decisive, runsScripts]))
      .digest('hex'),
    manifestText: JSON.stringify({ name: 'worker', version: '0.0.0', private: true, ...manifest }),
    lock,
    otherLock,
    unreadLock: lock === undefined && otherLock === undefined ? await unreadLock(packageDir) : undefined,
    legacyPeerDeps,
  };
}

async function readOther(
  packageDir: string,
  content: Record<string, unknown>,
): Promise<NodeDeclaration['otherLock']> {
  const found = await readOtherLock(packageDir, content['packageManager']);
  if (found === undefined) return undefined;
  const compared = comparedFields.filter((field) => content[field] !== undefined);
  const manifest = Object.fromEntries(compared.map((field) => [field, content[field]]));
  const { pnpm } = manifest;
  // pnpm loads hooks from these packages. They are not part of what it compares.
  if (isObject(pnpm)) manifest['pnpm'] = { ...pnpm, configDependencies: undefined };
  const settings = found.tool === 'pnpm' ? await readPnpmSettings(packageDir) : undefined;
  if (settings !== undefined) refuseLocalWithin('pnpm-workspace.yaml', settings);
  return {
    ...found,
    manifestText: JSON.stringify({ private: true, ...manifest }),
    settingsFiles: settings === undefined ? {} : pnpmWorkspaceFile(settings),
  };
}

async function lockProblems(
  packageDir: string,
  content: Record<string, unknown>,
): Promise<ManifestProblem[]> {
  if ((await readLock(packageDir)) !== undefined) return [];
  const other = await readOtherLock(packageDir, content['packageManager']);
  if (other?.tool === 'pnpm') await readPnpmSettings(packageDir);
  if (other !== undefined) return [];
  const file = await unreadLock(packageDir);
  if (file === undefined) return [];
  const reason =
    'is not read, so npm chooses versions that package.json allows: create a package-lock.json with npm install --package-lock-only';
  return [{ kind: 'ignored', file, reason }];
}

/**
 * Problems with the dependencies of a Node package that its files reveal.
 * @throws Error if a file cannot be read
 */
export async function nodeManifestProblems(packageDir: string): Promise<ManifestProblem[]> {
  const content = await readPackageJson(packageDir);
  if (content === undefined) return [];
  const manifest = readManifest(content);
  const problems: ManifestProblem[] = [];
  for (const field of ['dependencies', 'optionalDependencies'] as const) {
    for (const [name, spec] of Object.entries(manifest[field] ?? {})) {
      if (typeof spec !== 'string' || !isPlace(spec)) continue;
      const place = { file: 'package.json', field: `${field}.${shortened(name)}`, text: shortened(spec) };
      problems.push({ kind: 'refused', ...place, reason: `${fenced}; ${otherWay}` });
    }
  }
  if (manifest.dependencies === undefined && manifest.optionalDependencies === undefined) return problems;
  const settings = await readPackageNpmSettings(packageDir);
  return [...problems, ...settings.problems, ...(await lockProblems(packageDir, content))];
}
