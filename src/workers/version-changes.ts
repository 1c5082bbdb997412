/** What changed from one version of a worker to another, besides the files: dependencies and input fields. */
import { readPythonManifest } from '../manifests/python-manifest.ts';
import type { Language } from './languages.ts';
import { manifestFile } from './package-dependencies.ts';
import { readPackageBytes } from './package-text.ts';
import { isJsonObject, parseJson } from './value-types.ts';

interface Changed<Value> {
  readonly name: string;
  /** Undefined if it was added. */
  readonly before: Value | undefined;
  /** Undefined if it was removed. */
  readonly after: Value | undefined;
}

const manifestLimitBytes = 1024 * 1024;

/** Entries of two maps that differ, by name. */
function differences<Value>(
  before: ReadonlyMap<string, Value>,
  after: ReadonlyMap<string, Value>,
): Changed<Value>[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].toSorted();
  return names
    .map((name) => ({ name, before: before.get(name), after: after.get(name) }))
    .filter((entry) => entry.before !== entry.after);
}

async function nodeDependencies(directory: string): Promise<Map<string, string>> {
  const bytes = await readPackageBytes(directory, manifestFile, manifestLimitBytes);
  const manifest = bytes === undefined ? undefined : parseJson(bytes.toString('utf8'));
  if (!isJsonObject(manifest)) return new Map();
  const lists = [manifest.peerDependencies, manifest.optionalDependencies, manifest.dependencies];
  return new Map(
    lists
      .flatMap((list) => (isJsonObject(list) ? Object.entries(list) : []))
      .map(([name, range]) => [name, String(range)]),
  );
}

async function pythonDependencies(directory: string): Promise<Map<string, string>> {
  const { requirements } = await readPythonManifest(directory);
  return new Map(
    requirements.map((requirement) => {
      const [name = requirement] = /^[\w.-]+/.exec(requirement) ?? [];
      return [name.toLowerCase(), requirement.slice(name.length).trim()];
    }),
  );
}

/** Version ranges by dependency; empty if they cannot be read. */
async function dependenciesOf(directory: string, language: Language): Promise<Map<string, string>> {
  const read = { node: nodeDependencies, python: pythonDependencies, go: undefined }[language];
  return (await read?.(directory).catch(() => undefined)) ?? new Map<string, string>();
}

/** The properties of an input schema as JSON, by name. */
function fieldsOf(inputSchema: string): Map<string, string> {
  const schema = parseJson(inputSchema);
  const properties: unknown = isJsonObject(schema) ? schema.properties : undefined;
  const fields = (Array.isArray(properties) ? (properties as unknown[]) : []).filter(isJsonObject);
  return new Map(fields.map((field) => [String(field.name), JSON.stringify(field)]));
}

/** A version, unpacked. */
interface UnpackedVersion {
  readonly directory: string;
  readonly language: Language;
  readonly inputSchema: string;
}

/** Dependencies whose version range differs, with the ranges before and after. */
export async function changedDependencies(
  base: UnpackedVersion,
  version: UnpackedVersion,
): Promise<Changed<string>[]> {
  return differences(
    await dependenciesOf(base.directory, base.language),
    await dependenciesOf(version.directory, version.language),
  );
}

/** Input fields that differ, as JSON before and after. */
export function changedFields(base: UnpackedVersion, version: UnpackedVersion): Changed<string>[] {
  return differences(fieldsOf(base.inputSchema), fieldsOf(version.inputSchema));
}
