/** What of a Node package decides which dependencies are installed: parts of package.json, and the lock file. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { depthLimit, inspectJson } from '../../json/json-text.ts';

/** Where npm on the host may take packages from besides the registry; anything else would be a file or a secret of it. */
const remoteSpec = /^(https?:|git\+https:|github:|gitlab:|bitbucket:)/;
const lockNames = ['npm-shrinkwrap.json', 'package-lock.json'];
const keptFields = ['dependencies', 'optionalDependencies', 'overrides'] as const;
const manifestLimitBytes = 1024 * 1024;
/** Those of projects with thousands of dependencies come to 5 MB. */
const lockLimitBytes = 16 * 1024 * 1024;

type Manifest = Partial<Record<(typeof keptFields)[number], Record<string, unknown>>>;

/** How they are to be installed, as the configuration says. */
export interface NodeRules {
  /** Whether only registries can be reached. */
  readonly isFenced: boolean;
  readonly runsScripts: boolean;
}

export interface NodeDeclaration {
  /** Tells what is installed: a hash. */
  readonly key: string;
  /** package.json as npm gets it. */
  readonly manifestText: string;
  readonly lock: { readonly name: string; readonly text: string } | undefined;
}

async function textOf(packageDir: string, name: string, limitBytes: number): Promise<string | undefined> {
  try {
    await using handle = await open(path.join(packageDir, name));
    if ((await handle.stat()).size > limitBytes)
      throw new Error(`${name} is larger than ${limitBytes} bytes`);
    return await handle.readFile('utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseJson(name: string, content: string): Record<string, unknown> {
  const text = content.replace(/^\uFEFF/, '');
  if (inspectJson(text).isTooDeep) throw new Error(`${name} is nested deeper than ${depthLimit} levels`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`${name} is not valid JSON: ${(error as Error).message}`, { cause: error });
  }
  if (!isObject(value)) throw new Error(`${name} must hold a JSON object`);
  return value;
}

/** The part of package.json that decides what is installed. */
function readManifest(content: string): Manifest {
  const all = parseJson('package.json', content);
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
    refuseLocal(`dependency "${name}" in package.json`, spec);
  }
  refuseLocalWithin('the overrides of package.json', manifest.overrides ?? {});
  return manifest;
}

/** Whatever names a place: an address, a path, or a project of a well-known host. */
function isPlace(spec: string): boolean {
  return !/^(?:npm:|\$)/.test(spec) && /[:/]/.test(spec);
}

/** Where only registries can be reached, other places need not be tried. */
function refusePlaces(what: string, value: Record<string, unknown>, names?: readonly string[]): void {
  for (const [name, entry] of Object.entries(value)) {
    if (isObject(entry)) refusePlaces(what, entry, names);
    else if (typeof entry === 'string' && (names?.includes(name) ?? true) && isPlace(entry))
      throw new Error(
        `"${name}" in ${what} comes from "${entry}": dependencies are installed in a sandbox that reaches the registry only`,
      );
  }
}

/** Paths and addresses of other kinds would reach into the host's own files and accounts. */
function refuseLocal(what: string, spec: string): void {
  const isLocal = /^(\.{0,2}\/|~\/)/.test(spec) || (/^[a-z+]+:/i.test(spec) && !spec.startsWith('npm:'));
  if (!isLocal || remoteSpec.test(spec)) return;
  throw new Error(
    `${what} comes from "${spec}": only the registry, http, https and git over https are possible`,
  );
}

/** Looks at every text below `value` that is named one of `names`; at every one where no names are given. */
function refuseLocalWithin(what: string, value: Record<string, unknown>, names?: readonly string[]): void {
  for (const [name, entry] of Object.entries(value)) {
    if (isObject(entry)) refuseLocalWithin(what, entry, names);
    else if (typeof entry === 'string' && (names?.includes(name) ?? true))
      refuseLocal(`"${name}" in ${what}`, entry);
  }
}

async function readLock(packageDir: string): Promise<NodeDeclaration['lock']> {
  for (const name of lockNames) {
    const text = await textOf(packageDir, name, lockLimitBytes);
    if (text !== undefined) return { name, text };
  }
  return undefined;
}

/**
 * @returns undefined where there are no dependencies
 * @throws Error for what cannot be read, and for dependencies from where they may not come
 */
export async function readNodeDeclaration(
  packageDir: string,
  { isFenced, runsScripts }: NodeRules,
): Promise<NodeDeclaration | undefined> {
  const content = await textOf(packageDir, 'package.json', manifestLimitBytes);
  if (content === undefined) return undefined;
  const manifest = readManifest(content);
  if (manifest.dependencies === undefined && manifest.optionalDependencies === undefined) return undefined;
  const lock = await readLock(packageDir);
  const locked = lock && parseJson(lock.name, lock.text);
  if (lock !== undefined && locked !== undefined)
    refuseLocalWithin(lock.name, locked, ['resolved', 'version']);
  if (isFenced) {
    const { dependencies = {}, optionalDependencies = {}, overrides = {} } = manifest;
    refusePlaces('package.json', { ...dependencies, ...optionalDependencies, overrides });
    if (lock !== undefined && locked !== undefined) refusePlaces(lock.name, locked, ['version']);
  }
  const major = process.versions.node.split('.')[0];
  const decisive = [manifest, lock?.name, lock?.text, major, process.platform, process.arch];
  return {
    key: createHash('sha256')
      .update(JSON.stringify([decisive, runsScripts]))
      .digest('hex'),
    manifestText: JSON.stringify({ name: 'worker', version: '0.0.0', private: true, ...manifest }),
    lock,
  };
}
