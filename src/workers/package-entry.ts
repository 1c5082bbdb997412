/** Finds the entry file of a package, which determines its language. */
import path from 'node:path';
import { quoted, type Findings } from './findings.ts';
import type { Language } from './languages.ts';
import { listPackageFiles } from './package-files.ts';
import { isPackageFile, readPackageBytes } from './package-text.ts';
import type { JsonObject } from './value-types.ts';

const goBuild = 'CGO_ENABLED=0 GOOS=linux GOARCH=amd64 go build -o main .';

const entryFiles: Readonly<Record<string, Language>> = { 'main.js': 'node', 'main.py': 'python', main: 'go' };
/** Runs if there is no other entry: beside main.js, it is its source. */
const typeScriptEntry = 'main.ts';
const entryNames = [...Object.keys(entryFiles), typeScriptEntry];

interface Entry {
  readonly language: Language;
  readonly entry: string;
}

/** Finds the `main` of package.json as Node does: it may omit the ending, or name a folder. */
async function mainOfManifest(dir: string, manifest: JsonObject | undefined): Promise<string | undefined> {
  const main = manifest?.main;
  if (typeof main !== 'string' || main.trim() === '' || path.isAbsolute(main)) return undefined;
  const named = path.posix.normalize(main);
  if (named.startsWith('..')) return undefined;
  for (const candidate of [named, `${named}.js`, `${named}.ts`, path.posix.join(named, 'index.js')]) {
    if (await isPackageFile(dir, candidate)) return candidate;
  }
  return undefined;
}

/** Finds the file to run. Adds an error if there is none, or more than one. */
export async function findEntry(
  dir: string,
  manifest: JsonObject | undefined,
  findings: Findings,
): Promise<Entry | undefined> {
  const found: Entry[] = [];
  for (const [entry, language] of Object.entries(entryFiles)) {
    if (await isPackageFile(dir, entry)) found.push({ language, entry });
  }
  const [only, ...others] = found;
  if (others.length > 0) {
    const names = found.map(({ entry }) => entry).join(' and ');
    findings.error('package', `has more than one entry file: ${names}; keep only one`);
    return undefined;
  }
  if (only !== undefined) return only;
  const main = await mainOfManifest(dir, manifest);
  if (main !== undefined) return { language: 'node', entry: main };
  if (await isPackageFile(dir, typeScriptEntry)) return { language: 'node', entry: typeScriptEntry };
  const names = entryNames.join(', ');
  findings.error(
    'package',
    `has no entry file: ${await entryAdvice(dir, `add one of ${names} at its root`)}`,
  );
  return undefined;
}

/** What to do about a missing entry file, depending on the other files. */
async function entryAdvice(dir: string, otherwise: string): Promise<string> {
  if ((await isPackageFile(dir, 'main.go')) || (await isPackageFile(dir, 'go.mod')))
    return `it is Go source: build it with ${goBuild}, and add the file main to the package`;
  const files = await listPackageFiles(dir, { leftOut: new Set(['node_modules', '.git']), links: 'skip' });
  const deeper = files
    .map((file) => file.path)
    .filter((file) => entryNames.includes(path.posix.basename(file)))
    .toSorted((one, other) => one.split('/').length - other.split('/').length);
  const [nearest] = deeper;
  if (nearest === undefined) return otherwise;
  const folder = path.posix.dirname(nearest);
  return `${quoted(nearest)} is not at its root; build the package from the contents of the folder ${quoted(folder)}`;
}

/** Adds a warning if the entry is neither a binary for linux/amd64 nor a script. */
export async function inspectGoEntry(dir: string, entry: string, findings: Findings): Promise<void> {
  const header = (await readPackageBytes(dir, entry, 20)) ?? Buffer.alloc(0);
  const isElf = header.length === 20 && header.readUInt32BE(0) === 0x7f454c46;
  const amd64 = 62;
  if (isElf && header[4] === 2 && header.readUInt16LE(18) === amd64) return;
  const isScript = header.subarray(0, 2).toString('latin1') === '#!';
  if (!isScript) findings.warn(entry, `is not compiled for linux/amd64; build it with ${goBuild}`);
}
