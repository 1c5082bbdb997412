/** The two public identifiers of a worker: its slug, a ULID, and its path `owner~name`. */

const slugPattern = /^[0-9A-HJKMNP-TV-Z]{26}$/;

export function isWorkerSlug(workerId: string): boolean {
  return slugPattern.test(workerId);
}

/** @returns undefined if the identifier is not a path */
export function splitWorkerPath(workerId: string): { owner: string; name: string } | undefined {
  const parts = workerId.split('~');
  const [owner, name] = parts;
  if (parts.length !== 2 || !owner || !name) return undefined;
  return { owner, name };
}

export function workerPath(owner: string, name: string): string {
  return `${owner}~${name}`;
}
