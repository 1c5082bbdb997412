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

function visit(entry: Json, places: readonly RegistryPlace[]): void {
  for (const [name, value] of Object.entries(entry)) {
    if (name === 'resolved' && typeof value === 'string') {
      if (!/^https?:\/\//.test(value)) {
        throw new Error(
          `the lock file has a package from "${value}": only packages from the registry are supported`,
        );
      }
      const place = places.find(({ url }) => value.startsWith(url));
      if (place === undefined) delete entry['resolved'];
      else entry['resolved'] = `${place.localUrl}${value.slice(place.url.length)}`;
    } else if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      visit(value as Json, places);
    }
  }
}
