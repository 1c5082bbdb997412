/** Rewrites npm's lock files for installations that reach registries under other addresses. */

type Json = Record<string, unknown>;

/** An npm registry, and the address to reach it at. */
export interface RegistryPlace {
  /** With a trailing slash, like `localUrl`. */
  readonly url: string;
  readonly localUrl: string;
}

/**
 * Rewrites the lock file so that each package has a reachable address. A package from a registry that is not
 * configured, because its author uses another one, loses its address: npm then looks it up by name and version, and its
 * digest must match.
 * @param places of the configured registries; the first match counts
 * @throws Error for a package that does not come from a registry
 */
export function localLock(text: string, places: readonly RegistryPlace[]): string {
  const lock = JSON.parse(text.replace(/^\uFEFF/, '')) as Json;
  visit(lock, places);
  return JSON.stringify(lock);
}

/** The file of a package in any npm registry: `name/-/name-1.0.0.tgz`, with the scope if there is one. */
function packageFile(url: string): string | undefined {
  const [address = ''] = url.split(/[?#]/, 1);
  const [scope = '', name, dash, file = ''] = address.split('/').slice(-4);
  if (!name || dash !== '-' || !file.toLowerCase().endsWith('.tgz')) return undefined;
  return [...(scope.startsWith('@') ? [scope] : []), name, dash, file].join('/');
}

/**
 * Rewrites the addresses of packages in a lock file of pnpm or yarn, whose digests are in it too.
 * @param places of the configured registries; the first is the main one
 * @throws Error for a package that does not come from a registry
 */
export function localOtherLock(text: string, places: readonly RegistryPlace[]): string {
  const local = (url: string): string => {
    const place = places.find((candidate) => url.startsWith(candidate.url));
    if (place !== undefined) return `${place.localUrl}${url.slice(place.url.length)}`;
    const file = packageFile(url);
    if (file === undefined) {
      throw notFromRegistry(url);
    }
    const hash = url.includes('#') ? url.slice(url.indexOf('#')) : '';
    return `${places[0]?.localUrl ?? ''}${file}${hash}`;
  };
  refuseOtherPlaces(text);
  return text
    .replaceAll(/^([ ]{2}resolved )"([^"\n]+)"/gm, (_, key: string, url: string) => `${key}"${local(url)}"`)
    .replaceAll(/([{ ]tarball: )([^\s,}]+)/g, (_, key: string, url: string) => `${key}${local(url)}`);
}

const yarnProtocols = ['npm:', 'workspace:', 'patch:', 'virtual:'];

/** @returns the folder or Git repository in pnpm's `resolution: {directory: PLACE, type: directory}` */
function pnpmPlace(line: string): string | undefined {
  const start = '    resolution: {';
  if (!line.startsWith(start)) return undefined;
  const fields = line.slice(start.length).replaceAll('}', '').split(', ');
  const found = fields.find((field) => field.startsWith('directory: ') || field.startsWith('repo: '));
  return found?.slice(found.indexOf(': ') + 2);
}

/** @returns the reference in `resolution: "name@REFERENCE"` of yarn 2 or later, unless it is the registry or the package itself */
function yarnPlace(line: string): string | undefined {
  const start = '  resolution: "';
  if (!line.startsWith(start)) return undefined;
  const resolution = line.slice(start.length).replaceAll('"', '');
  // The name may start with a scope.
  const reference = resolution.slice(resolution.indexOf('@', 1) + 1);
  return yarnProtocols.some((protocol) => reference.startsWith(protocol)) ? undefined : reference;
}

/** @throws Error for a package that does not come from a registry */
function refuseOtherPlaces(text: string): void {
  for (const line of text.split(/\r?\n/)) {
    const place = pnpmPlace(line) ?? yarnPlace(line);
    if (place !== undefined) throw notFromRegistry(place);
  }
}

function notFromRegistry(url: string): Error {
  return new Error(
    `the lock file has a package from "${url}": only packages from the registry are supported`,
  );
}

function visit(entry: Json, places: readonly RegistryPlace[]): void {
  for (const [name, value] of Object.entries(entry)) {
    if (name === 'resolved' && typeof value === 'string') {
      if (!/^https?:\/\//.test(value)) {
        throw notFromRegistry(value);
      }
      const place = places.find(({ url }) => value.startsWith(url));
      if (place === undefined) delete entry['resolved'];
      else entry['resolved'] = `${place.localUrl}${value.slice(place.url.length)}`;
    } else if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      visit(value as Json, places);
    }
  }
}
