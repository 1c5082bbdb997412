/** Warnings about the code of a package. They are based on patterns, so they never block an upload. */
import { quoted, type Findings } from './findings.ts';
import type { Language } from './languages.ts';
import { hardCodedCredentials, importedModules, upsertKeys, type Source } from './package-sources.ts';
import { sourcesThatRun } from './run-sources.ts';

interface CheckedPackage {
  /** All sources of the package. */
  readonly sources: readonly Source[];
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

/** Modules that the SDK for Node imports, and that its package has to declare. Python packages get theirs in any case. */
const sdkDependencies = ['@grpc/grpc-js', 'google-protobuf'];

/** Whether a module is imported; for Python also through a submodule. */
function imports(modules: ReadonlySet<string>, name: string, language: Language): boolean {
  if (modules.has(name)) return true;
  return language === 'python' && [...modules].some((module) => module.startsWith(`${name}.`));
}

function usesHttp(source: Source, modules: ReadonlySet<string>, language: Language): boolean {
  if (httpModules[language].some((name) => imports(modules, name, language))) return true;
  return language === 'node' && /(?<![.\w$])fetch\s{0,9}\(/.test(source.text);
}

/** Whether a Node source imports the SDK. */
function usesSdk(modules: ReadonlySet<string>): boolean {
  return [...modules].some((module) => /^\.{1,2}\/(?:.*\/)?sdk(?:\.[cm]?js)?$/.test(module));
}

/** Adds warnings about a package's sources. */
export function inspectSources(checked: CheckedPackage, findings: Findings): void {
  const { language, columns } = checked;
  const sources = sourcesThatRun(checked.sources, checked.entry, language);
  const allModules = new Set<string>();
  let hasSdk = false;
  let firstHttp: string | undefined;
  for (const source of sources) {
    const modules = importedModules(source.text, language);
    for (const module of modules) allModules.add(module);
    hasSdk ||= source.isSdk || usesSdk(modules);
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
  const needed = hasSdk && language === 'node' ? sdkDependencies.filter((name) => allModules.has(name)) : [];
  for (const name of needed.filter((module) => !checked.dependencies.has(module))) {
    findings.warn(
      checked.dependencyFile,
      `does not declare ${name}, which the SDK requires; runs fail without it`,
    );
  }
  const readsProxy = sources.some(({ isSdk, text }) => !isSdk && /PROXY_(?:AUTH|DOMAIN)/.test(text));
  if (firstHttp !== undefined && !readsProxy) {
    const message =
      'makes HTTP requests, but the package never reads PROXY_AUTH and PROXY_DOMAIN; without the transparent network, workers can reach others only through that proxy';
    findings.warn(firstHttp, message);
  }
}
