/** Finds pip on this host, and the indexes in its configuration. */
import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { withSlash } from './npm-settings.ts';
import { withoutOwnSettings } from './package-manager.ts';
import {
  basicCredentials,
  proxiesOfEnvironment,
  withoutCredentials,
  type RegistryAccess,
  type RegistryCredentials,
} from './registry-access.ts';

const reader = fileURLToPath(new URL('pip_settings.py', import.meta.url));

export interface PipSettings extends RegistryAccess {
  /** Folder of the package `pip`. */
  readonly folder: string;
  readonly version: string;
  /** URLs with a trailing slash; none if pip must not use any index. */
  readonly indexes: readonly string[];
  /** Pages that link to files. */
  readonly linkPages: readonly string[];
  /** Folders on this host that contain files. */
  readonly linkFolders: readonly string[];
}

interface ReadSettings {
  readonly folder: string;
  readonly version: string;
  readonly indexes: string[];
  readonly links: string[];
  readonly stored: Record<string, [user: string, password: string]>;
  readonly certificate: string;
  readonly proxy: string;
  readonly trustedHosts: string[];
}

/**
 * Asks pip each time, because the operator may have changed its configuration.
 * @param python the host's command
 * @param other command whose pip is used if the first has none
 */
export async function readPipSettings(python: string, other: string): Promise<PipSettings> {
  const isThere = python === other || (await hasPip(python));
  return readSettings(isThere ? python : other);
}

async function hasPip(python: string): Promise<boolean> {
  return promisify(execFile)(python, ['-c', 'import pip'], { cwd: '/' }).then(
    () => true,
    () => false,
  );
}

async function readSettings(python: string): Promise<PipSettings> {
  const { stdout } = await promisify(execFile)(python, [reader], {
    cwd: '/',
    env: { ...withoutOwnSettings(process.env), PYTHONDONTWRITEBYTECODE: '1', PYTHONNOUSERSITE: '1' },
  }).catch((error: Error & { stderr?: string }) => {
    const said = error.stderr?.trim() ?? '';
    if (said.includes("No module named 'pip'")) {
      throw new Error(
        'pip is not installed, but Python workers with dependencies require it: apt-get install python3-pip',
      );
    }
    throw new Error(
      `the configuration of pip could not be read: ${said.split('\n').at(-1) || error.message}`,
    );
  });
  return fromReader(JSON.parse(stdout) as ReadSettings);
}

function isUrl(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

async function fromReader(read: ReadSettings): Promise<PipSettings> {
  const indexes = read.indexes.map((url) => withoutCredentials(withSlash(url)));
  const pages = read.links.filter(isUrl).map(withoutCredentials);
  const stored = Object.entries(read.stored).map(([url, [user, password]]) =>
    basicCredentials(new URL(url), user, password),
  );
  const inUrls = [...indexes, ...pages].flatMap(({ credentials }) => credentials);
  const found: RegistryCredentials[] = [...inUrls, ...stored];
  return {
    folder: read.folder,
    version: read.version,
    indexes: indexes.map(({ url }) => url),
    linkPages: pages.map(({ url }) => url),
    linkFolders: await foldersOf(read.links.filter((link) => !isUrl(link))),
    credentials: found,
    ca: read.certificate === '' ? [] : [await readFile(read.certificate, 'utf8')],
    unverifiedHosts: read.trustedHosts.map((host) => host.replace(/:\d+$/, '')),
    proxies: read.proxy === '' ? proxiesOfEnvironment() : { HTTP_PROXY: read.proxy, HTTPS_PROXY: read.proxy },
  };
}

async function foldersOf(links: readonly string[]): Promise<string[]> {
  const folders = links.map((link) =>
    link.startsWith('file://') ? fileURLToPath(link) : path.resolve('/', link),
  );
  const found = await Promise.all(
    folders.map(async (folder) =>
      stat(folder).then(
        (entry) => entry.isDirectory(),
        () => false,
      ),
    ),
  );
  return folders.filter((_, index) => found[index]);
}
