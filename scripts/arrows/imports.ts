/** Reads the imports between the files of a folder, including type imports. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseSync, Visitor } from 'vite';

export interface Import {
  /** Paths relative to the folder. */
  readonly from: string;
  readonly to: string;
}

const sourceFile = /\.(ts|tsx|cjs|mjs)$/;

/** The specifiers that a module imports in statements, expressions and types. */
function requestsOf(file: string, text: string): string[] {
  const { module, program, errors } = parseSync(file, text);
  const [error] = errors;
  if (error !== undefined) throw new Error(`${file} cannot be parsed: ${error.message}`);
  const found = [
    ...module.staticImports.map(({ moduleRequest }) => moduleRequest.value),
    ...module.staticExports.flatMap(({ entries }) =>
      entries.flatMap(({ moduleRequest }) => moduleRequest?.value ?? []),
    ),
  ];
  new Visitor({
    ImportExpression: ({ source }) => {
      if (source.type === 'Literal' && typeof source.value === 'string') found.push(source.value);
    },
    TSImportType: ({ source }) => {
      found.push(source.value);
    },
  }).visit(program);
  return found;
}

/** @returns the imports between files in the folder or beside it, without duplicates */
export async function readImports(folder: string, places: readonly string[]): Promise<Import[]> {
  const found: Import[] = [];
  for (const place of places) {
    const entries = await readdir(path.join(folder, place), { recursive: true, withFileTypes: true });
    for (const entry of entries) {
      if (!entry.isFile() || !sourceFile.test(entry.name)) continue;
      const file = path.join(entry.parentPath, entry.name);
      const requests = requestsOf(file, await readFile(file, 'utf8'));
      const targets = requests
        .filter((request) => request.startsWith('.') && sourceFile.test(request))
        .map((request) => path.resolve(path.dirname(file), request));
      for (const target of new Set(targets))
        found.push({ from: path.relative(folder, file), to: path.relative(folder, target) });
    }
  }
  return found;
}
