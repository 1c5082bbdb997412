/** Finds imports, calls and literals in the sources of a package by patterns. */
import type { Language } from './languages.ts';
import { listPackageFiles } from './package-files.ts';
import { readPackageBytes } from './package-text.ts';

/** A source file without its comment lines. */
export interface Source {
  readonly file: string;
  readonly text: string;
  /** Whether it belongs to the vendored SDK, of which only the imports are checked. */
  readonly isSdk: boolean;
}

/** Larger files are generated, and checking them would take too long. */
const fileLimitBytes = 1024 * 1024;
const totalLimitBytes = 8 * 1024 * 1024;

const notSources = new Set(['node_modules', 'site-packages', 'venv', '.venv', '__pycache__', '.git']);

const patterns: Record<Language, { source: RegExp; sdk: RegExp; comment: RegExp }> = {
  node: {
    source: /\.[cm]?[jt]s$/,
    sdk: /^sdk(?:_pb|_grpc_pb|_storage)?\.[cm]?js$/,
    comment: /^[ \t]*(?:\/\/|\/\*|\*).*$/gm,
  },
  python: { source: /\.py$/, sdk: /^sdk(?:_pb2|_pb2_grpc|_storage)?\.py$/, comment: /^[ \t]*#.*$/gm },
  go: { source: /\.go$/, sdk: /^GoSdk\//i, comment: /^[ \t]*(?:\/\/|\/\*|\*).*$/gm },
};

export async function readSources(dir: string, language: Language): Promise<Source[]> {
  const { source, sdk, comment } = patterns[language];
  const sources: Source[] = [];
  let leftBytes = totalLimitBytes;
  const files = await listPackageFiles(dir, { leftOut: notSources, links: 'skip' });
  for (const { path: file, sizeBytes } of files) {
    if (!source.test(file) || sizeBytes > Math.min(fileLimitBytes, leftBytes)) continue;
    const bytes = await readPackageBytes(dir, file, sizeBytes);
    if (bytes === undefined) continue;
    leftBytes -= bytes.length;
    sources.push({ file, text: bytes.toString('utf8').replaceAll(comment, ''), isSdk: sdk.test(file) });
  }
  return sources;
}

function nodeModules(text: string): string[] {
  const imports = text.matchAll(
    /\b(?:require\s{0,9}\(|from|import\s{0,9}\(?)\s{0,9}(['"`])([^'"`\n]{1,214})\1/g,
  );
  return Array.from(imports, ([, , specifier = '']) => {
    const name = specifier.replace(/^node:/, '');
    if (name.startsWith('.')) return name;
    return name
      .split('/')
      .slice(0, name.startsWith('@') ? 2 : 1)
      .join('/');
  });
}

function pythonModules(text: string): string[] {
  return Array.from(text.matchAll(/^[ \t]*(import|from)[ \t]+([^\n#]{1,1000})/gm), (match) => {
    const [, keyword, rest = ''] = match;
    if (keyword === 'import') return rest.split(',').map((part) => part.trim().split(/\s/, 1)[0] ?? '');
    const [module = '', names = ''] = rest.split(/\s{1,9}import\s{1,9}/, 2);
    // "from urllib import request" imports urllib.request.
    const inner = names.split(',').map((part) => part.trim().replaceAll(/[()]/g, '').split(/\s/, 1)[0] ?? '');
    return [module.trim(), ...inner.map((name) => `${module.trim()}.${name}`)];
  }).flat();
}

function goModules(text: string): string[] {
  return Array.from(
    text.matchAll(
      /^[ \t]{0,99}(?:import[ \t]{1,9})?(?:[\w.]{1,99}[ \t]{1,9})?"([\w./-]{1,300})"[ \t\r]{0,99}$/gm,
    ),
    ([, name = '']) => name,
  );
}

/** Names that a source imports: npm packages and relative paths, dotted Python modules, or Go packages. */
export function importedModules(text: string, language: Language): Set<string> {
  const modules = { node: nodeModules, python: pythonModules, go: goModules }[language](text);
  return new Set(modules);
}

const closing: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

/** Maximum length of an argument list, in characters. */
const callLimit = 4000;

/**
 * Reads the arguments of a call, as source text.
 * @param start index after the opening parenthesis
 * @returns no arguments if the call does not end within the limit; `end` is the index where reading stopped
 */
function readArguments(text: string, start: number): { found: string[]; end: number } {
  const found: string[] = [];
  const open: string[] = [];
  let quote = '';
  let argumentStart = start;
  let index = start;
  for (; index < Math.min(text.length, start + callLimit); index += 1) {
    const character = text.charAt(index);
    if (quote !== '') {
      if (character === '\\') index += 1;
      else if (character === quote) quote = '';
      continue;
    }
    const closer = closing[character];
    if (character === '"' || character === "'" || character === '`') {
      quote = character;
    } else if (closer !== undefined) {
      open.push(closer);
    } else if (character === open.at(-1)) {
      open.pop();
    } else if (open.length === 0 && (character === ',' || character === ')')) {
      found.push(text.slice(argumentStart, index).trim());
      argumentStart = index + 1;
      if (character === ')') return { found: found.filter((argument) => argument !== ''), end: index };
    }
  }
  return { found: [], end: index };
}

/** The column names that a source upserts by, as far as they are literals. */
export function upsertKeys(text: string): Set<string> {
  const keys = new Set<string>();
  const call = /\b(?:upsert_data|upsertData|UpsertData)\s{0,9}\(/g;
  while (call.exec(text) !== null) {
    const { found, end } = readArguments(text, call.lastIndex);
    // Continue after the call: no character is read twice, so even a hostile source takes linear time.
    call.lastIndex = end;
    const last = found.length < 2 ? '' : (found.at(-1) ?? '');
    const key = /^(?:unique_key\s*=\s*)?(['"`])([^'"`\\$]+)\1$/.exec(last)?.[2];
    if (key !== undefined) keys.add(key);
  }
  const inRow = /__coreclaw_upsert_key__['"]?\s{0,9}\]?\s{0,9}[:=]\s{0,9}['"]([^'"\n]{1,200})['"]/g;
  for (const [, key = ''] of text.matchAll(inRow)) keys.add(key);
  return keys;
}

const credentialPatterns = [
  // socks5://user:password@host, http://user:password@host
  /\b(?:socks[45]?[ah]?|https?|wss?):\/\/[^\s'"`:/@{}$<>%]{1,200}:[^\s'"`/@{}$<>%]{1,200}@/i,
  // PROXY_AUTH = "user:password", process.env.PROXY_AUTH || 'user:password'
  /\bproxy_?auth['"]?\s{0,9}[)\]]?\s{0,9}(?::=|[:=,]|\|\||\?\?|or\b)\s{0,99}['"`][^\s'"`:{}$<>]{1,200}:(?!\/\/)[^\s'"`{}$<>]{1,200}['"`]/i,
];

const proxyObject = /\bprox(?:y|ies)['"]?\s{0,9}[:=]\s{0,9}\{/gi;
const spelledPassword = /\bpassword['"]?\s{0,9}[:=]\s{0,9}['"`][^\s'"`{}$<>]{1,200}['"`]/gi;
/** Maximum distance from the opening brace of a proxy object to its password, in characters. */
const longestProxyObject = 200;

/**
 * Finds `proxy: { host, auth: { username: 'user', password: 'password' } }`. Takes linear time: each password is paired
 * only with the last proxy before it.
 * @returns index of the first such proxy
 */
function proxyWithPassword(text: string): number | undefined {
  const proxies = text.matchAll(proxyObject);
  let next = proxies.next();
  let last: { start: number; end: number } | undefined;
  for (const { index: password } of text.matchAll(spelledPassword)) {
    for (; next.done !== true && next.value.index < password; next = proxies.next()) {
      last = { start: next.value.index, end: next.value.index + next.value[0].length };
    }
    if (last === undefined || password - last.end > longestProxyObject) continue;
    if (!text.slice(last.end, password).includes(';')) return last.start;
  }
  return undefined;
}

/** @returns the first line with literal proxy credentials, 1-based; undefined if there is none */
export function hardCodedCredentials(text: string): number | undefined {
  const starts = [
    ...credentialPatterns.map((pattern) => pattern.exec(text)?.index),
    proxyWithPassword(text),
  ].filter((start) => start !== undefined);
  return starts.length === 0 ? undefined : text.slice(0, Math.min(...starts)).split('\n').length;
}
