/** Finds npm on this host, and the registries in its configuration. */
import { execFile } from 'node:child_process';
import { access, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { withoutOwnSettings } from './package-manager.ts';
import {
  proxiesOfEnvironment,
  withoutCredentials,
  type RegistryAccess,
  type RegistryCredentials,
} from './registry-access.ts';

const reader = fileURLToPath(new URL('npm-settings.cjs', import.meta.url));

export interface NpmSettings extends RegistryAccess {
  /** URL with a trailing slash. */
  readonly registry: string;
  readonly scopes: readonly { readonly scope: string; readonly registry: string }[];
}

interface ReadSettings {
  readonly registry: string;
  readonly scopes: { scope: string; registry: string }[];
  readonly credentials: RegistryCredentials[];
  readonly ca: string[];
  readonly verifiesCertificates: boolean;
  readonly httpProxy: string;
  readonly httpsProxy: string;
  readonly noProxy: string;
}

/** Folder of the npm package. @throws Error if npm is not on PATH */
export async function findNpm(): Promise<string> {
  for (const folder of (process.env['PATH'] ?? '').split(path.delimiter)) {
    const command = await realpath(path.join(folder, 'npm')).catch(() => undefined);
    const found = command === undefined ? undefined : path.resolve(path.dirname(command), '..');
    const isPackage = found !== undefined && (await isReadable(path.join(found, 'bin', 'npm-cli.js')));
    if (isPackage) return found;
  }
  throw new Error('npm is not on PATH, but it is required for installing dependencies');
}

async function isReadable(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

/** Asks npm each time, because the operator may have changed its configuration. */
export async function readNpmSettings(npmFolder: string): Promise<NpmSettings> {
  // npm treats its working folder as a project and would read its configuration.
  const cwd = await mkdtemp(path.join(tmpdir(), 'chela-npm-'));
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [reader, npmFolder], {
      cwd,
      env: withoutOwnSettings(process.env),
    }).catch((error: Error & { stderr?: string }) => {
      throw new Error(`the configuration of npm could not be read: ${error.stderr?.trim() || error.message}`);
    });
    return fromReader(JSON.parse(stdout) as ReadSettings);
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}

function fromReader(read: ReadSettings): NpmSettings {
  const main = withoutCredentials(withSlash(read.registry));
  const scopes = read.scopes.map(({ scope, registry }) => ({
    scope,
    ...withoutCredentials(withSlash(registry)),
  }));
  const proxies = { HTTP_PROXY: read.httpProxy, HTTPS_PROXY: read.httpsProxy, NO_PROXY: read.noProxy };
  return {
    registry: main.url,
    scopes: scopes.map(({ scope, url }) => ({ scope, registry: url })),
    credentials: [
      ...read.credentials,
      ...main.credentials,
      ...scopes.flatMap(({ credentials }) => credentials),
    ],
    ca: read.ca,
    unverifiedHosts: read.verifiesCertificates ? [] : 'all',
    proxies: {
      ...proxiesOfEnvironment(),
      ...Object.fromEntries(Object.entries(proxies).filter(([, value]) => value !== '')),
    },
  };
}

export function withSlash(url: string): string {
  return url.endsWith('/') ? url : `${url}/`;
}
