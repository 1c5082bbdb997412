import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';

const dist = path.resolve(import.meta.dirname, '../../console/dist');
const maximumBytes = 250_000;

/** A script with all its static imports, by name; dynamic imports are left out. */
async function withImports(name: string, found = new Map<string, string>()): Promise<Map<string, string>> {
  if (found.has(name)) return found;
  const code = await readFile(path.join(dist, 'assets', name), 'utf8');
  found.set(name, code);
  for (const [, imported] of code.matchAll(/(?:from|^import|;import)\s*["']\.\/([^"']+\.js)["']/g)) {
    if (imported !== undefined) await withImports(imported, found);
  }
  return found;
}

async function entryScripts(): Promise<Map<string, string>> {
  const html = await readFile(path.join(dist, 'index.html'), 'utf8');
  const found = new Map<string, string>();
  for (const [, name] of html.matchAll(/assets\/([^"]+\.js)"/g)) await withImports(name ?? '', found);
  return found;
}

function compressedBytes(scripts: ReadonlyMap<string, string>): number {
  return [...scripts.values()].reduce((sum, code) => sum + gzipSync(code).length, 0);
}

test('the code that every page loads stays small', async () => {
  const scripts = await entryScripts();
  expect(scripts.size).toBeGreaterThan(0);
  expect(compressedBytes(scripts)).toBeLessThan(maximumBytes);
});

test('the initial bundle contains neither charts nor the command palette', async () => {
  const names = [...(await entryScripts()).keys()];
  expect(names.filter((name) => /^(?:charts|command-palette)/.test(name))).toEqual([]);
});

test('no bundle contains a server schema or imports a Node module', async () => {
  const assets = path.join(dist, 'assets');
  const names = (await readdir(assets)).filter((name) => name.endsWith('.js'));
  expect(names.length).toBeGreaterThan(0);
  const codes = await Promise.all(
    names.map(async (name) => ({ name, code: await readFile(path.join(assets, name), 'utf8') })),
  );
  // `~kind` marks typebox schemas; the words are a description in `src/answers/runs.ts`.
  const foreign = codes.filter(({ code }) => /["'`]node:[a-z]|~kind|usable as workerId/.test(code));
  expect(foreign.map(({ name }) => name)).toEqual([]);
});
