/** npm's lock files for an installation that reaches registries by other addresses than the file names. */

type Json = Record<string, unknown>;

/** A registry of npm, and where it is to be had. */
export interface RegistryPlace {
  /** With a slash at its end, as `localUrl`. */
  readonly url: string;
  readonly localUrl: string;
}

/**
 * The lock file with each package at the address where it can be had. One that is in no registry of the configuration, as
 * the author may use another, loses its address: npm looks it up by name and version, and its digest must be the same.
 * @param places of the registries that the configuration names; the first that fits counts
 * @throws Error for a package that is in no registry at all
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
          `the lock file takes a package from "${value}": dependencies are installed in a sandbox that reaches the registry only`,
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
