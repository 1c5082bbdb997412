/** Finds the sources of a package that may run. Tests and examples count only if the program imports them. */
import path from 'node:path';
import type { Language } from './languages.ts';
import { importedModules, type Source } from './package-sources.ts';

const sideFolders = new Set(['test', 'tests', '__tests__', 'spec', 'specs', 'example', 'examples', 'docs']);

function isTestOrExample(file: string): boolean {
  const folders = file.split('/');
  const name = folders.pop() ?? '';
  if (folders.some((folder) => sideFolders.has(folder.toLowerCase()))) return true;
  const stem = name.slice(0, name.lastIndexOf('.'));
  return /^(?:test_|conftest$)/.test(stem) || /(?:_test|[.-]test|[.-]spec)$/.test(stem);
}

const nodeEndings = ['', '.js', '.cjs', '.mjs', '.ts', '/index.js', '/index.cjs', '/index.mjs'];

/** Files that a Node import may resolve to. @param file the importing file */
function nodeCandidates(file: string, module: string): string[] {
  if (!module.startsWith('.')) return [];
  const place = path.posix.join(path.posix.dirname(file), module);
  return nodeEndings.map((ending) => `${place}${ending}`);
}

/** Files that a Python import may resolve to, including each parent package, which runs too. */
function pythonCandidates(file: string, module: string): string[] {
  const names = module.split('.');
  const parts = names.filter((name) => name !== '').slice(0, 20);
  const dots = names.findIndex((name) => name !== '');
  const own = path.posix.dirname(file);
  const folders = dots > 0 ? [path.posix.join(own, '../'.repeat(Math.min(dots - 1, 20)))] : ['', own];
  return folders.flatMap((folder) =>
    parts.flatMap((_, index) => {
      const place = path.posix.join(folder, ...parts.slice(0, index + 1));
      return [`${place}.py`, `${place}/__init__.py`];
    }),
  );
}

const candidatesOf: Record<Language, (file: string, module: string) => string[]> = {
  node: nodeCandidates,
  python: pythonCandidates,
  go: () => [],
};

/** The paths of the entry and of the sources that it imports, directly or not. */
function reachedFiles(sources: readonly Source[], entry: string, language: Language): Set<string> {
  const byFile = new Map(sources.map((source) => [source.file, source]));
  const reached = new Set([entry]);
  for (const file of reached) {
    const source = byFile.get(file);
    if (source === undefined) continue;
    for (const module of importedModules(source.text, language)) {
      for (const candidate of candidatesOf[language](file, module)) {
        if (byFile.has(candidate)) reached.add(candidate);
      }
    }
  }
  return reached;
}

/** The entry and the sources that it imports, directly or not. */
export function reachedSources(sources: readonly Source[], entry: string, language: Language): Source[] {
  const reached = reachedFiles(sources, entry, language);
  return sources.filter(({ file }) => reached.has(file));
}

/**
 * @param entry path of the file that is run
 * @returns the sources that may run: those that the entry imports, directly or not, and all except tests and examples
 */
export function sourcesThatRun(sources: readonly Source[], entry: string, language: Language): Source[] {
  const reached = reachedFiles(sources, entry, language);
  return sources.filter(({ file }) => reached.has(file) || !isTestOrExample(file));
}
