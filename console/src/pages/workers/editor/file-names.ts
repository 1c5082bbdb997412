/** Checks the names of files in a package, as the server does. */

export type NameProblem = 'empty' | 'outside' | 'taken';

/** @param others paths of the other files. File systems may ignore case, so the server refuses names that differ in case only. */
export function nameProblem(name: string, others: readonly string[]): NameProblem | undefined {
  const parts = name.split('/');
  if (name === '') return 'empty';
  if (name.includes('\\') || parts.some((part) => part.trim() === '' || part === '.' || part === '..'))
    return 'outside';
  const folded = name.toLowerCase();
  const isTaken = others.some((other) => {
    const place = other.toLowerCase();
    return place === folded || place.startsWith(`${folded}/`) || folded.startsWith(`${place}/`);
  });
  return isTaken ? 'taken' : undefined;
}
