/** Finds imports of the SDK whose file is not in the package. Such a worker fails at its first line. */
import { lstat } from 'node:fs/promises';
import path from 'node:path';
import { quoted, type Findings } from './findings.ts';
import type { Language } from './languages.ts';
import { listPackageFiles } from './package-files.ts';
import { importedModules, type Source } from './package-sources.ts';

interface ImportingPackage {
  readonly dir: string;
  readonly language: Language;
  /** The sources that the entry imports, directly or not, and the entry itself. */
  readonly reached: readonly Source[];
  /** Names of the declared dependencies. */
  readonly dependencies: ReadonlySet<string>;
}

/** A file of the SDK that a source imports. */
interface SdkImport {
  /** Where the file is expected: a path within the package. */
  readonly file: string;
  readonly importer: string;
}

const nodeFile = /^\.{1,2}\/(?:.*\/)?(sdk(?:_pb|_grpc_pb|_storage)?)(?:\.[cm]?js)?$/;
const pythonFile = /^sdk(?:_pb2|_pb2_grpc|_storage)?$/;

/** A distribution such as `shop-sdk` may bring a module of that name. */
const sdkDistribution = /(?:^|-)sdk(?:-|$)/;

const languageNames: Readonly<Record<Language, string>> = { node: 'Node', python: 'Python', go: 'Go' };

/** Lines to look back for the `try` that guards an import. */
const guardLines = 20;

function withoutStrings(text: string): string {
  return ['"""', "'''"].reduce(
    // Every second part is within the quotes.
    (left, quote) =>
      left
        .split(quote)
        .filter((_, index) => index % 2 === 0)
        .join(''),
    text,
  );
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

/** Leaves out lines within `try:`, whose failure the source handles. */
function withoutGuardedLines(text: string): string {
  const lines = text.split('\n');
  return lines
    .filter((line, index) => {
      const indent = indentOf(line);
      if (indent === 0 || !line.includes('sdk')) return true;
      const before = lines.slice(Math.max(0, index - guardLines), index).toReversed();
      const opening = before.find((other) => other.trim() !== '' && indentOf(other) < indent);
      return opening?.trim() !== 'try:';
    })
    .join('\n');
}

/** Leaves out the blocks of `try` without inner blocks, whose failure the source handles. */
function withoutGuardedBlocks(text: string): string {
  return text
    .split(/\btry\s{0,9}\{/)
    .map((part, index) => (index === 0 ? part : part.slice(Math.max(0, part.indexOf('}')))))
    .join('');
}

/** The absolute path of a name that Node may resolve: itself, a folder, or with an ending. */
async function exists(dir: string, file: string): Promise<boolean> {
  const place = path.join(dir, file);
  const endings = ['', '.js', '.cjs', '.mjs', '.ts', '.json', '.node'];
  const found = await Promise.all(
    endings.map(async (ending) => lstat(`${place}${ending}`).catch(() => undefined)),
  );
  return found.some((stats) => stats !== undefined);
}

async function missingNodeFile(dir: string, source: Source, module: string): Promise<SdkImport | undefined> {
  const name = nodeFile.exec(module)?.[1];
  if (name === undefined) return undefined;
  const place = path.posix.join(path.posix.dirname(source.file), module);
  if (place.startsWith('..')) return undefined;
  if (await exists(dir, place)) return undefined;
  const file = path.posix.join(path.posix.dirname(place), `${name}.js`);
  return { file, importer: source.file };
}

async function missingNodeFiles({ dir, reached }: ImportingPackage): Promise<SdkImport[]> {
  const found = reached.flatMap((source) =>
    [...importedModules(withoutGuardedBlocks(source.text), 'node')].map(async (module) =>
      missingNodeFile(dir, source, module),
    ),
  );
  return (await Promise.all(found)).filter((missing) => missing !== undefined);
}

async function missingPythonFiles({ dir, reached, dependencies }: ImportingPackage): Promise<SdkImport[]> {
  if ([...dependencies].some((name) => sdkDistribution.test(name))) return [];
  const imports = reached.flatMap(({ file, text }) => {
    const modules = importedModules(withoutGuardedLines(withoutStrings(text)), 'python');
    return [...modules].filter((name) => pythonFile.test(name)).map((name) => ({ name, importer: file }));
  });
  if (imports.length === 0) return [];
  // Anywhere in the package, because programs may extend the path on which Python searches.
  const files = await listPackageFiles(dir, { links: 'skip' });
  const parts = new Set(files.flatMap(({ path: file }) => file.split('/').map((part) => part.split('.')[0])));
  return imports
    .filter(({ name }) => !parts.has(name))
    .map(({ name, importer }) => ({ file: `${name}.py`, importer }));
}

/** Adds an error for each file of the SDK that the program imports and the package lacks. */
export async function checkSdkFiles(checked: ImportingPackage, findings: Findings): Promise<void> {
  const { language } = checked;
  if (language === 'go') return;
  const missing = await (language === 'node' ? missingNodeFiles(checked) : missingPythonFiles(checked));
  const byFile = new Map(missing.map((found) => [found.file, found]));
  for (const { file, importer } of byFile.values()) {
    const message = `is missing, but ${quoted(importer)} imports it: add the SDK for ${languageNames[language]}, which GET /api/v2/worker-sdks/${language}/package downloads`;
    findings.error(file, message);
  }
}
