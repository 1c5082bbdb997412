/** Warnings about the code of a package. They are based on patterns, so they never block an upload. */
import { quoted, type Findings } from './findings.ts';
import type { Language } from './languages.ts';
import {
  hardCodedCredentials,
  importedModules,
  readSources,
  upsertKeys,
  type Source,
} from './package-sources.ts';
import { sourcesThatRun } from './run-sources.ts';

interface CheckedPackage {
  readonly dir: string;
  readonly entry: string;
  readonly language: Language;
  /** Names of the declared dependencies. */
  readonly dependencies: ReadonlySet<string>;
  /** The file that declares dependencies. */
  readonly dependencyFile: string;
  /** Undefined if the package has no output schema. */
  readonly columns: ReadonlySet<string> | undefined;
}

/** Modules that open their own connections. */
const httpModules: Record<Language, readonly string[]> = {
  node: [
    'axios',
    'cross-fetch',
    'got',
    'got-scraping',
    'http',
    'http2',
    'https',
    'ky',
    'needle',
    'node-fetch',
    'request',
    'request-promise',
    'superagent',
    'undici',
  ],
  python: [
    'aiohttp',
    'cloudscraper',
    'curl_cffi',
    'http.client',
    'httpx',
    'primp',
    'pycurl',
    'requests',
    'scrapy',
    'tls_client',
    'urllib.request',
    'urllib3',
  ],
  go: ['net/http'],
};

/** Modules that the SDK imports, and the dependencies that provide them. */
const sdkDependencies: Record<Language, Readonly<Record<string, string>>> = {
  node: { '@grpc/grpc-js': '@grpc/grpc-js', 'google-protobuf': 'google-protobuf' },
  python: { grpc: 'grpcio', 'google.protobuf': 'protobuf' },
  go: {},
};

/** Whether a module is imported; for Python also through a submodule. */
function imports(modules: ReadonlySet<string>, name: string, language: Language): boolean {
  if (modules.has(name)) return true;
  return language === 'python' && [...modules].some((module) => module.startsWith(`${name}.`));
}

function usesHttp(source: Source, modules: ReadonlySet<string>, language: Language): boolean {
  if (httpModules[language].some((name) => imports(modules, name, language))) return true;
  return language === 'node' && /(?<![.\w$])fetch\s{0,9}\(/.test(source.text);
}

function usesSdk(modules: ReadonlySet<string>, language: Language): boolean {
  if (language === 'python') return modules.has('sdk');
  return [...modules].some((module) => /^\.{1,2}\/(?:.*\/)?sdk(?:\.[cm]?js)?$/.test(module));
}

/** The dependencies that the package's SDK needs: those that it imports, or all if no import is found. */
function neededBySdk(modules: ReadonlySet<string>, language: Language): string[] {
  const all = Object.entries(sdkDependencies[language]);
  const imported = all.filter(([module]) => imports(modules, module, language));
  return (imported.length === 0 ? all : imported).map(([, dependency]) => dependency);
}

/** Adds warnings about a package's sources. */
export async function inspectSources(checked: CheckedPackage, findings: Findings): Promise<void> {
  const { language, columns } = checked;
  const sources = sourcesThatRun(await readSources(checked.dir, language), checked.entry, language);
  const allModules = new Set<string>();
  let hasSdk = false;
  let firstHttp: string | undefined;
  for (const source of sources) {
    const modules = importedModules(source.text, language);
    for (const module of modules) allModules.add(module);
    hasSdk ||= source.isSdk || usesSdk(modules, language);
    if (source.isSdk) continue;
    if (usesHttp(source, modules, language)) firstHttp ??= source.file;
    const line = hardCodedCredentials(source.text);
    if (line !== undefined) {
      const message = `line ${line} contains proxy credentials; read PROXY_AUTH and PROXY_DOMAIN from the environment instead`;
      findings.warn(source.file, message);
    }
    for (const key of columns === undefined ? [] : upsertKeys(source.text)) {
      if (columns?.has(key)) continue;
      findings.warn(
        source.file,
        `upserts by the key ${quoted(key)}, which output_schema.json does not declare`,
      );
    }
  }
  for (const name of hasSdk ? neededBySdk(allModules, language) : []) {
    if (checked.dependencies.has(name)) continue;
    findings.warn(checked.dependencyFile, `does not declare ${name}, which the SDK requires`);
  }
  const readsProxy = sources.some(({ isSdk, text }) => !isSdk && /PROXY_(?:AUTH|DOMAIN)/.test(text));
  if (firstHttp !== undefined && !readsProxy) {
    const message =
      'makes HTTP requests, but the package never reads PROXY_AUTH and PROXY_DOMAIN; without the transparent network, workers can reach others only through that proxy';
    findings.warn(firstHttp, message);
  }
}
