/** npm's lock files for an installation that reaches registries by other addresses than the file names. */

type Json = Record<string, unknown>;

/**
 * The lock file with each package at the address where it can be had. One that is in no registry of the configuration, as
 * the author may use another, loses its address: npm looks it up by name and version, and its digest must be the same.
 * @param localFile the address to use; undefined for what is in no registry
 * @throws Error for a package that is in no registry at all
 */
export function localLock(text: string, localFile: (url: string) => string | undefined): string {
  const lock = JSON.parse(text.replace(/^\uFEFF/, '')) as Json;
  visit(lock, localFile);
  return JSON.stringify(lock);
}

function visit(entry: Json, localFile: (url: string) => string | undefined): void {
  for (const [name, value] of Object.entries(entry)) {
    if (name === 'resolved' && typeof value === 'string') {
      if (!/^https?:\/\//.test(value)) {
        throw new Error(
          `the lock file takes a package from "${value}": dependencies are installed in a sandbox that reaches the registry only`,
        );
      }
      const local = localFile(value);
      if (local === undefined) delete entry['resolved'];
      else entry['resolved'] = local;
    } else if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      visit(value as Json, localFile);
    }
  }
}
